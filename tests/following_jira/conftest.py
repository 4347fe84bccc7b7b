from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from integration.foundation.database import connect, transactions_on
from tests.conftest import TEMPLATE
from tests.following_jira.world import JiraHouse, house_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.foundation.database import Transactions


@pytest.fixture
def here(transactions: Transactions) -> Iterator[JiraHouse]:
    """The workspace `acme` on a Cloud site with the project DEMO."""
    with house_on(transactions) as made:
        yield made


@pytest.fixture(scope="module")
def module_transactions(template: str) -> Iterator[Transactions]:
    """Transactions on a database that a module's tests share."""
    name = f"test_{uuid4().hex[:12]}"
    admin = connect(template.replace(TEMPLATE, "postgres", 1))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    engine = connect(template.replace(TEMPLATE, name, 1))
    yield transactions_on(engine)
    engine.dispose()
    admin.dispose()

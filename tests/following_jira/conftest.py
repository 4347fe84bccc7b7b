from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.foundation.database import transactions_on
from tests.following_jira.world import JiraHouse, house_on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.foundation.database import Transactions
    from tests.databases import Databases


@pytest.fixture
def here(transactions: Transactions) -> Iterator[JiraHouse]:
    """The workspace `acme` on a Cloud site with the project DEMO."""
    with house_on(transactions) as made:
        yield made


@pytest.fixture(scope="module")
def module_transactions(databases: Databases) -> Iterator[Transactions]:
    """Transactions on a database that a module's tests share."""
    engine = databases.take()
    yield transactions_on(engine)
    databases.give_back(engine)

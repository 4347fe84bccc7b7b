"""The stage on which the journeys' tests play."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.stage import Stage, stage_on

if TYPE_CHECKING:
    from integration.foundation.database import Transactions


@pytest.fixture
def stage(transactions: Transactions) -> Stage:
    """The workspace `acme` with story SHOP-1 in the running Sprint 14."""
    return stage_on(transactions)

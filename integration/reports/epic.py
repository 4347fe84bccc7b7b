"""What an epic's stories spent: shown beside what names the epic itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.ledger import queries as ledger
from integration.reports.shapes import Totals  # msgspec reads the type.
from integration.reports.spend import added_up, totals_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


class StoryShare(msgspec.Struct, frozen=True):
    """One story of an epic, with its sub-tasks."""

    key: str
    summary: str
    actual: Totals


class EpicSpend(msgspec.Struct, frozen=True):
    """An epic's stories that spent anything, dearest first, and all of it with the epic's own."""

    stories: tuple[StoryShare, ...]
    without_spend: int
    total: Totals


def epic_spend(session: Session, workspace_id: str, epic_key: str) -> EpicSpend | None:
    """Add an epic up; None when no story belongs to it."""
    keys = backlog_queries.stories_of_epic(session, workspace_id, epic_key)
    if not keys:
        return None
    spent = ledger.spend_of_stories(session, workspace_id, [*keys, epic_key])
    summaries = {row.story_key: row.summary for row in backlog.stories(session, workspace_id, keys)}
    shares = [
        StoryShare(key, summaries.get(key, ""), totals_of(spent[key]))
        for key in keys
        if key in spent
    ]
    return EpicSpend(
        tuple(sorted(shares, key=lambda share: -share.actual.list_cost_nanousd)),
        len(keys) - len(shares),
        totals_of(added_up(spent.values())),
    )

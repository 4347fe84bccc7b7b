"""One story's line as it stands in the Sprint it was in last, without the rest of that Sprint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.ledger import queries as ledger
from integration.reports.story_lines import UNKNOWN, story_line

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.pricing.price_book import PriceBook
    from integration.reports.shapes import StoryLine


def latest_line(
    session: Session, workspace_id: str, story_key: str, prices: PriceBook, *, now: datetime
) -> StoryLine | None:
    """Return a story's line; of one that was in no Sprint, what it used outside of any.

    None: neither Jira nor any usage has named the story.
    """
    history = backlog.memberships(session, workspace_id, [story_key]).get(story_key, [])
    sprint_id = history[-1].sprint_id if history else 0
    title = backlog_queries.titles_of(session, workspace_id, [story_key]).get(story_key)
    spent = ledger.spend_in_sprint(session, workspace_id, sprint_id, [story_key])
    if title is None and not spent:
        return None
    versions = estimates.with_previous(session, workspace_id, [story_key])
    version, previous = versions.get(story_key, (None, None))
    named = title or UNKNOWN
    return story_line(
        story_key, spent, version, prices, previous=previous, summary=named.summary,
        status=named.status, is_ai_work=named.is_ai_work, now=now,
    )  # fmt: skip

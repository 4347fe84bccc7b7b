"""An epic: what its stories were estimated at, what they cost, and what they make together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from integration.backlog import queries as backlog_queries
from integration.backlog.queries import Title
from integration.estimation import queries as estimates
from integration.foundation.errors import NotFound
from integration.ledger import queries as ledger
from integration.reports.cap_report import cap_statuses
from integration.reports.spend import added_up, totals_of
from integration.reports.sprint_stories import NO_USE, SprintStories, brief_line, standing_of
from integration.reports.story_lines import UNKNOWN

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.reports.shapes import CapStatus, EstimateFigures, StoryLine, Totals


@dataclass(frozen=True, slots=True)
class EpicPage:
    """One epic. Actuals are over all Sprints."""

    epic_key: str
    summary: str
    status: str
    stories: tuple[StoryLine, ...]
    """Dearest first."""
    estimated: EstimateFigures | None
    actual: Totals
    caps: tuple[CapStatus, ...]
    """Those on the epic."""


def epic_page(session: Session, workspace_id: str, epic_key: str) -> EpicPage:
    """Add up an epic's stories, deleted ones included, and what names the epic itself.

    Raises:
        NotFound: no story is known to be in it.
    """
    keys = backlog_queries.stories_of_epic(session, workspace_id, epic_key)
    if not keys:
        raise NotFound(f"There is no epic {epic_key} with a story in this workspace")
    spent = ledger.spend_of_stories(session, workspace_id, [*keys, epic_key])
    figures = estimates.figures_of(session, workspace_id, keys)
    titles = backlog_queries.titles_of(session, workspace_id, [*keys, epic_key])
    standings = [standing_of(key, _use(spent.get(key)), figures.get(key)) for key in keys]
    standings.sort(key=lambda each: (-each.use.list_cost_nanousd, each.story_key))
    others = frozenset(key for key in keys if not titles.get(key, UNKNOWN).is_ai_work)
    named = titles.get(epic_key, Title("", "", False))
    return EpicPage(
        epic_key=epic_key,
        summary=named.summary,
        status=named.status,
        stories=tuple(
            msgspec.structs.replace(
                brief_line(each, titles.get(each.story_key, UNKNOWN)),
                actual=totals_of(spent.get(each.story_key)),
            )
            for each in standings
        ),
        estimated=SprintStories(standings, others).estimated(),
        actual=totals_of(added_up(spent.values())),
        caps=tuple(
            cap
            for cap in cap_statuses(session, workspace_id)
            if (cap.scope, cap.scope_label) == ("epic", epic_key)
        ),
    )


def _use(spend: ledger.Spend | None) -> ledger.UseCost:
    return ledger.UseCost(spend.calls, spend.list_cost_nanousd) if spend else NO_USE

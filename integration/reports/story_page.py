"""All about one story: its estimates over time, what it used, on which models, day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING

from integration.backlog import queries as backlog_queries
from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.foundation.errors import NotFound
from integration.ledger import queries as ledger
from integration.ledger.conflict_queries import contradictions
from integration.reports.cap_report import header_of
from integration.reports.epic import epic_spend
from integration.reports.spend import added_up, totals_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.backlog.queries import Title
    from integration.estimation.store import EstimateVersion
    from integration.ledger.conflict_queries import Contradiction
    from integration.reports.epic import EpicSpend
    from integration.reports.shapes import SprintHeader, Totals

VERSIONS_SHOWN = 20
DAYS_SHOWN = 60
CONTRADICTIONS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version of the estimate with how its central figures moved against the one before."""

    saved: EstimateVersion
    cost_change_nanousd: int | None
    carbon_change_ugco2e: int | None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a story used of one model."""

    provider_name: str
    model: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class DayUse:
    """What a story used on one UTC day."""

    day: date
    totals: Totals


@dataclass(frozen=True, slots=True)
class StoryPage:
    """One story."""

    story_key: str
    summary: str
    status: str
    is_ai_work: bool | None
    """None: Jira has not told us of the story, but usage names it."""
    epic_key: str
    sub_tasks: tuple[tuple[str, Title], ...]
    """Key and title; what they use counts for the story."""
    sprints: tuple[SprintHeader, ...]
    versions: tuple[VersionLine, ...]
    """Newest first."""
    actual: Totals
    models: tuple[ModelUse, ...]
    """Dearest first."""
    days: tuple[DayUse, ...]
    epic: EpicSpend | None
    """Where the story is an epic: what its stories spent."""
    contradictions: tuple[Contradiction, ...]
    """Records that name other amounts than those that count, newest first."""

    @property
    def estimate(self) -> EstimateVersion | None:
        """The newest version."""
        return self.versions[0].saved if self.versions else None


def story_page(session: Session, workspace_id: str, story_key: str) -> StoryPage:
    """Assemble a story's page from the roll-ups.

    Raises:
        NotFound: neither Jira nor any usage has named the story.
    """
    story = backlog.story(session, workspace_id, story_key)
    models = ledger.models_of_story(session, workspace_id, story_key)
    if (
        story is None
        and not models
        and not backlog_queries.stories_of_epic(session, workspace_id, story_key)
    ):
        raise NotFound(f"There is no story {story_key} in this workspace")
    used = [ModelUse(row.provider_name, row.model, totals_of(row.spend)) for row in models]
    return StoryPage(
        story_key=story_key,
        summary=story.summary if story else "",
        status=story.status if story else "",
        is_ai_work=story.is_ai_work if story else None,
        epic_key=story.epic_key if story else "",
        sub_tasks=_sub_tasks(session, workspace_id, story_key),
        sprints=_sprints(session, workspace_id, story_key),
        versions=_versions(session, workspace_id, story_key),
        actual=totals_of(added_up(row.spend for row in models)),
        models=tuple(sorted(used, key=lambda use: -use.totals.list_cost_nanousd)),
        days=_days(session, workspace_id, story_key),
        epic=epic_spend(session, workspace_id, story_key),
        contradictions=tuple(
            contradictions(session, workspace_id, story_key, CONTRADICTIONS_SHOWN)
        ),
    )


def _sub_tasks(
    session: Session, workspace_id: str, story_key: str
) -> tuple[tuple[str, Title], ...]:
    keys = backlog_queries.subtasks_of(session, workspace_id, story_key)
    titles = backlog_queries.titles_of(session, workspace_id, keys)
    return tuple((key, titles[key]) for key in keys)


def _sprints(session: Session, workspace_id: str, story_key: str) -> tuple[SprintHeader, ...]:
    history = backlog.memberships(session, workspace_id, [story_key]).get(story_key, [])
    ids = list(dict.fromkeys(each.sprint_id for each in history))
    found = (backlog.sprint(session, workspace_id, sprint_id) for sprint_id in ids)
    return tuple(header_of(session, workspace_id, sprint) for sprint in found if sprint)


def _versions(session: Session, workspace_id: str, story_key: str) -> tuple[VersionLine, ...]:
    saved: list[EstimateVersion] = []
    version = estimates.latest(session, workspace_id, story_key)
    while version is not None and len(saved) < VERSIONS_SHOWN:
        saved.append(version)
        before = version.created_at - timedelta(microseconds=1)
        version = estimates.at(session, workspace_id, story_key, before)
    return tuple(_version_line(later, before) for later, before in zip_longest(saved, saved[1:]))


def _version_line(later: EstimateVersion, before: EstimateVersion | None) -> VersionLine:
    def moved(quantity: str) -> int | None:
        new = getattr(later.estimate, quantity)
        old = before and getattr(before.estimate, quantity)
        return new.central - old.central if new and old else None

    return VersionLine(later, moved("list_cost_nanousd"), moved("location_based_ugco2e"))


def _days(session: Session, workspace_id: str, story_key: str) -> tuple[DayUse, ...]:
    days = ledger.days_of_story(session, workspace_id, story_key)[-DAYS_SHOWN:]
    if not days:
        return ()
    by_day: dict[date, ledger.Spend] = {}
    for row in ledger.daily_spend(session, workspace_id, days[0], days[-1], story_key=story_key):
        by_day[row.day] = by_day.get(row.day, ledger.Spend()).plus(row.spend)
    return tuple(DayUse(day, totals_of(by_day[day])) for day in sorted(by_day))

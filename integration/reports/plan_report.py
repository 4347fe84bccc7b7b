"""A Sprint's plan for people: what its stories are estimated to use against the Sprint's caps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from integration.backlog import store as backlog
from integration.caps.planning import OPTIMISATION_LABELS, PlannedStory, commitment
from integration.estimation import queries as estimates
from integration.reports.cap_report import cap_status, header_of
from integration.reports.cap_shapes import PlanCommitment, PlanNote, PlanNotice
from integration.reports.shapes import EstimateFigures, Spread, StoryLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.caps.policy import Balance, Unit
    from integration.estimation.queries import Figures


class _Planned(Protocol):
    """What is read of a story that is planned into the Sprint."""

    story_key: Any
    summary: Any
    status: Any
    labels: Any
    is_ai_work: Any
    is_subtask: Any
    deleted_at: Any


STORIES_TOLD = 20
ORDER: tuple[Unit, ...] = ("tokens", "usd", "kgco2e")
"""The order in which an estimate's figures come."""


def plan_of(
    session: Session, workspace_id: str, sprint: Sprint, caps: Sequence[Balance], now: datetime
) -> PlanNotice:
    """Compare the stories that are planned into a Sprint now with the Sprint's own caps."""
    rows = _planned(session, workspace_id, sprint.sprint_id)
    figures = estimates.figures_of(session, workspace_id, [row.story_key for row in rows])
    commitments = tuple(_commitment(cap, rows, figures) for cap in caps)
    verdicts = {each.verdict for each in commitments}
    trim = list(dict.fromkeys(key for each in commitments for key in each.trim))
    return PlanNotice(
        sprint=header_of(session, workspace_id, sprint),
        state="over" if "over" in verdicts else "at_risk" if "at_risk" in verdicts else "fits",
        commitments=commitments,
        stories=_lines(rows, figures, trim),
        unestimated=tuple(
            row.story_key
            for row in rows
            if row.is_ai_work and not _spread(figures.get(row.story_key), "usd")
        ),
        as_of=now,
    )


def notes_of(session: Session, workspace_id: str, plan: PlanNotice) -> dict[str, PlanNote]:
    """What the stories to trim are told, by story key; of several caps the one that is over."""
    keys = {key for each in plan.commitments for key in each.trim}
    figures = estimates.figures_of(session, workspace_id, keys) if keys else {}
    notes: dict[str, PlanNote] = {}
    for each in sorted(plan.commitments, key=lambda found: found.verdict == "over"):
        for key in each.trim if each.verdict != "fits" else ():
            share = _spread(figures.get(key), each.cap.unit)
            if share is not None:
                notes[key] = PlanNote(
                    sprint_id=plan.sprint.sprint_id, sprint=plan.sprint.name,
                    flag="over" if each.verdict == "over" else "at_risk", unit=each.cap.unit,
                    planned=each.planned, limit=each.cap.limit, reserved=each.reserved,
                    share=share,
                )  # fmt: skip
    return notes


def _planned(session: Session, workspace_id: str, sprint_id: int) -> list[_Planned]:
    """The stories that are in the Sprint now, deleted ones left out."""
    keys = backlog.stories_in(session, workspace_id, sprint_id)
    histories = backlog.memberships(session, workspace_id, keys) if keys else {}
    here = {
        key
        for key, history in histories.items()
        if any(each.sprint_id == sprint_id and each.left_at is None for each in history)
    }
    rows = backlog.stories(session, workspace_id, here)
    return [row for row in rows if row.deleted_at is None and not row.is_subtask]


def _commitment(
    balance: Balance, rows: Sequence[_Planned], figures: dict[str, Figures]
) -> PlanCommitment:
    cap = balance.cap
    planned = [
        PlannedStory(
            row.story_key, spread.low, spread.central, spread.high,
            bool(OPTIMISATION_LABELS & {label.casefold() for label in row.labels}),
        )
        for row in rows
        if (spread := _spread(figures.get(row.story_key), cap.unit))
    ]  # fmt: skip
    found = commitment(planned, cap.limit, cap.reserve_pct)
    return PlanCommitment(
        cap=cap_status(balance),
        planned=Spread(found.low, found.central, found.high),
        reserved=found.reserved,
        verdict=found.verdict,
        trim=found.trim,
    )


def _lines(
    rows: Sequence[_Planned], figures: dict[str, Figures], trim: Sequence[str]
) -> tuple[StoryLine, ...]:
    def rank(row: _Planned) -> tuple[int, int, str]:
        cost = _spread(figures.get(row.story_key), "usd")
        place = trim.index(row.story_key) if row.story_key in trim else len(trim)
        return place, -cost.central if cost else 0, row.story_key

    found = [row for row in sorted(rows, key=rank) if row.story_key in figures]
    return tuple(
        StoryLine(
            story_key=row.story_key,
            summary=row.summary,
            status=row.status,
            is_ai_work=row.is_ai_work,
            estimate=EstimateFigures(
                version=0,
                tokens=_spread(figures[row.story_key], "tokens"),
                list_cost_nanousd=_spread(figures[row.story_key], "usd"),
                location_based_ugco2e=_spread(figures[row.story_key], "kgco2e"),
            ),
        )
        for row in found[:STORIES_TOLD]
    )


def _spread(figures: Figures | None, unit: Unit) -> Spread | None:
    if figures is None:
        return None
    first = 3 * ORDER.index(unit)
    low, central, high = figures[first : first + 3]
    if low is None or central is None or high is None:
        return None
    return Spread(low, central, high)

"""What was spent on no story: by day and model from the roll-ups, and who sent the latest of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from integration.ledger import queries as ledger
from integration.reports.spend import added_up, totals_of
from integration.workspaces import queries as workspace_queries

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.reports.shapes import Totals

DAYS = 28
MOVED = "usage.moved"
MOVES_READ, MOVES_SHOWN = 300, 10


@dataclass(frozen=True, slots=True)
class Sender:
    """Where unattributed calls came from, as far as they say."""

    source: str
    team: str
    feature: str
    model: str


@dataclass(frozen=True, slots=True)
class SenderUse:
    """What one sender used."""

    sender: Sender
    calls: int
    list_cost_nanousd: int
    unpriced_calls: int


@dataclass(frozen=True, slots=True)
class Move:
    """Spend that a person put on another story: who, when and why."""

    at: datetime
    who: str
    reason: str
    from_story: str
    to_story: str
    entries: int


@dataclass(frozen=True, slots=True)
class Unattributed:
    """Four weeks of spend on no story."""

    first_day: date
    last_day: date
    totals: Totals
    days: tuple[tuple[date, Totals], ...]
    models: tuple[tuple[str, Totals], ...]
    """Dearest first."""
    day: date | None
    """The day of `senders`."""
    senders: tuple[SenderUse, ...]
    """Of the first thousand calls of `day`, dearest first."""
    moves: tuple[Move, ...]
    """What people gave to a story, newest first."""


def unattributed(
    session: Session, workspace_id: str, *, now: datetime, day: date | None = None
) -> Unattributed:
    """Assemble what was spent on no story in the last four weeks; who sent it on one day.

    Without a day, on the latest one with such spend.
    """
    last = now.astimezone(UTC).date()
    first = last - timedelta(days=DAYS - 1)
    rows = ledger.daily_spend(session, workspace_id, first, last, story_key="")
    by_day: dict[date, list[ledger.Spend]] = defaultdict(list)
    by_model: dict[str, list[ledger.Spend]] = defaultdict(list)
    for row in rows:
        if row.spend.calls:
            by_day[row.day].append(row.spend)
            by_model[row.model].append(row.spend)
    models = [(model, totals_of(added_up(spends))) for model, spends in by_model.items()]
    chosen = day if day in by_day else max(by_day, default=None)
    return Unattributed(
        first_day=first,
        last_day=last,
        totals=totals_of(added_up(spend for spends in by_day.values() for spend in spends)),
        days=tuple((day, totals_of(added_up(by_day[day]))) for day in sorted(by_day)),
        models=tuple(sorted(models, key=lambda each: -each[1].list_cost_nanousd)),
        day=chosen,
        senders=_senders(session, workspace_id, chosen) if chosen else (),
        moves=_moves(session, workspace_id),
    )


def _moves(session: Session, workspace_id: str) -> tuple[Move, ...]:
    """A move has a line in the audit log for each day it touched; they are told together."""
    found: dict[tuple[datetime, str, str, str, str], int] = {}
    lines = workspace_queries.audit_of_action(session, workspace_id, MOVED, MOVES_READ)
    for line in lines:
        told = line.detail
        move = (
            line.at, line.actor, str(told.get("reason", "")), str(told.get("from_story", "")),
            str(told.get("to_story", "")),
        )  # fmt: skip
        found[move] = found.get(move, 0) + int(told.get("entries", 0))
    return tuple(Move(*move, entries) for move, entries in found.items())[:MOVES_SHOWN]


def _senders(session: Session, workspace_id: str, day: date) -> tuple[SenderUse, ...]:
    parts = ledger.standing_entries(session, workspace_id, days=[day], story_key="")
    found: dict[Sender, list[int]] = defaultdict(lambda: [0, 0, 0])
    for entry in next(parts, []):
        sums = found[Sender(entry.source, entry.team, entry.feature, entry.model)]
        sums[0] += entry.calls
        sums[1] += entry.list_cost_nanousd or 0
        sums[2] += entry.unpriced_calls
    uses = [SenderUse(sender, *sums) for sender, sums in found.items()]
    return tuple(sorted(uses, key=lambda use: (-use.list_cost_nanousd, -use.calls)))

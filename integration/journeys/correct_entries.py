"""Journeys: standing entries get another price, another factor or another story.

Nothing is changed in place: each corrected entry is reversed and a new one stands for its call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from integration.journeys import book_entries
from integration.journeys.book_calls import note_late_usage
from integration.journeys.held_stories import HeldStories
from integration.journeys.value_again import event_of, valued_again
from integration.ledger import queries as ledger_queries
from integration.ledger.better_record import BY_PERSON
from integration.ledger.blocks import blocks_of
from integration.ledger.entry import replacement_of, reversal_of
from integration.metering import store as metering
from integration.metering.attribution import Ladder
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.ledger.entry import LedgerEntry

    Chooser = Callable[[LedgerEntry], LedgerEntry | None]

ATTEMPTS = 5
VALUED = (
    "list_cost_nanousd", "contracted_cost_nanousd", "energy_uwh", "location_low_ugco2e",
    "location_central_ugco2e", "location_high_ugco2e", "market_ugco2e", "unpriced_calls",
    "calls_without_factor", "unpriced_reason", "books_version",
)  # fmt: skip


@dataclass(slots=True)
class Correction:
    """What a correction changes or would change."""

    entries: int = 0
    list_cost_before_nanousd: int = 0
    list_cost_after_nanousd: int = 0
    emissions_before_ugco2e: int = 0
    emissions_after_ugco2e: int = 0
    by_model: dict[str, tuple[int, int]] = field(default_factory=dict)
    """List cost in nano-USD before and after, of the changed entries."""

    def add(self, before: LedgerEntry, after: LedgerEntry) -> None:
        """Count one corrected entry; unknown amounts count as nothing."""
        self.entries += 1
        was, is_now = before.list_cost_nanousd or 0, after.list_cost_nanousd or 0
        self.list_cost_before_nanousd += was
        self.list_cost_after_nanousd += is_now
        self.emissions_before_ugco2e += before.location_central_ugco2e or 0
        self.emissions_after_ugco2e += after.location_central_ugco2e or 0
        earlier = self.by_model.get(before.model, (0, 0))
        self.by_model[before.model] = (earlier[0] + was, earlier[1] + is_now)


def reprice(
    transactions: Transactions, workspace_id: str, books: Books, *, first: date, last: date,
    is_applied: bool, actor: str, reason: str, now: datetime,
) -> Correction:  # fmt: skip
    """Value the calls of these days with the books of now; both days included, UTC.

    Without `is_applied` nothing is written. Interrupted, it may simply be run again.
    """

    def revalued(entry: LedgerEntry) -> LedgerEntry | None:
        if entry.kind != "usage" or entry.outcome != "completed":
            return None
        fresh = valued_again(entry, books)
        changes = {name: getattr(fresh, name) for name in VALUED}
        is_changed = any(changes[name] != getattr(entry, name) for name in VALUED[:-1])
        return replacement_of(entry, **changes) if is_changed else None

    run = _Run(transactions, workspace_id, "usage.repriced", actor, reason, now)
    return run.over(first, last, lambda _: revalued, is_applied=is_applied)


def move_spend(
    transactions: Transactions, workspace_id: str, *, from_story: str, to_story: str, first: date,
    last: date, is_applied: bool, actor: str, reason: str, now: datetime, team: str = "",
    feature: str = "", model: str = "",
) -> Correction:  # fmt: skip
    """Put a story's calls of these days on another story, because a person says so.

    `from_story` "" is what is unattributed; with team, feature or model only calls that name it.
    Later records of the calls do not overrule it.
    """
    only = {"team": team, "feature": feature, "model": model}
    wanted = {name: value for name, value in only.items() if value}

    def moving(session: Session) -> Chooser:
        stories = HeldStories(session, workspace_id)

        def moved(entry: LedgerEntry) -> LedgerEntry | None:
            if entry.story_key != from_story or entry.kind != "usage":
                return None
            if any(getattr(entry, name) != value for name, value in wanted.items()):
                return None
            return replacement_of(
                entry, story_key=to_story, attribution=f"{BY_PERSON}{actor}",
                sprint_id=stories.sprint_at(to_story, entry.occurred_at),
            )  # fmt: skip

        return moved

    told = {"from_story": from_story, "to_story": to_story, **wanted}
    run = _Run(transactions, workspace_id, "usage.moved", actor, reason, now, told)
    return run.over(first, last, moving, is_applied=is_applied, story_key=from_story)


def apply_rules(
    transactions: Transactions, workspace_id: str, *, first: date, last: date, is_applied: bool,
    actor: str, reason: str, now: datetime,
) -> Correction:  # fmt: skip
    """Attribute what is unattributed or was attributed by a rule anew, by the rules of now."""

    def by_rules(session: Session) -> Chooser:
        ladder = Ladder(
            metering.rules(session, workspace_id), workspaces.project_keys(session, workspace_id)
        )
        stories = HeldStories(session, workspace_id)

        def decided(entry: LedgerEntry) -> LedgerEntry | None:
            if entry.kind != "usage" or not entry.attribution.startswith(("none", "rule:")):
                return None
            found = ladder.attribute(event_of(entry))
            story = stories.story_of(found.story_key)
            if (story, found.reason) == (entry.story_key, entry.attribution):
                return None
            return replacement_of(
                entry, story_key=story, attribution=found.reason,
                sprint_id=stories.sprint_at(found.story_key, entry.occurred_at),
            )  # fmt: skip

        return decided

    run = _Run(transactions, workspace_id, "usage.rules_applied", actor, reason, now)
    return run.over(first, last, by_rules, is_applied=is_applied)


@dataclass(frozen=True, slots=True)
class _Run:
    """One correction of many entries: a transaction for each day, so that it can be interrupted."""

    transactions: Transactions
    workspace_id: str
    action: str
    actor: str
    reason: str
    now: datetime
    told: Mapping[str, str] = field(default_factory=dict)
    """What the audit log says beside the reason."""

    def over(
        self, first: date, last: date, choosing: Callable[[Session], Chooser], *,
        is_applied: bool, story_key: str | None = None,
    ) -> Correction:  # fmt: skip
        """Correct the standing entries of these days; tell what changed."""
        with self.transactions.begin() as session:
            days = ledger_queries.days_between(session, self.workspace_id, first, last)
        total = Correction()
        for day in days:
            for before, after in self._day(day, choosing, story_key, is_applied=is_applied):
                total.add(before, after)
        return total

    def _day(
        self, day: date, choosing: Callable[[Session], Chooser], story_key: str | None, *,
        is_applied: bool,
    ) -> Sequence[tuple[LedgerEntry, LedgerEntry]]:  # fmt: skip
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self.transactions.begin() as session:
                    return self._day_once(session, day, choosing, story_key, is_applied)
            except IntegrityError:  # Usage corrected one of these calls at the same moment.
                if attempt == ATTEMPTS:
                    raise
        return ()

    def _day_once(
        self, session: Session, day: date, choosing: Callable[[Session], Chooser],
        story_key: str | None, is_applied: bool,
    ) -> list[tuple[LedgerEntry, LedgerEntry]]:  # fmt: skip
        choose = choosing(session)
        parts = list(
            ledger_queries.standing_entries(
                session, self.workspace_id, days=[day], story_key=story_key
            )
        )
        pairs = [(entry, better) for part in parts for entry in part if (better := choose(entry))]
        if not is_applied or not pairs:
            return pairs
        lines = [line for old, new in pairs for line in (reversal_of(old, self.action), new)]
        closed = book_entries.book(session, self.workspace_id, lines, self.now)
        note_late_usage(session, self.workspace_id, blocks_of(lines), closed, self.now)
        workspaces.audit(
            session, self.workspace_id, at=self.now, actor=self.actor, action=self.action,
            subject=f"day:{day}", reason=self.reason, entries=len(pairs),
            **self.told,
        )  # fmt: skip
        return pairs

"""Further records of calls that are known already: what each is worth, and what it corrects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from integration.ledger import store as ledger
from integration.ledger.better_record import contradicts, corrections, ids_in, merged_into
from integration.ledger.entry import first_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from integration.journeys.arrived_calls import Call, CallName
    from integration.journeys.held_stories import HeldStories
    from integration.ledger.entry import LedgerEntry
    from integration.metering.identity import Rung


Outcome = Literal["accepted", "duplicate", "improved", "rejected"]
"""What became of an event: counted, known already, known but made better, or impossible to keep."""


@dataclass(slots=True)
class KnownCalls:
    """Settles records of known calls one after the other; what they change is in the last fields.

    `links` says for each known mark which call it stood for before the batch; `owners` which call
    of the batch brought a mark first.
    """

    stories: HeldStories
    links: Mapping[bytes, ledger.Mark]
    owners: Mapping[bytes, Call]
    histories: dict[UUID, list[LedgerEntry]] = field(default_factory=dict)
    entries: list[LedgerEntry] = field(default_factory=list)
    moved_marks: dict[bytes, CallName] = field(default_factory=dict)
    conflicts: list[tuple[CallName, Call]] = field(default_factory=list)

    def settle_all(
        self, session: Session, workspace_id: str, calls: Sequence[Call]
    ) -> list[Outcome]:
        """Decide what each record is worth, in order."""
        fresh = [self._is_first(call) for call in calls]
        again = [call for call, is_first in zip(calls, fresh, strict=True) if not is_first]
        self._load(session, workspace_id, again)
        return [
            self._add(call) if is_first else self._settle(call)
            for call, is_first in zip(calls, fresh, strict=True)
        ]

    def _is_first(self, call: Call) -> bool:
        """Whether nobody, in this batch or before, has brought any of the call's marks."""
        for mark in call.marks.values():
            if mark in self.links or self.owners[mark] is not call:
                return False
        return True

    def _add(self, call: Call) -> Outcome:
        """Take in a call met for the first time: later records of the batch may be about it."""
        self.histories[call.entry.entry_id] = [call.entry]
        self.entries.append(call.entry)
        return "accepted"

    def _is_resend(self, call: Call) -> bool:
        """Whether exactly this record has come before, before this batch."""
        links = [self.links.get(mark) for mark in call.marks.values()]
        told = {(link.entry_id, link.digest) if link else None for link in links}
        return len(told) == 1 and all(link and link.digest == call.digest for link in links)

    def _load(self, session: Session, workspace_id: str, again: Iterable[Call]) -> None:
        """Lock the calls that records are about and read their history, moved ones included."""
        wanted = {
            (link.entry_id, link.occurred_on)
            for call in again
            if not self._is_resend(call)
            for mark in call.marks.values()
            if (link := self.links.get(mark)) is not None
        }
        while wanted:
            ledger.lock_calls(session, workspace_id, wanted)
            self.histories |= ledger.histories(session, workspace_id, wanted)
            gone = {name for first, _ in wanted if (name := self._moved_to(first))}
            wanted = {name for name in gone if name[0] not in self.histories}

    def _settle(self, call: Call) -> Outcome:
        """Decide what a record is worth that shares a mark with another call."""
        if self._is_resend(call):
            return "duplicate"
        matched = self._matched(call)
        standing = {name: entry for name in matched if (entry := self._standing(name[0]))}
        if not standing:
            # Retention has dropped the call, or it was taken back: it is known all the same.
            return self._link(call, next(iter(matched)), "duplicate")
        about = [
            (name, entry)
            for name, entry in standing.items()
            if _is_about(call, entry, matched[name])
        ]
        if not about:
            return self._add(call)
        if call.event.outcome != "cache_hit":
            # The client saw an answer, and the gateway says that it came from its cache.
            about = [pair for pair in about if pair[1].outcome == "cache_hit"] or about
        return self._correct(call, about)

    def _matched(self, call: Call) -> dict[CallName, list[Rung]]:
        """The calls that the record shares marks with, the strongest rung first."""
        matched: dict[CallName, list[Rung]] = {}
        for rung, mark in call.marks.items():
            name = self._call_of(mark)
            if name is not None and name != call.name:
                matched.setdefault(name, []).append(rung)
        return matched

    def _call_of(self, mark: bytes) -> CallName | None:
        """The call that a mark stands for now, as far as this batch has come."""
        name = self.moved_marks.get(mark)
        if name is None:
            link = self.links.get(mark)
            name = (link.entry_id, link.occurred_on) if link else self.owners[mark].name
        while further := self._moved_to(name[0]):
            name = further
        return name

    def _moved_to(self, first: UUID) -> CallName | None:
        """The call that another one turned out to be, if it did."""
        return merged_into(self.histories.get(first, ()))

    def _standing(self, first: UUID) -> LedgerEntry | None:
        """The entry that counts for a call now."""
        history = self.histories.get(first)
        return history[-1] if history and history[-1].kind != "reversal" else None

    def _correct(self, call: Call, about: list[tuple[CallName, LedgerEntry]]) -> Outcome:
        name, anchor = about[0]
        found = call.valued_at(anchor.occurred_at)
        changes = corrections([entry for _, entry in about], found, self.stories.sprint_at)
        if contradicts(anchor, found):
            self.conflicts.append((name, call))
        for entry in changes:
            self.histories[first_of(entry.entry_id)].append(entry)
        self.entries += changes
        return self._link(call, name, "improved" if changes else "duplicate")

    def _link(self, call: Call, name: CallName, outcome: Outcome) -> Outcome:
        """Let the marks that only this record brought stand for the call it is about."""
        for mark in call.marks.values():
            if mark not in self.links and self.owners[mark] is call:
                self.moved_marks[mark] = name
        return outcome


def _is_about(call: Call, standing: LedgerEntry, rungs: Sequence[Rung]) -> bool:
    """Whether a record that shares these marks with an entry is about the same call."""
    if "response" in rungs or "event" in rungs:
        return True
    ids = ids_in(standing)
    theirs = ids.get("response_id", "")
    if call.event.outcome == "cache_hit" and standing.outcome == "completed":
        # The saved call's own marks, or only those of an earlier echo of this hit?
        own = {
            "call": ids.get("call_id") == call.event.call_id,
            "span": ids.get("span_id") == call.event.span_id,
        }
        return any(own.get(rung, False) for rung in rungs)
    # A gateway asks again under one call id, and an agent's span may enclose several calls: other
    # response ids are other calls.
    return not (theirs and call.event.response_id and theirs != call.event.response_id)

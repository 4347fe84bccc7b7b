"""Journey: usage arrives from any source and lands, once, on the story that spent it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

import msgspec
import structlog
from sqlalchemy.exc import DBAPIError

from integration.backlog import store as backlog
from integration.backlog.sprint_at import sprint_at
from integration.journeys import book_entries, capture_holds
from integration.journeys.known_calls import Call, KnownCalls, Outcome, SprintAt
from integration.journeys.value_usage import value
from integration.ledger import store as ledger
from integration.mailbox import store as mailbox
from integration.metering import store as metering
from integration.metering.attribution import Ladder
from integration.metering.identity import content_digest, marks
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Membership
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.ledger.entry import LedgerEntry
    from integration.metering.attribution import Attribution
    from integration.metering.usage import UsageEvent

log = structlog.get_logger()

SETTINGS_KEPT_S = 2.0
"""How long a process may not see a changed region, project list or attribution rule."""

ATTEMPTS = 4
DAYS_AT_ONCE = 50
DEADLOCK, UNIQUE, NO_PARTITION = "40P01", "23505", "23514"


@dataclass(slots=True, eq=False)
class Submission:
    """Events of one workspace that came together, and what became of each."""

    workspace_id: str
    events: Sequence[UsageEvent]
    books: Books
    now: datetime
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Settings:
    """What of a workspace's settings decides about its usage."""

    default_region: str
    ladder: Ladder
    read_at: float


def record_usage(
    transactions: Transactions,
    workspace_id: str,
    events: Sequence[UsageEvent],
    books: Books,
    *,
    now: datetime,
) -> list[Outcome]:
    """Count each call exactly once, price it, attribute it, capture its hold; answer per event.

    The sources have checked the events. Acknowledged means committed. A better record of a call
    that is known already takes the earlier entry back and writes a new one.
    """
    submission = Submission(workspace_id, events, books, now)
    UsageRecorder(transactions).record([submission])
    return submission.outcomes


class UsageRecorder:
    """Records usage; remembers between times what seldom changes. Shared by threads."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._settings: dict[str, _Settings] = {}
        self._days: set[date] = set()
        self._lock = Lock()

    def record(self, submissions: Sequence[Submission]) -> None:
        """Record submissions in one transaction and note the outcome of each event.

        An event that PostgreSQL will not take is `rejected` alone; the others are recorded.
        """
        submissions = [each for each in submissions if each.events]
        if not submissions:
            return
        try:
            self._record_together(submissions)
        except (DBAPIError, ValueError, OverflowError) as error:
            if not _is_poison(error):
                raise
            self._record_apart(submissions, error)

    def _record_apart(self, submissions: Sequence[Submission], error: Exception) -> None:
        """Halve what failed until the event that made it fail stands alone."""
        if len(submissions) > 1:
            middle = len(submissions) // 2
            self.record(submissions[:middle])
            self.record(submissions[middle:])
            return
        whole = submissions[0]
        if len(whole.events) == 1:
            whole.outcomes = ["rejected"]
            log.error("usage.rejected", workspace=whole.workspace_id, error=str(error)[:500])
            return
        middle = len(whole.events) // 2
        halves = [replace(whole, events=whole.events[:middle], outcomes=[]),
                  replace(whole, events=whole.events[middle:], outcomes=[])]  # fmt: skip
        for half in halves:
            self.record([half])
        whole.outcomes = halves[0].outcomes + halves[1].outcomes

    def _record_together(self, submissions: Sequence[Submission]) -> None:
        by_workspace: dict[str, list[Submission]] = defaultdict(list)
        for submission in submissions:
            by_workspace[submission.workspace_id].append(submission)
        for attempt in range(1, ATTEMPTS + 1):
            self._make_room(submissions)
            try:
                with self._transactions.begin() as session:
                    # In one order of workspaces, so that no two processes wait for each other.
                    for workspace_id in sorted(by_workspace):
                        self._record_of(session, workspace_id, by_workspace[workspace_id])
            except DBAPIError as error:
                if not self._is_worth_another_try(error) or attempt == ATTEMPTS:
                    raise
            else:
                return

    def _is_worth_another_try(self, error: DBAPIError) -> bool:
        """A race was lost, or retention dropped a day that we remembered."""
        state = getattr(error.orig, "sqlstate", None)
        if state == NO_PARTITION:
            self._days.clear()
        return state in {DEADLOCK, UNIQUE, NO_PARTITION}

    def _make_room(self, submissions: Sequence[Submission]) -> None:
        """Make partitions for days nobody foresaw, such as those of very late usage."""
        days = {ledger.day_of(event.occurred_at) for each in submissions for event in each.events}
        unsure = sorted(days - self._days)
        if not unsure:
            return
        with self._transactions.begin() as session:
            missing = ledger.missing_days(session, unsure)
        for start in range(0, len(missing), DAYS_AT_ONCE):
            with self._transactions.begin() as session:
                ledger.make_partitions(session, missing[start : start + DAYS_AT_ONCE])
        self._days |= days

    def _record_of(
        self, session: Session, workspace_id: str, submissions: Sequence[Submission]
    ) -> None:
        settings = self._settings_of(session, workspace_id)
        calls = _calls(session, workspace_id, submissions, settings)
        now = max(each.now for each in submissions)
        outcomes = iter(_book(session, workspace_id, calls, now))
        for submission in submissions:
            submission.outcomes = [next(outcomes) for _ in submission.events]

    def _settings_of(self, session: Session, workspace_id: str) -> _Settings:
        known = self._settings.get(workspace_id)
        if known is not None and monotonic() - known.read_at < SETTINGS_KEPT_S:
            return known
        found = _Settings(
            workspaces.find(session, workspace_id).default_region,
            Ladder(
                metering.rules(session, workspace_id),
                workspaces.project_keys(session, workspace_id),
            ),
            monotonic(),
        )
        with self._lock:
            self._settings[workspace_id] = found
        return found


def _is_poison(error: Exception) -> bool:
    """Whether the data is at fault: class 22 of SQLSTATE, or text that cannot be encoded."""
    if isinstance(error, DBAPIError):
        return str(getattr(error.orig, "sqlstate", None) or "").startswith("22")
    return isinstance(error, (UnicodeError, OverflowError))


def _calls(
    session: Session, workspace_id: str, submissions: Sequence[Submission], settings: _Settings
) -> list[Call]:
    """Attribute and value every event."""
    attribute = settings.ladder.attribute
    found = [[attribute(event) for event in each.events] for each in submissions]
    keys = {each.story_key for part in found for each in part if each.story_key}
    parents = backlog.parents(session, workspace_id, sorted(keys)) if keys else {}
    keys = {parents.get(key, key) for key in keys}
    if keys:
        backlog.hold_histories(session, workspace_id, keys)
    histories = backlog.memberships(session, workspace_id, keys) if keys else {}
    calls = []
    for submission, attributions in zip(submissions, found, strict=True):
        for event, attribution in zip(submission.events, attributions, strict=True):
            parent = parents.get(attribution.story_key)
            belongs = replace(attribution, story_key=parent) if parent else attribution
            calls.append(_call(event, belongs, histories, submission.books, settings))
    return calls


def _call(
    event: UsageEvent, attribution: Attribution, histories: dict[str, list[Membership]],
    books: Books, settings: _Settings,
) -> Call:  # fmt: skip
    sprint_id = sprint_at(histories.get(attribution.story_key, ()), event.occurred_at)
    return Call(
        event, attribution, marks(event), content_digest(event), books, settings.default_region,
        value(event, attribution, sprint_id, books, settings.default_region),
    )  # fmt: skip


def _book(
    session: Session, workspace_id: str, calls: Sequence[Call], now: datetime
) -> list[Outcome]:
    """Write what is new, correct what is known better now; answer per call."""
    owners: dict[str, Call] = {}
    for call in calls:
        for mark in call.marks.values():
            owners.setdefault(mark, call)
    before = ledger.remember(
        session, workspace_id,
        {mark: (*call.name, call.digest) for mark, call in owners.items()},
    )  # fmt: skip
    links = ledger.recognise(session, workspace_id, before) if before else {}
    known = KnownCalls(SprintAt(session, workspace_id), links, owners)
    outcomes = _settle(session, workspace_id, calls, known)
    capture_holds.capture(session, workspace_id, [call.event for call in calls], now, known.entries)
    book_entries.book(session, workspace_id, known.entries, now)
    ledger.point_to(session, workspace_id, known.moved_marks)
    for name, call in known.conflicts:
        ledger.keep_conflict(
            session, workspace_id, *name, call.digest,
            record=msgspec.json.encode(call.event).decode(), now=now,
        )  # fmt: skip
    note_late_usage(session, workspace_id, known.entries, now)
    return outcomes


def _settle(
    session: Session, workspace_id: str, calls: Sequence[Call], known: KnownCalls
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    fresh = [
        all(known.owners[mark] is call and mark not in known.links for mark in call.marks.values())
        for call in calls
    ]
    if known.links:
        again = [call for call, is_fresh in zip(calls, fresh, strict=True) if not is_fresh]
        wanted = known.names(call for call in again if not known.is_resend(call))
        known.load(session, workspace_id, wanted)
    for call, is_fresh in zip(calls, fresh, strict=True):
        if is_fresh:
            known.add(call)
            outcomes.append("accepted")
        elif known.is_resend(call):
            outcomes.append("duplicate")
        else:
            outcomes.append(known.settle(call))
    return outcomes


def note_late_usage(
    session: Session, workspace_id: str, entries: Sequence[LedgerEntry], now: datetime
) -> None:
    """Let the worker revise the closed Sprints that these entries still fall into."""
    by_sprint = {entry.sprint_id: entry for entry in entries if entry.sprint_id}
    for sprint_id in backlog.closed_among(session, workspace_id, by_sprint):
        mailbox.receive(
            session, workspace_id, source="ledger", event="late_usage",
            delivery_id=str(by_sprint[sprint_id].entry_id), subject=f"sprint:{sprint_id}",
            body=b"", now=now,
        )  # fmt: skip

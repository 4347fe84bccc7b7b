"""Journey: the recent spend of each story, feature, team and model is judged; what is unusual is
recorded, told once, and told again only when it grew by a good part or is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from integration.anomalies import store as spikes
from integration.anomalies.detection import Settings, Spike, SpikeDetector
from integration.anomalies.one_cause import NARROWEST_FIRST, Rise, is_explained
from integration.backlog import store as backlog
from integration.foundation.periods import Period
from integration.journeys.spend_memory import DAY, SLICE
from integration.journeys.spend_watch import SpendWatch
from integration.journeys.spike_causes import spike_causes
from integration.journeys.tell_spike import has_news, promise_spike
from integration.ledger.time_queries import spend_by_time

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.anomalies.store import Sighting, StoredSpike
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.journeys.spend_memory import Subject
    from integration.journeys.spike_causes import SpendOn

LEAST_NANOUSD = 2 * 10**9
"""At least two dollars over the usual: nobody is called for cents."""
SERIES = Settings(min_amount=float(LEAST_NANOUSD))
JUDGED_DAYS = 2
"""A spike that ended longer ago is history: it came with late data, and nobody can act on it."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at a workspace."""

    session: Session
    workspace_id: str
    books: Books
    watch: SpendWatch
    now: datetime
    spend_on: SpendOn


@dataclass(frozen=True, slots=True)
class _Seen:
    """A spike of a subject's series, with the end (exclusive) of its last point."""

    subject: Subject
    spike: Spike
    seen_at: datetime

    @property
    def rise(self) -> Rise:
        return Rise(self.spike.start, self.seen_at, round(self.spike.amount - self.spike.usual))


def new_watch() -> SpendWatch:
    """What a caller keeps from look to look."""
    return SpendWatch(SERIES)


def detect_spikes(
    transactions: Transactions, workspace_id: str, books: Books, *, now: datetime,
    watch: SpendWatch | None = None,
) -> int:  # fmt: skip
    """Open, extend or end the workspace's spikes; returns how many are open.

    `watch` is kept by the caller from look to look; without one, four weeks are read anew.
    """
    watch = watch or new_watch()
    with transactions.begin() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        watch.memory.bring_up_to_date(session, workspace_id, now)
    with transactions.begin() as session:
        spikes.take_turn(session, workspace_id)
        # What moved many subjects is read once for all of them.
        spend_on = cache(partial(spend_by_time, session, workspace_id))
        look = _Look(session, workspace_id, books, watch, now, spend_on)
        standing = {
            (spike.subject_kind, spike.subject): spike
            for spike in spikes.open_spikes(session, workspace_id)
        }
        told: list[Rise] = []
        judged = {kind: _to_judge(look, kind, standing) for kind in NARROWEST_FIRST}
        watch.keep_only({subject for subjects in judged.values() for subject in subjects})
        for subjects in judged.values():
            found = [_judged(look, subject, standing.get(subject), told) for subject in subjects]
            told += [seen.rise for seen in found if seen]
        return len(spikes.open_spikes(session, workspace_id))


def _to_judge(look: _Look, kind: str, standing: dict[Subject, StoredSpike]) -> list[Subject]:
    """Only who spent the least amount in these days can be over the usual by it."""
    first = look.now.astimezone(UTC).date() - timedelta(days=JUDGED_DAYS - 1)
    spent = look.watch.memory.spent_since(first)
    wanted = {subject for subject, cost in spent.items() if cost >= LEAST_NANOUSD}
    if kind == "story":
        running = _in_running_sprints(look)
        wanted = {(k, name) for k, name in wanted if name in running}
    return sorted(subject for subject in {*wanted, *standing} if subject[0] == kind)


def _in_running_sprints(look: _Look) -> set[str]:
    sprints = backlog.sprints(look.session, look.workspace_id)
    return {
        key
        for sprint in sprints
        for key in backlog.stories_in(look.session, look.workspace_id, sprint.sprint_id)
    }


def _judged(
    look: _Look, subject: Subject, standing: StoredSpike | None, narrower: list[Rise]
) -> _Seen | None:
    """Bring one subject's record up to date; returns its spike of these days, if it has any."""
    seen = [each for each in _seen(look, subject) if not is_explained(each.rise, narrower)]
    newest = seen[-1] if seen else None
    for each in seen:
        if not each.spike.is_open and _end_or_record(look, each):
            standing = None
    if newest and newest.spike.is_open:
        _open_or_extend(look, newest, standing)
    elif standing is not None:
        ended = spikes.close(look.session, look.workspace_id, *subject, ended_at=standing.seen_at)
        if ended is not None:
            promise_spike(look.session, look.workspace_id, ended, look.now)
    return newest


def _seen(look: _Look, subject: Subject) -> list[_Seen]:
    """The subject's spikes that are open or ended in these days, from its slices; a wider subject's
    from its days too, where a rise too slow for the slices shows."""
    found = [_Seen(subject, spike, min(spike.end + SLICE, look.now))
             for spike in look.watch.spikes(subject, look.now)]  # fmt: skip
    if subject[0] != "story" and not found:
        found = [_Seen(subject, spike, min(spike.end + DAY, look.now))
                 for spike in _by_day(look, subject)]  # fmt: skip
    since = look.now - timedelta(days=JUDGED_DAYS)
    return [each for each in found if each.spike.is_open or each.seen_at >= since]


def _by_day(look: _Look, subject: Subject) -> list[Spike]:
    detector = SpikeDetector(DAY, SERIES)
    *days, today = look.watch.memory.by_day(subject, look.now.astimezone(UTC).date())
    for at, cost in days:
        detector.see(at, float(cost))
    ongoing = detector.glance(today[0], float(today[1]))
    return detector.closed() + ([ongoing] if ongoing else [])


def _open_or_extend(look: _Look, seen: _Seen, standing: StoredSpike | None) -> None:
    """Causes are worked out anew only when there is something to tell: that reads entries."""
    sighting = _sighting(seen)
    if standing is not None and not has_news(look.session, look.workspace_id, standing, sighting):
        spikes.open_or_extend(
            look.session, look.workspace_id, replace(sighting, causes=standing.causes), look.now
        )
        return
    spike_id, _ = spikes.open_or_extend(
        look.session, look.workspace_id, _with_causes(look, seen, sighting), look.now
    )
    promise_spike(look.session, look.workspace_id, spike_id, look.now)


def _end_or_record(look: _Look, seen: _Seen) -> bool:
    """End the record of a spike that is over; one that began and ended unseen is recorded whole.

    Returns whether an open record was ended.
    """
    workspace_id, (kind, name) = look.workspace_id, seen.subject
    known = [
        spike
        for spike in spikes.spikes_in(
            look.session, workspace_id, Period(seen.spike.start, seen.seen_at), [(kind, name)]
        )
        if spike.ended_at is None or spike.ended_at > seen.spike.start
    ]
    was_open = any(spike.ended_at is None for spike in known)
    if known and not was_open:
        return False
    sighting = _with_causes(look, seen, _sighting(seen))
    if was_open:
        ended, _ = spikes.open_or_extend(look.session, workspace_id, sighting, look.now)
        spikes.close(look.session, workspace_id, kind, name, ended_at=seen.seen_at)
    else:
        ended = spikes.record_ended(look.session, workspace_id, sighting, look.now)
    promise_spike(look.session, workspace_id, ended, look.now)
    return was_open


def _sighting(seen: _Seen) -> Sighting:
    spike = seen.spike
    return spikes.Sighting(
        subject_kind=seen.subject[0],
        subject=seen.subject[1],
        started_at=spike.start,
        peak_at=spike.peak,
        seen_at=seen.seen_at,
        amount_nanousd=round(spike.amount),
        usual_nanousd=round(spike.usual),
        score=spike.score,
    )


def _with_causes(look: _Look, seen: _Seen, sighting: Sighting) -> Sighting:
    causes = spike_causes(
        seen.subject, seen.spike, seen.seen_at, look.watch.memory, look.spend_on, look.books,
    )  # fmt: skip
    return replace(sighting, causes=causes)

"""By which marks caps cover calls that have not happened yet: found as their usage will be."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from operator import attrgetter
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from integration.backlog import store as backlog
from integration.backlog.sprint_at import END, sprint_at
from integration.caps.decision_queries import CapMemory
from integration.foundation.errors import FieldError, InvalidInput
from integration.foundation.read_ahead import AHEAD
from integration.journeys.book_entries import ScopeFinder
from integration.journeys.fitting_models import ModelMemory
from integration.metering import store as metering
from integration.metering.attribution import Ladder
from integration.metering.usage import UsageEvent
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Membership, Sprint
    from integration.caps.policy import CallScope
    from integration.caps.request import AuthorizationRequest
    from integration.foundation.database import Transactions

    Labels = tuple[str | tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a workspace's calls are placed by."""

    default_region: str
    ladder: Ladder
    parents: Mapping[str, str]
    histories: Mapping[str, Sequence[Membership]]
    last_sprints: Mapping[str, Sprint]
    """The Sprint that a story was in last, for stories that are in none now."""
    finder: ScopeFinder

    def scope_of(self, asked: AuthorizationRequest, now: datetime) -> CallScope:
        """Place a call.

        Raises:
            InvalidInput: the story was in a Sprint until that closed, and is in none since. Calls
                of a finished story in production name their feature.
        """
        named = self.story_named(asked, now)
        story_key = self.parents.get(named, named)
        sprint_id = sprint_at(self.histories.get(story_key, ()), now)
        closed = self.last_sprints.get(story_key)
        if sprint_id == 0 and closed is not None and not asked.feature:
            message = (
                f"{story_key} was last in {closed.name}, which is closed: move the story to a "
                "Sprint that runs, or name the feature that the call serves"
            )
            fault = FieldError("/story_key", "sprint_closed", message)
            raise InvalidInput(message, errors=(fault,))
        return self.finder.scope(
            story_key, sprint_id, asked.model, now, team=asked.team, feature=asked.feature
        )

    def story_named(self, asked: AuthorizationRequest, now: datetime) -> str:
        """Read tags, rules and branch as the metering will: nothing may lead around a cap."""
        return self.ladder.attribute(event_with(labels_of(asked), now)).story_key


LABELS = (
    "story_key", "team", "feature", "branch", "key_alias", "user", "session", "environment",
    "workload_class", "tags",
)  # fmt: skip
labels_of = attrgetter(*LABELS)
"""Everything about a request by which its story is found."""


def event_with(labels: Labels, at: datetime) -> UsageEvent:
    """The usage that a call with these labels will be reported as, as far as it is known."""
    values: dict[str, Any] = dict(zip(LABELS, labels, strict=True))
    return UsageEvent(source="authorization", occurred_at=at, **values)


def surroundings(
    session: Session, workspace_id: str, labels: Iterable[Labels], now: datetime
) -> Surroundings:
    """Read what calls with these labels are placed by."""
    ladder = Ladder(
        metering.rules(session, workspace_id), workspaces.project_keys(session, workspace_id)
    )
    named = {ladder.attribute(event_with(each, now)).story_key for each in labels} - {""}
    parents = backlog.parents(session, workspace_id, sorted(named)) if named else {}
    keys = {parents.get(key, key) for key in named}
    histories = backlog.memberships(session, workspace_id, keys) if keys else {}
    return Surroundings(
        workspaces.find(session, workspace_id).default_region,
        ladder,
        parents,
        histories,
        _last_sprints(session, workspace_id, histories),
        ScopeFinder(session, workspace_id, sorted(keys)),
    )


@dataclass(slots=True)
class _Kept:
    """Surroundings, when they were read, for which labels, and which of these were asked for."""

    read_at: float
    labels: frozenset[Labels]
    around: Surroundings
    asked: set[Labels] = field(default_factory=set)


class SurroundingsMemory:
    """Keeps surroundings for a moment, so that a burst of calls does not read them each time.

    A story's move between Sprints, a Sprint's close or a new attribution rule is then seen that
    much later. A change of a cap counts at once. Shared by threads; what is kept of caps and models
    is for the one that decides.
    """

    MOST_LABELS = 2000

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._kept: dict[str, _Kept] = {}
        self._wanted: dict[str, deque[frozenset[Labels]]] = {}
        self._reading = Lock()
        self.caps = CapMemory()
        self.models = ModelMemory()

    def look(
        self, transactions: Transactions, workspace_id: str, labels: frozenset[Labels],
        now: datetime,
    ) -> Surroundings:  # fmt: skip
        """Return the workspace's surroundings for these labels, read within the last moment."""
        kept = self._fresh(workspace_id, labels)
        if kept is not None and not self._is_ageing(kept):
            return kept.around
        self._wanted.setdefault(workspace_id, deque(maxlen=self.MOST_LABELS)).append(labels)
        # One reads them ahead of time, and the others go on with what they have.
        if not self._reading.acquire(blocking=kept is None) and kept is not None:
            return kept.around
        try:
            # Somebody else may have read them meanwhile, together with what others wait for.
            again = self._fresh(workspace_id, labels)
            if again is not None and not self._is_ageing(again):
                return again.around
            return self._read(transactions, workspace_id, labels, now)
        finally:
            self._reading.release()

    def default_region(self, workspace_id: str) -> str:
        """The region of calls that name none, as it was read last."""
        kept = self._kept.get(workspace_id)
        return kept.around.default_region if kept else ""

    def _is_ageing(self, kept: _Kept) -> bool:
        return monotonic() >= kept.read_at + self._seconds * AHEAD

    def _fresh(self, workspace_id: str, labels: frozenset[Labels]) -> _Kept | None:
        kept = self._kept.get(workspace_id)
        if kept is None or monotonic() >= kept.read_at + self._seconds or not labels <= kept.labels:
            return None
        kept.asked |= labels
        return kept

    def _read(
        self, transactions: Transactions, workspace_id: str, labels: frozenset[Labels],
        now: datetime,
    ) -> Surroundings:  # fmt: skip
        """Read for these labels, for those that others wait for, and those of the last moment.

        Or each of a hundred threads would read for itself alone once the moment is over.
        """
        kept, read_at = self._kept.get(workspace_id), monotonic()
        wanted = self._wanted[workspace_id]
        while wanted:
            labels |= wanted.popleft()
        if kept is not None and len(kept.asked) < self.MOST_LABELS:
            labels |= frozenset(kept.asked)
        with transactions.begin() as session:
            found = surroundings(session, workspace_id, labels, now)
        self._kept[workspace_id] = _Kept(read_at, labels, found, set(labels))
        return found


def _last_sprints(
    session: Session, workspace_id: str, histories: Mapping[str, Sequence[Membership]]
) -> dict[str, Sprint]:
    """The closed Sprint in which a story was until its close, for stories in no Sprint now."""
    last = {
        story_key: max(history, key=lambda membership: membership.left_at or END)
        for story_key, history in histories.items()
        if history and all(membership.left_at for membership in history)
    }
    found = {}
    for story_key, membership in last.items():
        sprint = backlog.sprint(session, workspace_id, membership.sprint_id)
        if sprint and sprint.state == "closed" and sprint.completed_at == membership.left_at:
            found[story_key] = sprint
    return found

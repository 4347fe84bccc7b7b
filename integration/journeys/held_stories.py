"""The stories that usage is booked on: what they are part of, and in which Sprint at a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.backlog.sprint_at import sprint_at
from integration.foundation.round_trip import round_trip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import StoryHistory
    from integration.foundation.round_trip import RoundTrip


class HeldStories:
    """Stories whose Sprint histories stay as they are until the transaction ends.

    What was not held at first is held when it is asked for.
    """

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._found: dict[str, StoryHistory] = {}

    def ask(self, trip: RoundTrip, keys: Collection[str]) -> Callable[[], None]:
        """Ask for stories in a round trip with other things; to be called once that is over."""
        told_held = trip.ask(backlog.holding(self._workspace_id, keys))
        told_stories = trip.ask(backlog.histories(self._workspace_id, keys))

        def take() -> None:
            held = told_held()
            for key, history in told_stories().items():
                # A sub-task that was just made part of a story has that one to be held as well.
                if history.story_key in held:
                    self._found[key] = history

        return take

    def hold(self, keys: Collection[str]) -> None:
        """Hold those that are not held yet."""
        while missing := sorted(set(keys) - self._found.keys() - {""}):
            with round_trip(self._session) as trip:
                take = self.ask(trip, missing)
            take()

    def place_at(self, key: str, moment: datetime) -> tuple[str, int]:
        """The story that a key stands for, and the Sprint that its spend at a moment belongs to."""
        if not key:
            return "", 0
        history = self._found.get(key) or self._history(key)
        return history.story_key, sprint_at(history.memberships, moment)

    def turns(self, key: str) -> set[datetime]:
        """The moments from which on the story's spend belongs to another Sprint."""
        if not key:
            return set()
        history = self._history(key).memberships
        return {moment for each in history for moment in (each.joined_at, each.left_at) if moment}

    def story_of(self, key: str) -> str:
        """The story that a key stands for: itself, or the one it is a sub-task of."""
        return self._history(key).story_key if key else ""

    def sprint_at(self, key: str, moment: datetime) -> int:
        """The Sprint that a story's spend at a moment belongs to; 0 when to none."""
        return self.place_at(key, moment)[1]

    def _history(self, key: str) -> StoryHistory:
        if key not in self._found:
            self.hold([key])
        return self._found[key]

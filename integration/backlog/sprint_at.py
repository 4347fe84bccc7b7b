"""Into which Sprint a moment of a story's spend belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.backlog.story import Membership


def sprint_at(history: Sequence[Membership], instant: datetime) -> int:
    """The Sprint a story was in at an instant; 0 when it was in none.

    With parallel Sprints the one joined last counts, as Jira's board shows it. Work done before
    the story was pulled into any Sprint belongs to the first one that takes it; work done after it
    left one belongs to no Sprint, until it joins another.
    """
    last: Membership | None = None
    for membership in history:
        if (
            membership.joined_at <= instant
            and (membership.left_at is None or instant < membership.left_at)
            and (last is None or membership.joined_at > last.joined_at)
        ):
            last = membership
    if last is not None:
        return last.sprint_id
    first = min(history, key=lambda membership: membership.joined_at, default=None)
    return first.sprint_id if first and instant < first.joined_at else 0


@dataclass(frozen=True, slots=True)
class Move:
    """Spend of a story from `start` to `end` belongs to another Sprint than was thought."""

    start: datetime
    end: datetime
    sprint_id: int


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 1, 1, tzinfo=UTC)


def moves(before: Sequence[Membership], after: Sequence[Membership]) -> list[Move]:
    """The spans of time whose Sprint changes when a story's history is read anew."""
    marks = {BEGINNING, END}
    for membership in (*before, *after):
        marks |= {membership.joined_at, membership.left_at or END}
    ordered = sorted(marks)
    return [
        Move(start, end, sprint_at(after, start))
        for start, end in pairwise(ordered)
        if sprint_at(before, start) != sprint_at(after, start)
    ]

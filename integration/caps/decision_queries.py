"""What a round of decisions reads, in one round trip that ends with the caps locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from integration.caps.cover import CapsInForce
from integration.caps.queries import (
    any_known,
    authorizations,
    caps_in,
    in_force,
    locking,
    steady,
)
from integration.foundation.round_trip import Statement, round_trip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

    from integration.caps.queries import Authorization
    from integration.foundation.round_trip import Row


class CapMemory:
    """The caps of workspaces as they were read last.

    They are read each time. What was made of them is kept, and which of them to lock is guessed by
    them. For one thread.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Sequence[Row], CapsInForce]] = {}

    def last(self, workspace_id: str) -> CapsInForce | None:
        """The caps as they were read last; None before that."""
        kept = self._kept.get(workspace_id)
        return kept and kept[1]

    def of(self, workspace_id: str, rows: Sequence[Row]) -> CapsInForce:
        """The caps that these rows are; the same object as before while they are the same."""
        kept = self._kept.get(workspace_id)
        if kept is None or kept[0] != rows:
            kept = rows, CapsInForce(caps_in(rows))
            self._kept[workspace_id] = kept
        return kept[1]


class Held(NamedTuple):
    """What a round decides on; the caps named by `amounts` are locked until it commits."""

    in_force: CapsInForce
    amounts: Mapping[str, tuple[int, int]]
    """What is spent and held, by cap."""
    known: Mapping[str, Authorization]
    """Those of the authorizations asked for that are stored."""


def held_still(
    session: Session, workspace_id: str, authorization_ids: Collection[str],
    cover: Callable[[CapsInForce], Collection[str]], memory: CapMemory,
) -> Held | None:  # fmt: skip
    """Keep caps from being changed, lock those that cover the calls, and read how they stand.

    None when the caps are others than remembered, so that others may have to be locked. The memory
    knows them then: roll back, for locks are taken in order, and come again.
    """
    expected = memory.last(workspace_id)
    wanted = sorted(cover(expected)) if expected is not None else []
    read = in_force(workspace_id)
    remembered = Statement(read.sql, read.values, lambda rows: memory.of(workspace_id, rows))
    with round_trip(session) as trip:
        trip.ask(steady(workspace_id))
        told_caps = trip.ask(remembered)
        is_any_known = trip.ask(any_known(workspace_id, authorization_ids))
        if wanted:
            trip.ask(locking(workspace_id, wanted))
            told_amounts = trip.ask(_amounts(workspace_id, wanted))
    found = told_caps()
    if found is not expected:
        return None
    ids = sorted(authorization_ids)
    known = authorizations(session, workspace_id, ids) if is_any_known() else {}
    return Held(found, told_amounts() if wanted else {}, known)


def _amounts(workspace_id: str, cap_ids: Sequence[str]) -> Statement[dict[str, tuple[int, int]]]:
    return Statement(
        _AMOUNTS,
        {"workspace_id": workspace_id, "cap_ids": cap_ids},
        lambda rows: {cap_id: (int(spent), held) for cap_id, spent, held in rows},
    )


_AMOUNTS = """
SELECT cap_id, (SELECT coalesce(sum(spent), 0) FROM cap_spend s
                WHERE s.workspace_id = c.workspace_id AND s.cap_id = c.cap_id), held
FROM cap c WHERE workspace_id = %(workspace_id)s AND cap_id = ANY(%(cap_ids)s) ORDER BY cap_id
"""

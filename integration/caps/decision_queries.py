"""What a round of decisions reads, in one round trip that ends with the caps locked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from integration.caps.cover import CapsInForce
from integration.caps.queries import any_known, authorizations, in_force, locking, steady
from integration.foundation.round_trip import Statement, ask, round_trip

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sqlalchemy.orm import Session

    from integration.caps.policy import Cap
    from integration.caps.queries import Authorization


class Remembered(NamedTuple):
    """A workspace's caps as they were read last, and how often they had been changed by then."""

    version: int
    caps: CapsInForce


class CapMemory:
    """The caps of workspaces as they were read last. For one thread.

    Whoever decides under them makes sure, in the transaction that writes, that they are the same.
    """

    def __init__(self) -> None:
        self._kept: dict[str, Remembered] = {}

    def last(self, workspace_id: str) -> Remembered | None:
        """The caps as they were read last; None before that."""
        return self._kept.get(workspace_id)

    def read(self, session: Session, workspace_id: str, version: int) -> None:
        """Read the caps, which must be steady."""
        caps: list[Cap] = ask(session, in_force(workspace_id))
        self._kept[workspace_id] = Remembered(version, CapsInForce(caps))


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
    last = memory.last(workspace_id)
    wanted = sorted(cover(last.caps)) if last is not None else []
    with round_trip(session) as trip:
        trip.ask(steady(workspace_id))
        told_version = trip.ask(_version(workspace_id))
        is_any_known = trip.ask(any_known(workspace_id, authorization_ids))
        if wanted:
            trip.ask(locking(workspace_id, wanted))
            told_amounts = trip.ask(_amounts(workspace_id, wanted))
    version = told_version()
    if last is None or version != last.version:
        memory.read(session, workspace_id, version)
        return None
    ids = sorted(authorization_ids)
    known = authorizations(session, workspace_id, ids) if is_any_known() else {}
    return Held(last.caps, told_amounts() if wanted else {}, known)


def _version(workspace_id: str) -> Statement[int]:
    return Statement(
        "SELECT version FROM cap_version WHERE workspace_id = %(workspace_id)s",
        {"workspace_id": workspace_id},
        lambda rows: rows[0][0] if rows else 0,
    )


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

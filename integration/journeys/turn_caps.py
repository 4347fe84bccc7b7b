"""Journey: the clock turns the caps: raises for a time end, and a new window takes over the last.

Calls are decided by the limit of their own moment, so that a late clock lets nothing through.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.caps.carrying import carried, predecessor
from integration.caps.policy import sprint_id_of
from integration.caps.raising import store as raising
from integration.foundation.row_wall import across, only
from integration.journeys.cap_notices import promise_raise_ended
from integration.journeys.open_home import renew_homes
from integration.journeys.raise_cap import put_away_if_outdated
from integration.journeys.set_cap import settle_thresholds
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.caps.policy import Balance, Cap
    from integration.foundation.database import Transactions


def turn_caps(transactions: Transactions, *, now: datetime) -> int:
    """End the raises whose time is over and carry over what closed windows left.

    Returns how many limits changed.
    """
    with across(transactions).begin() as session:
        over = raising.raises_over(session, now)
        carrying = raising.carrying_over(session)
        waiting = raising.waiting(session)
    changed = 0
    for workspace_id, cap_id in over:
        with only(transactions, workspace_id).begin() as session:
            caps.change_alone(session, workspace_id)
            changed += _end_raise(session, workspace_id, cap_id, now)
    for workspace_id in carrying:
        changed += carry_over(only(transactions, workspace_id), workspace_id, now=now)
    for workspace_id, request_id in waiting:
        put_away_if_outdated(only(transactions, workspace_id), workspace_id, request_id, now=now)
    return changed


def carry_over(transactions: Transactions, workspace_id: str, *, now: datetime) -> int:
    """Let what closed windows left change the limits of the caps that take it over.

    Late usage of a closed window changes what it left, so this is worked out again and again.
    """
    with transactions.begin() as session:
        found = _not_carried_yet(session, workspace_id, now)
    for cap_id in found:
        with transactions.begin() as session:
            caps.change_alone(session, workspace_id)
            # Again under the lock: what was seen before may have changed.
            if cap_id in (amounts := _not_carried_yet(session, workspace_id, now)):
                _carry(session, *amounts[cap_id], now)
    return len(found)


def _end_raise(session: Session, workspace_id: str, cap_id: str, now: datetime) -> bool:
    found = cap_queries.balances(session, workspace_id, [cap_id]).get(cap_id)
    if found is None or (ended := found.cap.at(now)) == found.cap:
        return False
    caps.save_cap(session, ended, now)
    workspaces.audit(
        session, workspace_id, at=now, actor="storymeter", action="cap.raise_ended",
        subject=f"cap:{cap_id}", before=found.cap.limit, limit=ended.limit, unit=ended.unit,
        until=found.cap.raised_until and found.cap.raised_until.isoformat(), name="StoryMeter",
        reason="the time it was raised for is over",
    )  # fmt: skip
    balance = settle_thresholds(session, ended, found.cap, now)
    promise_raise_ended(session, balance, found.cap, now)
    renew_homes(session, workspace_id, now)
    return True


def _not_carried_yet(
    session: Session, workspace_id: str, now: datetime
) -> dict[str, tuple[Cap, int, str]]:
    """The caps whose limit does not say yet what the window before left: amount and source."""
    balances = cap_queries.balances(session, workspace_id)
    sprints = {
        sprint.sprint_id: sprint
        for sprint in backlog.sprints(session, workspace_id, states=("future", "active", "closed"))
    }
    before = _sprints_before(list(sprints.values()))
    changes = {}
    for cap_id, balance in balances.items():
        cap = balance.cap
        if cap.carry_over == "none" and not cap.carried_over:
            continue
        earlier = predecessor(cap, balances.values(), before)
        amount = carried(
            cap, earlier, is_over=earlier is not None and _is_over(earlier, sprints, now)
        )
        if amount != cap.carried_over:
            changes[cap_id] = cap, amount, earlier.cap.cap_id if earlier else ""
    return changes


def _sprints_before(sprints: list[Sprint]) -> dict[int, int]:
    """Which Sprint came before which on its board, by their starts."""
    by_board: dict[int | None, list[Sprint]] = {}
    for sprint in sprints:
        if sprint.starts_at is not None or sprint.state == "future":
            by_board.setdefault(sprint.board_id, []).append(sprint)
    return {
        later.sprint_id: earlier.sprint_id
        for board in by_board.values()
        for earlier, later in pairwise(board)
    }


def _is_over(earlier: Balance, sprints: dict[int, Sprint], now: datetime) -> bool:
    sprint_id = sprint_id_of(earlier.cap)
    if sprint_id is not None:
        return sprint_id in sprints and sprints[sprint_id].state == "closed"
    return earlier.cap.period_end is not None and earlier.cap.period_end <= now


def _carry(session: Session, cap: Cap, amount: int, source: str, now: datetime) -> None:
    change = amount - cap.carried_over
    if cap.limit_after is None:
        changed = replace(cap, limit=cap.limit + change, carried_over=amount)
    else:
        # What a raise for a time has promised stays; the limit after it changes.
        after = cap.limit_after + change
        changed = replace(cap, limit=max(cap.limit, after), limit_after=after, carried_over=amount)
    caps.save_cap(session, changed, now)
    workspaces.audit(
        session, cap.workspace_id, at=now, actor="storymeter", action="cap.carried_over",
        subject=f"cap:{cap.cap_id}", before=cap.limit, limit=changed.limit, unit=cap.unit,
        carried_over=amount, source=source, name="StoryMeter",
        reason=f"carried over from {source}" if source else "nothing to carry over any more",
    )  # fmt: skip
    settle_thresholds(session, changed, cap, now)

"""Journeys: a person sets a cap, or removes it.

Each keeps everyone else away from the workspace's caps until it commits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.caps.policy import (
    Balance,
    Cap,
    covers,
    is_another_window,
    sprint_id_of,
    thresholds_reached,
)
from integration.caps.raising.permission import why_not_set
from integration.caps.raising.terms import LARGEST_LIMIT
from integration.caps.request import is_plain
from integration.caps.written import settings_of
from integration.foundation.errors import FieldError, InvalidInput, NotFound, NotPermitted
from integration.journeys import book_entries
from integration.journeys.open_home import renew_homes
from integration.ledger import queries as ledger_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions

MOST_RESERVED_PCT = 90


def set_cap(
    transactions: Transactions, cap: Cap, *, actor: str, now: datetime, actor_name: str = "",
    reason: str = "",
) -> Balance:  # fmt: skip
    """Add a cap, or replace the settings of the one with this id. A raise for a time ends with it.

    What the scope has spent already counts from the start, recounted from the ledger's entries,
    and so does what its running calls hold.

    Raises:
        InvalidInput: limit, thresholds, window or scope are out of range.
        NotPermitted: it would loosen a cap that has approvers, and the actor is none of them.
    """
    errors = faults(cap)
    with transactions.begin() as session:
        caps.change_alone(session, cap.workspace_id)
        errors += _scope_faults(session, cap)
        if errors:
            raise InvalidInput("The cap needs mending", errors=tuple(errors))
        found = cap_queries.balances(session, cap.workspace_id, [cap.cap_id]).get(cap.cap_id)
        standing = found.cap if found else None
        if standing and (why_not := why_not_set(standing, cap, actor)):
            raise NotPermitted(why_not)
        cap = _with_carried_over(cap, standing)
        caps.save_cap(session, cap, now)
        caps.set_spent(session, cap, _spent_so_far(session, cap))
        caps.set_holds(session, cap.workspace_id, cap.cap_id, _held_now(session, cap))
        workspaces.audit(
            session, cap.workspace_id, at=now, actor=actor,
            action="cap.changed" if standing else "cap.created", subject=f"cap:{cap.cap_id}",
            **_told(standing, cap), reason=reason, name=actor_name,
        )  # fmt: skip
        renew_homes(session, cap.workspace_id, now)
        return settle_thresholds(session, cap, standing, now)


def remove_cap(
    transactions: Transactions, workspace_id: str, cap_id: str, *, actor: str, now: datetime,
    actor_name: str = "", reason: str = "",
) -> None:  # fmt: skip
    """Take a cap out of force. What was spent and denied under it stays in the books.

    Raises:
        NotFound: no such cap.
        NotPermitted: the cap has approvers, and the actor is none of them.
    """
    with transactions.begin() as session:
        caps.change_alone(session, workspace_id)
        found = cap_queries.balances(session, workspace_id, [cap_id]).get(cap_id)
        if found is None:
            raise NotFound(f"There is no cap {cap_id!r}")
        observed = replace(found.cap, mode="observe", approvers=())
        if why_not := why_not_set(found.cap, observed, actor):
            raise NotPermitted(why_not)
        caps.remove_cap(session, workspace_id, cap_id, now)
        caps.set_holds(session, workspace_id, cap_id, {})
        renew_homes(session, workspace_id, now)
        workspaces.audit(
            session, workspace_id, at=now, actor=actor, action="cap.removed",
            subject=f"cap:{cap_id}", before=found.cap.limit, reason=reason, name=actor_name,
        )  # fmt: skip


def settle_thresholds(session: Session, cap: Cap, before: Cap | None, now: datetime) -> Balance:
    """Unlatch the thresholds that a raised cap is no longer at, and fire those it is at now.

    A cap over another window or scope than before has reached nothing yet. What was taken back
    from the books unlatches nothing.
    """
    balance = cap_queries.balances(session, cap.workspace_id, [cap.cap_id])[cap.cap_id]
    if before is None or is_another_window(before, cap):
        caps.unlatch_above(session, cap.workspace_id, cap.cap_id, ())
    elif cap.limit > before.limit:
        still_reached = thresholds_reached(cap, balance.spent)
        caps.unlatch_above(session, cap.workspace_id, cap.cap_id, still_reached)
    book_entries.fire_thresholds(session, cap.workspace_id, [cap.cap_id], now)
    return balance


def _with_carried_over(cap: Cap, standing: Cap | None) -> Cap:
    """The cap with what the one in its place had carried over; the clock works it out anew."""
    cap = replace(cap, carried_over=0, raised_until=None, limit_after=None)
    if standing is None or cap.carry_over == "none" or is_another_window(standing, cap):
        return cap
    carried = max(standing.carried_over, 1 - cap.limit)
    return replace(cap, limit=cap.limit + carried, carried_over=carried)


def _told(standing: Cap | None, cap: Cap) -> dict[str, Any]:
    """What the audit log says of a cap that was set: how it is, and what it was before."""
    told: dict[str, Any] = {"limit": cap.limit, "unit": cap.unit, "mode": cap.mode}
    after = settings_of(cap)
    if standing is None:
        return told | {"settings": after}
    before = settings_of(standing)
    changed = {
        name: {"before": before[name], "after": value}
        for name, value in after.items()
        if before[name] != value
    }
    return told | {"before": standing.limit, "changed": changed}


def _spent_so_far(session: Session, cap: Cap) -> int:
    sprint_id = sprint_id_of(cap)
    days = ledger_queries.days_between(
        session,
        cap.workspace_id,
        cap.period_start and cap.period_start.astimezone(UTC).date(),
        cap.period_end and cap.period_end.astimezone(UTC).date(),
        sprint_id,
    )
    spent = 0
    for entries in ledger_queries.standing_entries(
        session, cap.workspace_id, days=days, sprint_id=sprint_id
    ):
        amounts = book_entries.amounts_under(session, cap.workspace_id, [cap], entries)
        spent += amounts.get(cap.cap_id, 0)
    return spent


def _held_now(session: Session, cap: Cap) -> dict[str, int]:
    return {
        authorization_id: call.amounts.under(cap.unit) or 0
        for authorization_id, call in cap_queries.open_calls(session, cap.workspace_id).items()
        if covers(cap, call.scope)
    }


def faults(cap: Cap) -> list[FieldError]:
    """Everything about a cap that can be refused without looking further."""
    errors = []
    if not 0 < cap.limit <= LARGEST_LIMIT:
        errors.append(FieldError("/limit", "out_of_range", "limit must be above 0"))
    if not 0 <= cap.reserve_pct <= MOST_RESERVED_PCT:
        message = f"reserve_pct is 0 to {MOST_RESERVED_PCT} percent"
        errors.append(FieldError("/reserve_pct", "out_of_range", message))
    if any(not 1 <= pct <= 1000 for pct in cap.thresholds):
        errors.append(FieldError("/thresholds", "out_of_range", "thresholds are 1 to 1000 percent"))
    if cap.max_tokens_per_request is not None and cap.max_tokens_per_request <= 0:
        message = "max_tokens_per_request must be above 0"
        errors.append(FieldError("/max_tokens_per_request", "out_of_range", message))
    if not cap.scope_value:
        errors.append(FieldError("/scope_value", "missing", "name what the cap covers"))
    errors += [
        FieldError(f"/{name}", "invalid", f"{name} is not a short plain text")
        for name in ("cap_id", "scope_value")
        if not is_plain(getattr(cap, name))
    ]
    errors += [
        FieldError(f"/{name}", "invalid", f"{name} are short plain texts")
        for name in ("approvers", "approved_models")
        if not all(text and is_plain(text) for text in getattr(cap, name))
    ]
    if not cap.cap_id:
        errors.append(FieldError("/id", "missing", "give the cap an id"))
    ends = [end for end in (cap.period_start, cap.period_end) if end is not None]
    if any(end.tzinfo is None for end in ends):
        errors.append(FieldError("/period_start", "no_time_zone", "a period needs an offset"))
    elif len(ends) == 2 and ends[0] >= ends[1]:
        errors.append(FieldError("/period_end", "out_of_range", "a period ends after its start"))
    return errors


def _is_plain_number(value: str) -> bool:
    """Say whether a Sprint's id is written as it is compared: without zeros before it."""
    return value.isascii() and value.isdecimal() and len(value) < 18 and value[0] != "0"


def _scope_faults(session: Session, cap: Cap) -> list[FieldError]:
    """A cap on a Sprint that nobody knows would never cover anything."""
    errors = []
    sprints = {"/sprint_id": cap.sprint_id} if cap.sprint_id is not None else {}
    if cap.scope_kind == "sprint":
        value = cap.scope_value
        sprints["/scope_value"] = int(value) if _is_plain_number(value) else 0
    for pointer, sprint_id in sprints.items():
        if backlog.sprint(session, cap.workspace_id, sprint_id) is None:
            message = "give the numeric id of a Sprint of this workspace"
            errors.append(FieldError(pointer, "unknown_sprint", message))
    return errors

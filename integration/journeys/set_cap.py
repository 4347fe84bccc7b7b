"""Journeys: a person sets a cap, raises it with a reason, or removes it.

Each keeps everyone else away from the workspace's caps until it commits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.caps.policy import Balance, Cap, covers, thresholds_reached
from integration.caps.request import is_plain
from integration.foundation.errors import FieldError, InvalidInput, NotFound, NotPermitted
from integration.journeys import book_entries
from integration.journeys.cap_notices import resolve_notices
from integration.ledger import queries as ledger_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions

LARGEST = 2**62
"""Leaves room for sums in a 64-bit column."""


def set_cap(transactions: Transactions, cap: Cap, *, actor: str, now: datetime) -> Balance:
    """Add a cap, or replace the settings of the one with this id.

    What the scope has spent already counts from the start, recounted from the ledger's entries,
    and so does what its running calls hold.

    Raises:
        InvalidInput: limit, thresholds, window or scope are out of range.
    """
    errors = faults(cap)
    with transactions.begin() as session:
        caps.change_alone(session, cap.workspace_id)
        errors += _scope_faults(session, cap)
        if errors:
            raise InvalidInput("The cap needs mending", errors=tuple(errors))
        is_new = caps.save_cap(session, cap, now)
        caps.set_spent(session, cap, _spent_so_far(session, cap))
        caps.set_holds(session, cap.workspace_id, cap.cap_id, _held_now(session, cap))
        workspaces.audit(
            session, cap.workspace_id, at=now, actor=actor,
            action="cap.created" if is_new else "cap.changed", subject=f"cap:{cap.cap_id}",
            limit=cap.limit, unit=cap.unit, mode=cap.mode,
        )  # fmt: skip
        return _settle_thresholds(session, cap, now)


def raise_cap(
    transactions: Transactions, workspace_id: str, cap_id: str, limit: int, *, reason: str,
    actor: str, actor_name: str, now: datetime,
) -> Balance:  # fmt: skip
    """Raise a cap to a new limit in its unit, with a reason that is kept.

    Raises:
        InvalidInput: the limit is not above the standing one, or there is no reason.
        NotFound: no such cap.
        NotPermitted: the cap names its approvers and the actor is none of them.
    """
    if not reason.strip():
        raise InvalidInput(
            "A raise needs a reason",
            errors=(FieldError("/reason", "missing", "say why the cap is raised"),),
        )
    with transactions.begin() as session:
        caps.change_alone(session, workspace_id)
        standing = cap_queries.balances(session, workspace_id, [cap_id]).get(cap_id)
        if standing is None:
            raise NotFound(f"There is no cap {cap_id!r}")
        if standing.cap.approvers and actor not in standing.cap.approvers:
            raise NotPermitted(f"Only {', '.join(standing.cap.approvers)} may raise this cap")
        if not standing.cap.limit < limit <= LARGEST:
            raise InvalidInput(
                "A raised limit is above the standing one",
                errors=(FieldError("/limit", "out_of_range", "give a limit above today's"),),
            )
        raised = replace(standing.cap, limit=limit)
        caps.save_cap(session, raised, now)
        workspaces.audit(
            session, workspace_id, at=now, actor=actor, action="cap.raised",
            subject=f"cap:{cap_id}", before=standing.cap.limit, limit=limit, unit=raised.unit,
            reason=reason, name=actor_name,
        )  # fmt: skip
        balance = _settle_thresholds(session, raised, now)
        resolve_notices(session, balance, standing.cap.limit, actor_name or actor, reason, now)
        return balance


def remove_cap(
    transactions: Transactions, workspace_id: str, cap_id: str, *, actor: str, now: datetime
) -> None:
    """Take a cap out of force. What was spent and denied under it stays in the books.

    Raises:
        NotFound: no such cap.
    """
    with transactions.begin() as session:
        caps.change_alone(session, workspace_id)
        if not caps.remove_cap(session, workspace_id, cap_id, now):
            raise NotFound(f"There is no cap {cap_id!r}")
        caps.set_holds(session, workspace_id, cap_id, {})
        workspaces.audit(
            session, workspace_id, at=now, actor=actor, action="cap.removed",
            subject=f"cap:{cap_id}",
        )  # fmt: skip


def _settle_thresholds(session: Session, cap: Cap, now: datetime) -> Balance:
    """Unlatch the thresholds that a raised cap is no longer at, and fire those a lowered one is."""
    balance = cap_queries.balances(session, cap.workspace_id, [cap.cap_id])[cap.cap_id]
    still_reached = thresholds_reached(cap, balance.spent)
    caps.unlatch_above(session, cap.workspace_id, cap.cap_id, still_reached)
    book_entries.fire_thresholds(session, cap.workspace_id, [cap.cap_id], now)
    return balance


def _spent_so_far(session: Session, cap: Cap) -> int:
    sprint_id = int(cap.scope_value) if cap.scope_kind == "sprint" else cap.sprint_id
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
    if not 0 < cap.limit <= LARGEST:
        errors.append(FieldError("/limit", "out_of_range", "limit must be above 0"))
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

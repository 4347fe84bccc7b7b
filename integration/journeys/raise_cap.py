"""Journeys: a person asks for a cap to be raised, and a person who may agrees or declines.

Each keeps everyone else away from the workspace's caps until it commits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.caps.raising import store as raising
from integration.caps.raising.permission import why_not_raise
from integration.caps.raising.terms import RaiseRequest, Terms, faults, raised
from integration.foundation.errors import Conflict, InvalidInput, NotFound, NotPermitted
from integration.journeys.cap_notices import promise_raise_notice, tell_raise
from integration.journeys.open_home import renew_homes
from integration.journeys.set_cap import settle_thresholds
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.policy import Balance
    from integration.caps.raising.terms import State
    from integration.foundation.database import Transactions


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who acts: as they are known (`slack:U0ADA`), and as people call them."""

    actor: str
    name: str = ""

    @property
    def called(self) -> str:
        """The name for people."""
        return self.name or self.actor


@dataclass(frozen=True, slots=True)
class RaiseOutcome:
    """The request as it stands now, and the cap."""

    request: RaiseRequest
    balance: Balance


def raise_cap(
    transactions: Transactions, workspace_id: str, cap_id: str, terms: Terms, *, who: Who,
    now: datetime, request_id: str = "",
) -> RaiseOutcome:  # fmt: skip
    """Raise a cap, or ask those who may: the outcome's request is `granted` or `waiting`.

    The same request id again changes nothing and answers with how the request stands.

    Raises:
        InvalidInput: the limit is not above the standing one, there is no reason, or `until` is
            not in the future.
        NotFound: no such cap.
        Conflict: the request id was used for something else.
    """
    with transactions.begin() as session:
        caps.change_alone(session, workspace_id)
        standing = _standing(session, workspace_id, cap_id, now)
        earlier = raising.request(session, workspace_id, request_id) if request_id else None
        if earlier is not None:
            if (earlier.cap_id, earlier.terms, earlier.asked_by) != (cap_id, terms, who.actor):
                raise Conflict(f"The request {request_id!r} asked for something else")
            return RaiseOutcome(earlier, standing)
        if errors := faults(standing.cap, terms, now):
            raise InvalidInput(errors[0].message, errors=tuple(errors))
        asked = RaiseRequest(
            workspace_id, request_id or uuid4().hex, cap_id, standing.cap.limit, terms, who.actor,
            who.name, now,
        )  # fmt: skip
        raising.keep_request(session, asked)
        if not why_not_raise(standing.cap, who.actor, who.actor):
            return _grant(session, standing, asked, who, "", now)
        _audit(session, asked, who, "cap.raise_asked", now)
        promise_raise_notice(session, standing, asked, now)
        return RaiseOutcome(asked, standing)


def decide_raise(
    transactions: Transactions, workspace_id: str, request_id: str, *, is_granted: bool, who: Who,
    now: datetime, reason: str = "",
) -> RaiseOutcome:  # fmt: skip
    """Agree to a request that waits, or decline it; who asked may withdraw it.

    Raises:
        NotFound: no such request, or its cap is gone.
        NotPermitted: the cap's approvers or its separation of duties exclude the actor.
        Conflict: it was decided already, or the cap stands as high by now.
    """
    with transactions.begin() as session:
        caps.change_alone(session, workspace_id)
        asked = raising.request(session, workspace_id, request_id)
        if asked is None:
            raise NotFound(f"There is no request {request_id!r}")
        standing = _standing(session, workspace_id, asked.cap_id, now)
        if asked.state != "waiting":
            if (asked.state == "granted") == is_granted and asked.decided_by == who.actor:
                return RaiseOutcome(asked, standing)
            raise Conflict(f"{asked.decided_by_name or 'Somebody'} has decided this already")
        is_own = not is_granted and who.actor == asked.asked_by
        why_not = why_not_raise(standing.cap, who.actor, asked.asked_by)
        if why_not and not is_own:
            raise NotPermitted(why_not)
        if not is_granted:
            return _decline(session, standing, asked, who, reason, now)
        if faults(standing.cap, asked.terms, now):
            # Kept as it is: the approver sees why, and the clock puts it away.
            raise Conflict("The cap stands as high already, or the time is over")
        return _grant(session, standing, asked, who, reason, now)


def put_away_if_outdated(
    transactions: Transactions, workspace_id: str, request_id: str, *, now: datetime
) -> bool:
    """End a request that nobody can grant any more: its cap is gone or higher, or time is up."""
    with transactions.begin() as session:
        asked = raising.request(session, workspace_id, request_id)
        if asked is None or asked.state != "waiting":
            return False
        found = cap_queries.balances(session, workspace_id, [asked.cap_id]).get(asked.cap_id)
        if found is not None and not faults(found.cap, asked.terms, now):
            return False
        outdated = replace(asked, state="outdated", decided_at=now)
        raising.settle_request(session, outdated)
        if found is not None:
            promise_raise_notice(session, found, outdated, now)
        return True


def _standing(session: Session, workspace_id: str, cap_id: str, now: datetime) -> Balance:
    """How a cap stands at this moment, also where nobody has noted yet that a raise has ended."""
    found = cap_queries.balances(session, workspace_id, [cap_id]).get(cap_id)
    if found is None:
        raise NotFound(f"There is no cap {cap_id!r}")
    return replace(found, cap=found.cap.at(now))


def _grant(
    session: Session, standing: Balance, asked: RaiseRequest, who: Who, reason: str, now: datetime
) -> RaiseOutcome:
    """Raise the cap by a request that is already kept."""
    cap = raised(standing.cap, asked.terms)
    caps.save_cap(session, cap, now)
    # A request that waited says how the cap stood when it was asked for.
    asked = replace(asked, limit_before=standing.cap.limit)
    granted = _decided(asked, "granted", who, reason, now)
    raising.settle_request(session, granted)
    _audit(session, granted, who, "cap.raised", now)
    balance = settle_thresholds(session, cap, standing.cap, now)
    tell_raise(session, balance, standing.cap.limit, granted, now)
    renew_homes(session, asked.workspace_id, now)
    return RaiseOutcome(granted, balance)


def _decline(
    session: Session, standing: Balance, asked: RaiseRequest, who: Who, reason: str, now: datetime
) -> RaiseOutcome:
    declined = _decided(asked, "declined", who, reason, now)
    raising.settle_request(session, declined)
    _audit(session, declined, who, "cap.raise_declined", now)
    promise_raise_notice(session, standing, declined, now)
    return RaiseOutcome(declined, standing)


def _decided(
    asked: RaiseRequest, state: State, who: Who, reason: str, now: datetime
) -> RaiseRequest:
    return replace(
        asked, state=state, decided_by=who.actor, decided_by_name=who.called, decided_at=now,
        decided_reason=reason,
    )  # fmt: skip


def _audit(session: Session, asked: RaiseRequest, who: Who, action: str, now: datetime) -> None:
    until = asked.terms.until
    workspaces.audit(
        session, asked.workspace_id, at=now, actor=who.actor, action=action,
        subject=f"cap:{asked.cap_id}", before=asked.limit_before, limit=asked.terms.limit,
        until=until and until.isoformat(), reason=asked.terms.reason, name=who.called,
        request_id=asked.request_id, asked_by=asked.asked_by_name or asked.asked_by,
        decided_reason=asked.decided_reason,
    )  # fmt: skip

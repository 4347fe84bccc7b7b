"""Caps on screen: those in force, one of them with what it did, and the forms that change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from flask import request

from integration.backlog import store as backlog
from integration.caps.amounts import amount_text
from integration.caps.queries import balances, denials
from integration.caps.raising.store import requests
from integration.caps.raising.terms import Terms
from integration.foundation.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    NotPermitted,
    StoryMeterError,
)
from integration.journeys.raise_cap import Who, decide_raise, raise_cap
from integration.journeys.set_cap import remove_cap, set_cap
from integration.reports.cap_events import cap_events
from integration.reports.cap_report import (
    cap_status,
    cap_statuses,
    sprint_of_cap,
    top_stories_under,
)
from integration.web.access import people, person
from integration.web.cap_forms import approver_text, changed_cap, new_cap
from integration.web.forms import done, status_of
from integration.web.page_frame import now, page, page_blueprint
from integration.web.sent_fields import SentFields
from integration.web.service import service
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response as AnyResponse

    from integration.caps.policy import Balance

cap_pages = page_blueprint("cap_pages")
REFUSALS = (InvalidInput, Conflict, NotPermitted)


@cap_pages.get("/<workspace_id>/caps")
@people()
def show_caps(workspace_id: str) -> Response:
    """Show the caps in force and what happened to them."""
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        caps = cap_statuses(session, workspace_id)
        events = cap_events(session, workspace_id, caps)
        return page("caps.html", session, workspace, now(), caps=caps, cap_events=events)


@cap_pages.get("/<workspace_id>/new-cap")
@people("approver")
def show_new_cap(workspace_id: str) -> Response:
    """Show the form that sets a cap."""
    return _new_cap_page(workspace_id)


@cap_pages.post("/<workspace_id>/new-cap")
@people("approver")
def post_new_cap(workspace_id: str) -> AnyResponse:
    """Set a cap under a name that no cap has yet."""
    here = service()
    try:
        with here.transactions.begin() as session:
            workspace = workspaces.find(session, workspace_id)
            cap = new_cap(workspace, SentFields(request.form))
            if cap.cap_id in balances(session, workspace_id, [cap.cap_id]):
                taken = FieldError(
                    "/id", "taken", "a cap of this name is in force; change that one"
                )
                raise InvalidInput("The cap needs mending", errors=(taken,))
        who, reason = person(), request.form.get("why", "")
        set_cap(
            here.transactions, cap, actor=who.actor, actor_name=who.name, reason=reason, now=now()
        )
    except REFUSALS as refusal:
        return _new_cap_page(workspace_id, refusal)
    return done(_address(workspace_id, cap.cap_id), "cap_set", cap=cap.cap_id)


@cap_pages.get("/<workspace_id>/caps/<path:cap_id>")
@people()
def show_cap(workspace_id: str, cap_id: str) -> Response:
    """Show one cap: how it stands, what spends under it, what happened, and its forms."""
    return _cap_page(workspace_id, cap_id)


@cap_pages.post("/<workspace_id>/caps/<path:cap_id>/raise")
@people("approver")
def post_raise(workspace_id: str, cap_id: str) -> AnyResponse:
    """Raise a cap, with a reason that is kept."""
    here, who = service(), person()
    unit = _standing(workspace_id, cap_id).cap.unit
    try:
        sent = SentFields(request.form)
        limit, reason = sent.amount("limit", unit), sent.needed("reason", "say why it is raised")
        until = sent.moment("until", _zone(workspace_id))
        sent.check()
        outcome = raise_cap(
            here.transactions, workspace_id, cap_id, Terms(limit, reason, until),
            who=Who(who.actor, who.name), now=now(),
        )  # fmt: skip
    except REFUSALS as refusal:
        return _cap_page(workspace_id, cap_id, _Refused("raise", refusal))
    saying = "raise_asked" if outcome.request.state == "waiting" else "cap_raised"
    return done(_address(workspace_id, cap_id), saying, cap=cap_id, unit=unit, limit=limit)


@cap_pages.post("/<workspace_id>/raise-requests/<request_id>/<any(grant, decline):decision>")
@people("approver")
def post_decision(workspace_id: str, request_id: str, decision: str) -> AnyResponse:
    """Agree to a raise that somebody asked for, or decline it."""
    here, who = service(), person()
    outcome = decide_raise(
        here.transactions, workspace_id, request_id, is_granted=decision == "grant",
        who=Who(who.actor, who.name), now=now(), reason=request.form.get("reason", ""),
    )  # fmt: skip
    cap = outcome.balance.cap
    saying = "cap_raised" if decision == "grant" else "raise_declined"
    return done(
        _address(workspace_id, cap.cap_id), saying, cap=cap.cap_id, unit=cap.unit, limit=cap.limit
    )


@cap_pages.post("/<workspace_id>/caps/<path:cap_id>/change")
@people("approver")
def post_change(workspace_id: str, cap_id: str) -> AnyResponse:
    """Change how a cap acts, or lower it."""
    here = service()
    standing = _standing(workspace_id, cap_id).cap
    try:
        changed = changed_cap(standing, SentFields(request.form))
        who, reason = person(), request.form.get("why", "")
        set_cap(
            here.transactions, changed, actor=who.actor, actor_name=who.name, reason=reason,
            now=now(),
        )  # fmt: skip
    except REFUSALS as refusal:
        return _cap_page(workspace_id, cap_id, _Refused("change", refusal))
    return done(_address(workspace_id, cap_id), "cap_changed", cap=cap_id)


@cap_pages.post("/<workspace_id>/caps/<path:cap_id>/remove")
@people("approver")
def post_remove(workspace_id: str, cap_id: str) -> AnyResponse:
    """Take a cap out of force."""
    who = person()
    remove_cap(
        service().transactions, workspace_id, cap_id, actor=who.actor, actor_name=who.name,
        reason=request.form.get("why", ""), now=now(),
    )  # fmt: skip
    return done(f"/{workspace_id}/caps", "cap_removed", cap=cap_id)


@dataclass(frozen=True, slots=True)
class _Refused:
    form: str
    error: StoryMeterError


def _new_cap_page(workspace_id: str, refusal: StoryMeterError | None = None) -> Response:
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        sprints = backlog.sprints(session, workspace_id, states=("active", "future"))
        teams = workspaces.teams(session, workspace_id)
        return page(
            "new_cap.html", session, workspace, now(), status=status_of(refusal), refusal=refusal,
            sent=request.values, sprints=sprints, teams=teams,
        )  # fmt: skip


def _cap_page(workspace_id: str, cap_id: str, refused: _Refused | None = None) -> Response:
    with service().transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        balance = _found(session, workspace_id, cap_id)
        header = sprint_of_cap(session, balance.cap)
        denied = denials(session, workspace_id).get(cap_id, (0, 0))
        label = header.name if header and balance.cap.scope_kind == "sprint" else ""
        status = cap_status(balance, denied, label)
        return page(
            "cap.html", session, workspace, now(),
            status=status_of(refused.error if refused else None),
            refused=refused.form if refused else "", refusal=refused.error if refused else None,
            sent=request.form, cap=status, settings=balance.cap, sprint=header,
            limit=amount_text(balance.cap.unit, balance.cap.limit),
            set_limit=amount_text(balance.cap.unit, balance.cap.set_limit),
            requests=requests(session, workspace_id, ["waiting"], cap_id=cap_id),
            approvers=", ".join(approver_text(each) for each in balance.cap.approvers),
            top=top_stories_under(session, workspace_id, balance.cap),
            cap_events=cap_events(session, workspace_id, [status]),
        )  # fmt: skip


def _zone(workspace_id: str) -> str:
    with service().transactions.begin() as session:
        return workspaces.find(session, workspace_id).time_zone


def _standing(workspace_id: str, cap_id: str) -> Balance:
    with service().transactions.begin() as session:
        return _found(session, workspace_id, cap_id)


def _found(session: Session, workspace_id: str, cap_id: str) -> Balance:
    found = balances(session, workspace_id, [cap_id]).get(cap_id)
    if found is None:
        raise NotFound(f"There is no cap {cap_id!r} in force")
    return found


def _address(workspace_id: str, cap_id: str) -> str:
    return f"/{workspace_id}/caps/{quote(cap_id)}"

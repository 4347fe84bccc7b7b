"""How a workspace is set up, on screen: settings, teams, people; and the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, get_args

from flask import request
from msgspec import UNSET

from integration.foundation.errors import Conflict, InvalidInput, StoryMeterError
from integration.journeys.change_settings import change_team, change_workspace
from integration.journeys.name_people import name_person, remove_person
from integration.people import store as members
from integration.reports.workspace_health import workspace_health
from integration.turns import store as turns
from integration.web.access import people, person, require
from integration.web.forms import done, status_of
from integration.web.page_frame import may, now, page, page_blueprint
from integration.web.sent_fields import SentFields
from integration.web.service import service
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces
from integration.workspaces.changes import TeamChange, WorkspaceChange
from integration.workspaces.workspace import AllocationRule

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

settings_pages = page_blueprint("settings_pages")
REFUSALS = (InvalidInput, Conflict)


@settings_pages.get("/<workspace_id>/settings")
@people()
def show_settings(workspace_id: str) -> Response:
    """Show how the workspace is set up, without any secret."""
    return _settings_page(workspace_id)


@settings_pages.post("/<workspace_id>/settings")
@people("admin")
def post_settings(workspace_id: str) -> AnyResponse:
    """Change how the workspace is served."""
    sent = SentFields(request.form)
    change = WorkspaceChange(
        name=sent.text("name"),
        time_zone=sent.text("time_zone"),
        locale=sent.text("locale") or UNSET,
        default_region=sent.text("default_region"),
        allocation_rule=sent.choice("allocation_rule", get_args(AllocationRule)),
        ai_labels=frozenset(sent.listed("ai_labels")),
        ai_components=frozenset(sent.listed("ai_components")),
        ai_issue_types=frozenset(sent.listed("ai_issue_types")),
        ai_keywords=frozenset(sent.listed("ai_keywords")),
    )
    try:
        sent.check()
        change_workspace(
            service().transactions, workspace_id, change, actor=person().actor, now=now()
        )
    except REFUSALS as refusal:
        return _settings_page(workspace_id, _Refused("workspace", refusal))
    return done(f"/{workspace_id}/settings", "settings_saved")


@settings_pages.post("/<workspace_id>/settings/teams/<team_id>")
@people("admin")
def post_team(workspace_id: str, team_id: str) -> AnyResponse:
    """Change when and where a team is told, from the next message on."""
    sent = SentFields(request.form)
    change = TeamChange(
        name=sent.text("name"),
        board_id=sent.whole("board_id"),
        channel_id=sent.text("channel_id"),
        time_zone=sent.text("time_zone"),
        digest_at=sent.text("digest_at"),
        workdays=tuple(int(day) for day in request.form.getlist("workdays") if day in "1234567"),
        quiet_days_are_silent=sent.text("quiet_days") == "silent",
        product_owner=sent.text("product_owner"),
        quiet_from=sent.text("quiet_from") or None,
        quiet_until=sent.text("quiet_until") or None,
    )
    try:
        sent.check()
        changed = change_team(
            service().transactions, workspace_id, team_id, change, actor=person().actor, now=now()
        )
    except REFUSALS as refusal:
        return _settings_page(workspace_id, _Refused(f"team-{team_id}", refusal))
    return done(f"/{workspace_id}/settings", "team_saved", team=changed.name)


@settings_pages.post("/<workspace_id>/people")
@people("admin")
def post_person(workspace_id: str) -> AnyResponse:
    """Give a person a role."""
    email, role = request.form.get("email", ""), request.form.get("role", "")
    try:
        name_person(
            service().transactions, workspace_id, email, role, actor=person().actor, now=now()
        )
    except REFUSALS as refusal:
        return _settings_page(workspace_id, _Refused("person", refusal))
    return done(f"/{workspace_id}/settings", "person_named", email=email, role=role)


@settings_pages.post("/<workspace_id>/people/remove")
@people("admin")
def post_person_removed(workspace_id: str) -> AnyResponse:
    """Take a person's role away."""
    email = request.form.get("email", "")
    try:
        remove_person(service().transactions, workspace_id, email, actor=person().actor, now=now())
    except REFUSALS as refusal:
        return _settings_page(workspace_id, _Refused("person", refusal))
    return done(f"/{workspace_id}/settings", "person_removed", email=email)


@settings_pages.get("/<workspace_id>/doctor")
@people()
def show_doctor(workspace_id: str) -> Response:
    """Show what is wrong with the workspace, and what to do; admins may have others asked too."""
    here, asks_outside = service(), request.args.get("ask") == "outside"
    if asks_outside:
        require(workspace_id, "admin")
    outside = here.examine(workspace_id) if asks_outside and here.examine else {}
    with here.across.begin() as session:  # Workers serve all workspaces.
        tick = turns.newest_tick(session)
    with here.transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        return page(
            "doctor.html", session, workspace, now(),
            checks=workspace_health(session, workspace_id, here.box, tick=tick, now=now()),
            outside=outside, can_ask=here.examine is not None and may("admin"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Refused:
    form: str
    error: StoryMeterError


def _settings_page(workspace_id: str, refused: _Refused | None = None) -> Response:
    here = service()
    books = here.books.for_workspace(workspace_id)
    with here.transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        return page(
            "settings.html", session, workspace, now(),
            status=status_of(refused.error if refused else None),
            refused=refused.form if refused else "", refusal=refused.error if refused else None,
            sent=request.form,
            jira=workspaces.jira_account(session, workspace_id, here.box),
            slack=workspaces.slack_account(session, workspace_id, here.box),
            synced_until=workspace_queries.synced_until(session, workspace_id),
            teams=workspaces.teams(session, workspace_id),
            keys=workspace_queries.keys_of(session, workspace_id),
            members=members.members(session, workspace_id),
            factor_version=books.carbon.factor_version,
            price_version=books.prices.price_version,
        )  # fmt: skip

"""Screens, tabs and the schemes that lead from a project to its screens, over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.fields import associate
from integration.sandbox.jira.refusals import bad_request, not_found
from integration.sandbox.jira.seed import DEFAULT_SCREEN
from integration.sandbox.jira.state import Tab
from integration.sandbox.jira.wire import body, flag, listed, nothing, page, require_admin, site

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Field, Project, Screen

screens_api = Blueprint("screens", __name__)


@screens_api.before_request
def admins_only() -> None:
    """Screens are for administrators."""
    require_admin()


def _screen_bean(screen: Screen) -> JsonObject:
    return {"id": screen.id, "name": screen.name, "description": ""}


def _company_projects() -> list[Project]:
    return [project for project in site().projects.values() if project.style == "classic"]


def _team_screens() -> set[int]:
    schemes = {
        scheme_id
        for project in site().projects.values()
        if project.style == "next-gen"
        for scheme_id in project.screen_scheme_ids.values()
    }
    return {site().screen_schemes[scheme_id].create for scheme_id in schemes}


def _screen(screen_id: int) -> Screen:
    found = site().screens.get(screen_id)
    if found is None or screen_id in _team_screens():
        raise not_found(f"Screen with id {screen_id} does not exist.")
    return found


def _tab(screen_id: int, tab_id: int) -> Tab:
    for tab in _screen(screen_id).tabs:
        if tab.id == tab_id:
            return tab
    raise not_found(f"Tab with id {tab_id} does not exist.")


@screens_api.get("/screens")
def screens() -> Response:
    """List the screens of company-managed projects."""
    ids, text = listed("id"), request.args.get("queryString", "").casefold()
    hidden = _team_screens()
    found = [
        _screen_bean(screen)
        for screen in site().screens.values()
        if screen.id not in hidden
        and (not ids or str(screen.id) in ids)
        and text in screen.name.casefold()
    ]
    return page(found, most=100)


@screens_api.get("/screens/<int:screen_id>/tabs")
def tabs(screen_id: int) -> Response:
    """List a screen's tabs."""
    return jsonify([{"id": tab.id, "name": tab.name} for tab in _screen(screen_id).tabs])


@screens_api.post("/screens/<int:screen_id>/tabs")
def create_tab(screen_id: int) -> Response:
    """Make a tab at the end of a screen."""
    screen, name = _screen(screen_id), str(body().get("name") or "").strip()
    if not name or any(tab.name == name for tab in screen.tabs):
        raise bad_request(name="A tab needs a name that no other tab of the screen has.")
    tab = Tab(site().next_id("tab"), name)
    screen.tabs.append(tab)
    return jsonify({"id": tab.id, "name": tab.name})


def _field_bean(field_id: str) -> JsonObject:
    return {"id": field_id, "name": site().fields[field_id].name}


@screens_api.get("/screens/<int:screen_id>/tabs/<int:tab_id>/fields")
def tab_fields(screen_id: int, tab_id: int) -> Response:
    """List a tab's fields in order."""
    return jsonify([_field_bean(field_id) for field_id in _tab(screen_id, tab_id).field_ids])


@screens_api.get("/screens/<int:screen_id>/availableFields")
def available_fields(screen_id: int) -> Response:
    """List what could still be put on a screen."""
    screen = _screen(screen_id)
    fields = [f.id for f in site().fields.values() if not f.trashed and not screen.shows(f.id)]
    return jsonify([_field_bean(field_id) for field_id in fields])


def _addable(field_id: object) -> Field:
    field = site().fields.get(str(field_id))
    if field is None or field.trashed or field.team_project_id is not None:
        raise bad_request(f"The field with id {field_id} does not exist.")
    return field


@screens_api.post("/screens/<int:screen_id>/tabs/<int:tab_id>/fields")
def add_field(screen_id: int, tab_id: int) -> Response:
    """Put a field on a tab; unless told not to, Jira then also associates it with the projects."""
    tab = _tab(screen_id, tab_id)
    field = _addable(body().get("fieldId"))
    if _screen(screen_id).shows(field.id):
        raise bad_request(f"The field with id {field.id} already exists on the screen.")
    tab.field_ids.append(field.id)
    if field.custom and not flag("skipFieldAssociation"):
        associate(site(), [field.id], [p.id for p in _company_projects() if _uses(p, screen_id)])
    return jsonify(_field_bean(field.id))


def _uses(project: Project, screen_id: int) -> bool:
    schemes = (site().screen_schemes[i] for i in set(project.screen_scheme_ids.values()))
    return any(screen_id in (scheme.create, scheme.edit) for scheme in schemes)


@screens_api.delete("/screens/<int:screen_id>/tabs/<int:tab_id>/fields/<field_id>")
def remove_field(screen_id: int, tab_id: int, field_id: str) -> Response:
    """Take a field off a tab."""
    tab = _tab(screen_id, tab_id)
    if field_id not in tab.field_ids:
        raise not_found(f"The field with id {field_id} is not on the tab.")
    tab.field_ids.remove(field_id)
    return nothing()


@screens_api.post("/screens/addToDefault/<field_id>")
def add_to_default(field_id: str) -> Response:
    """Put a field on the default screen's first tab."""
    field = _addable(field_id)
    screen = site().screens[DEFAULT_SCREEN]
    if screen.shows(field.id):
        raise bad_request(f"The field with id {field.id} already exists on the screen.")
    screen.tabs[0].field_ids.append(field.id)
    return jsonify({})


@screens_api.get("/field/<field_id>/screens")
def screens_of_field(field_id: str) -> Response:
    """List the screens that show a field."""
    found = [
        _screen_bean(screen) | ({"tab": {"id": tab.id, "name": tab.name}} if wants_tab else {})
        for wants_tab in [request.args.get("expand") == "tab"]
        for screen in site().screens.values()
        for tab in screen.tabs
        if field_id in tab.field_ids
    ]
    return page(found, most=100)


@screens_api.get("/issuetypescreenscheme")
def type_schemes() -> Response:
    """List the issue type screen schemes: one per company-managed project, with its id."""
    return page([_type_scheme(project) for project in _company_projects()])


def _type_scheme(project: Project) -> JsonObject:
    name = f"{project.key}: Scrum Issue Type Screen Scheme"
    return {"id": str(project.id), "name": name, "description": ""}


@screens_api.get("/issuetypescreenscheme/project")
def type_schemes_of_projects() -> Response:
    """List which scheme each of the asked projects uses; team-managed ones have none."""
    wanted = listed("projectId")
    if not wanted:
        raise bad_request("At least one project id is required.")
    rows = [
        {"issueTypeScreenScheme": _type_scheme(project), "projectIds": [str(project.id)]}
        for project in _company_projects()
        if str(project.id) in wanted
    ]
    return page(rows)


@screens_api.get("/issuetypescreenscheme/mapping")
def type_scheme_items() -> Response:
    """List the screen scheme of each issue type; the first row is for all others."""
    wanted = listed("issueTypeScreenSchemeId")
    rows: list[JsonObject] = []
    for project in _company_projects():
        if wanted and str(project.id) not in wanted:
            continue
        bugs = {i for i in project.issue_type_ids if site().issue_types[i].name == "Bug"}
        story = next(i for i in project.issue_type_ids if i not in bugs)
        rows.extend(
            {
                "issueTypeScreenSchemeId": str(project.id),
                "issueTypeId": type_id,
                "screenSchemeId": str(project.screen_scheme_ids[used]),
            }
            for type_id, used in [("default", story), *((bug, bug) for bug in sorted(bugs))]
        )
    return page(rows)


@screens_api.get("/screenscheme")
def screen_schemes() -> Response:
    """List the screen schemes with their screens."""
    ids, hidden = listed("id"), _team_screens()
    rows = [
        {
            "id": scheme.id,
            "name": scheme.name,
            "description": "",
            "screens": {"default": scheme.edit, "create": scheme.create, "edit": scheme.edit},
        }
        for scheme in site().screen_schemes.values()
        if scheme.create not in hidden and (not ids or str(scheme.id) in ids)
    ]
    return page(rows, most=25)

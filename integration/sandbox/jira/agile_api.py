"""The Agile API: boards, Sprints with their properties, and moves between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.announcements import sprint_bean
from integration.sandbox.jira.fields import POINTS_FIELD, RANK_FIELD
from integration.sandbox.jira.issues import Actor, move_to_sprint
from integration.sandbox.jira.properties_api import keys_bean, property_or_404, put_property
from integration.sandbox.jira.refusals import bad_request, not_found
from integration.sandbox.jira.seed import seed_board
from integration.sandbox.jira.sprints import (
    create_sprint,
    delete_sprint,
    find_sprint,
    update_sprint,
)
from integration.sandbox.jira.wire import body, listed, me, nothing, site, window
from integration.sandbox.jira.workflow import STATUSES

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Board

agile_api = Blueprint("agile", __name__, url_prefix="/rest/agile/1.0")


def agile_actor() -> Actor:
    """Return who acts; the Agile API speaks the form of version 3."""
    return Actor(me().account_id, "3")


def find_board(board_id: int) -> Board:
    """Find a board; raises 404."""
    found = site().boards.get(board_id)
    if found is None:
        raise not_found("The requested board cannot be viewed because it either does not exist.")
    return found


def _board_bean(board: Board) -> JsonObject:
    project = site().projects[board.project_id]
    return {
        "id": board.id,
        "self": f"{site().base_url}/rest/agile/1.0/board/{board.id}",
        "name": board.name,
        "type": board.kind,
        "isPrivate": False,
        "location": {
            "projectId": project.id,
            "displayName": f"{project.name} ({project.key})",
            "projectName": project.name,
            "projectKey": project.key,
            "projectTypeKey": "software",
            "name": f"{project.name} ({project.key})",
        },
    }


@agile_api.get("/board")
def boards() -> Response:
    """List boards, of one project and type where asked."""
    key = request.args.get("projectKeyOrId")
    project_id = site().project(key).id if key else None
    kinds = listed("type")
    name = request.args.get("name", "").casefold()
    found = [
        _board_bean(board)
        for board in site().boards.values()
        if project_id in (None, board.project_id)
        and (not kinds or board.kind in kinds)
        and name in board.name.casefold()
    ]
    return _plain_page(found)


def _plain_page(found: list[JsonObject]) -> Response:
    """Answer with the Agile API's page: no links in it."""
    cut, start, size = window(found)
    is_last = start + len(cut) >= len(found)
    answer = {"maxResults": size, "startAt": start, "total": len(found), "isLast": is_last}
    return jsonify(answer | {"values": cut})


@agile_api.post("/board")
def create_board() -> tuple[Response, int]:
    """Create a board in a project."""
    payload = body()
    location = (payload.get("location") or {}).get("projectKeyOrId")
    project = site().project(str(location)) if location else next(iter(site().projects.values()))
    kind = payload.get("type") or "scrum"
    return jsonify(_board_bean(seed_board(site(), project, payload.get("name") or "", kind))), 201


@agile_api.get("/board/<int:board_id>")
def board(board_id: int) -> Response:
    """Show a board."""
    return jsonify(_board_bean(find_board(board_id)))


@agile_api.get("/board/<int:board_id>/configuration")
def configuration(board_id: int) -> Response:
    """Show a board's columns and its estimation field."""
    found = find_board(board_id)
    base = site().base_url
    columns = [
        {"name": s.name, "statuses": [{"id": s.id, "self": f"{base}/rest/api/2/status/{s.id}"}]}
        for s in STATUSES.values()
    ]
    points = site().fields[POINTS_FIELD]
    return jsonify(
        {
            "id": found.id,
            "name": found.name,
            "type": found.kind,
            "self": f"{base}/rest/agile/1.0/board/{found.id}/configuration",
            "location": {"type": "project", "projectKeyOrId": str(found.project_id)},
            "filter": {"id": str(found.id), "self": f"{base}/rest/api/2/filter/{found.id}"},
            "columnConfig": {"columns": columns, "constraintType": "none"},
            "estimation": {
                "type": "field",
                "field": {"fieldId": points.id, "displayName": points.name},
            },
            "ranking": {"rankCustomFieldId": site().fields[RANK_FIELD].number},
        }
    )


@agile_api.get("/board/<int:board_id>/project")
def board_projects(board_id: int) -> Response:
    """List the board's project."""
    project = site().projects[find_board(board_id).project_id]
    address = f"{site().base_url}/rest/api/2/project/{project.id}"
    bean = {"id": str(project.id), "key": project.key, "name": project.name, "self": address}
    return _plain_page([bean])


@agile_api.get("/board/<int:board_id>/sprint")
def board_sprints(board_id: int) -> Response:
    """List the Sprints of a board, in the order of closed, active, future."""
    find_board(board_id)
    states = listed("state")
    order = {"closed": 0, "active": 1, "future": 2}
    found = [
        sprint
        for sprint in site().sprints.values()
        if sprint.board_id == board_id and (not states or sprint.state in states)
    ]
    found.sort(key=lambda sprint: (order[sprint.state], sprint.id))
    return _plain_page([sprint_bean(site(), sprint) for sprint in found])


@agile_api.post("/sprint")
def new_sprint() -> tuple[Response, int]:
    """Create a future Sprint."""
    payload = body()
    board_id = payload.get("originBoardId")
    if not isinstance(board_id, int):
        raise bad_request(originBoardId="The origin board id is required.")
    return jsonify(sprint_bean(site(), create_sprint(site(), find_board(board_id), payload))), 201


@agile_api.get("/sprint/<int:sprint_id>")
def sprint(sprint_id: int) -> Response:
    """Show a Sprint."""
    return jsonify(sprint_bean(site(), find_sprint(site(), sprint_id)))


@agile_api.route("/sprint/<int:sprint_id>", methods=["POST", "PUT"])
def change_sprint(sprint_id: int) -> Response:
    """Change a Sprint: POST in part, PUT wholly."""
    found = find_sprint(site(), sprint_id)
    update_sprint(site(), agile_actor(), found, body(), full=request.method == "PUT")
    return jsonify(sprint_bean(site(), found))


@agile_api.delete("/sprint/<int:sprint_id>")
def remove_sprint(sprint_id: int) -> Response:
    """Delete a Sprint."""
    delete_sprint(site(), agile_actor(), find_sprint(site(), sprint_id))
    return nothing()


@agile_api.get("/sprint/<int:sprint_id>/properties")
def sprint_keys(sprint_id: int) -> Response:
    """List the keys of a Sprint's properties."""
    base = f"{site().base_url}/rest/agile/1.0/sprint/{sprint_id}/properties"
    return keys_bean(find_sprint(site(), sprint_id).properties, base)


@agile_api.get("/sprint/<int:sprint_id>/properties/<name>")
def sprint_property(sprint_id: int, name: str) -> Response:
    """Show a Sprint's property."""
    return property_or_404(find_sprint(site(), sprint_id).properties, name)


@agile_api.put("/sprint/<int:sprint_id>/properties/<name>")
def set_sprint_property(sprint_id: int, name: str) -> Response:
    """Set a Sprint's property."""
    return put_property(find_sprint(site(), sprint_id).properties, name)


@agile_api.delete("/sprint/<int:sprint_id>/properties/<name>")
def delete_sprint_property(sprint_id: int, name: str) -> Response:
    """Delete a Sprint's property."""
    properties = find_sprint(site(), sprint_id).properties
    property_or_404(properties, name)
    del properties[name]
    return nothing()


def _move(sprint_id: int | None) -> Response:
    keys = body().get("issues") or []
    if not 0 < len(keys) <= 50:
        raise bad_request("Between 1 and 50 issues can be moved at once.")
    for issue in [site().issue(str(key)) for key in keys]:
        move_to_sprint(site(), agile_actor(), issue, sprint_id)
    return nothing()


@agile_api.post("/sprint/<int:sprint_id>/issue")
def move_into(sprint_id: int) -> Response:
    """Move issues into an open Sprint."""
    if find_sprint(site(), sprint_id).state == "closed":
        raise bad_request("Issues can only be moved to open or active sprints.")
    return _move(sprint_id)


@agile_api.post("/backlog/issue")
def move_to_backlog() -> Response:
    """Take issues out of their Sprints."""
    return _move(None)


@agile_api.post("/backlog/<int:board_id>/issue")
def move_to_board_backlog(board_id: int) -> Response:
    """Take issues out of their Sprints, on one board."""
    find_board(board_id)
    return _move(None)

"""The Agile API's lists of issues and its epics.

Atlassian has deprecated the lists under `/rest/agile/1.0`. Those under `/rest/software/1.0`
page by token; their shape is that of the jira.js client, no public page describes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.agile_api import agile_actor, find_board
from integration.sandbox.jira.beans import sprint_ids_of
from integration.sandbox.jira.issue_view import IssueView
from integration.sandbox.jira.issues import edit_issue
from integration.sandbox.jira.refusals import not_found
from integration.sandbox.jira.search_api import find_issues
from integration.sandbox.jira.sprints import find_sprint
from integration.sandbox.jira.wire import body, comma, listed, nothing, number, page, site
from integration.sandbox.jira.workflow import is_done

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Response

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Issue

agile_lists_api = Blueprint("agile-lists", __name__, url_prefix="/rest/agile/1.0")


def _issues(keep: Callable[[Issue], bool]) -> Response:
    """Answer with the matching issues; the deprecated lists of the Agile API."""
    jql = request.args.get("jql", "")
    found = [i for i in find_issues(jql or "ORDER BY id", bounded=False) if keep(i)]
    by_token = request.path.startswith("/rest/software")
    start = number("nextPageToken" if by_token else "startAt", 0)
    size = min(number("maxResults", 50), 1000)
    cut = found[start : start + size]
    view = IssueView(site(), "2", listed("fields") or ["*navigable"], comma(listed("expand")))
    beans = [view.bean(issue) for issue in cut]
    if by_token:
        is_last = start + size >= len(found)
        token = {} if is_last else {"nextPageToken": str(start + size)}
        return jsonify({"issues": beans, "isLast": is_last, **token})
    return jsonify(
        {
            "expand": "schema,names",
            "startAt": start,
            "maxResults": size,
            "total": len(found),
            "issues": beans,
        }
    )


@agile_lists_api.get("/sprint/<int:sprint_id>/issue")
def sprint_issues(sprint_id: int) -> Response:
    """List a Sprint's issues (deprecated by Atlassian: JQL does it)."""
    find_sprint(site(), sprint_id)
    return _issues(lambda issue: sprint_id in sprint_ids_of(site(), issue))


@agile_lists_api.get("/board/<int:board_id>/sprint/<int:sprint_id>/issue")
def board_sprint_issues(board_id: int, sprint_id: int) -> Response:
    """List a Sprint's issues on a board (deprecated by Atlassian)."""
    find_board(board_id)
    return sprint_issues(sprint_id)


@agile_lists_api.get("/board/<int:board_id>/issue")
def board_issues(board_id: int) -> Response:
    """List a board's issues (deprecated by Atlassian)."""
    project_id = find_board(board_id).project_id
    return _issues(lambda issue: issue.project_id == project_id)


@agile_lists_api.get("/board/<int:board_id>/backlog")
def backlog(board_id: int) -> Response:
    """List what is in no open Sprint and not done (deprecated by Atlassian)."""
    project_id = find_board(board_id).project_id

    def waits(issue: Issue) -> bool:
        states = {site().sprints[i].state for i in issue.sprint_ids}
        here = issue.project_id == project_id and not states & {"active", "future"}
        return here and not is_done(issue.status_id)

    return _issues(waits)


@agile_lists_api.get("/issue/<key>")
def agile_issue(key: str) -> Response:
    """Show an issue."""
    view = IssueView(site(), "2", listed("fields") or ["*all"], comma(listed("expand")))
    return jsonify(view.bean(site().issue(key)))


def _epic_bean(issue: Issue) -> JsonObject:
    return {
        "id": issue.id,
        "key": issue.key,
        "self": f"{site().base_url}/rest/agile/1.0/epic/{issue.id}",
        "name": issue.values["summary"],
        "summary": issue.values["summary"],
        "color": {"key": "color_4"},
        "done": is_done(issue.status_id),
    }


def _epic(key: str) -> Issue:
    issue = site().issue(key)
    if site().issue_types[issue.type_id].level != 1:
        raise not_found("The requested epic does not exist.")
    return issue


@agile_lists_api.get("/epic/<key>")
def epic(key: str) -> Response:
    """Show an epic."""
    return jsonify(_epic_bean(_epic(key)))


@agile_lists_api.get("/board/<int:board_id>/epic")
def board_epics(board_id: int) -> Response:
    """List a board's epics."""
    project_id = find_board(board_id).project_id
    found = [
        _epic_bean(issue)
        for issue in site().issues.values()
        if issue.project_id == project_id and site().issue_types[issue.type_id].level == 1
    ]
    return page(found)


@agile_lists_api.get("/epic/<key>/issue")
def epic_issues(key: str) -> Response:
    """List an epic's issues (deprecated by Atlassian)."""
    epic_id = _epic(key).id
    return _issues(lambda issue: issue.values.get("parent") == epic_id)


@agile_lists_api.post("/epic/<key>/issue")
def move_to_epic(key: str) -> Response:
    """Put issues under an epic; the epic "none" takes them out."""
    parent_id = None if key == "none" else _epic(key).id
    for issue in [site().issue(str(k)) for k in (body().get("issues") or [])]:
        edit_issue(site(), agile_actor(), issue, {"parent": parent_id})
    return nothing()

"""Issues over REST: create, get, edit, delete, transitions, history, meta, bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.announcements import announce_comment
from integration.sandbox.jira.beans import type_bean
from integration.sandbox.jira.comments_api import add_comment
from integration.sandbox.jira.history import change_bean, changes_of
from integration.sandbox.jira.issue_requests import (
    project_and_type,
    read_properties,
    values_to_create,
    values_to_edit,
)
from integration.sandbox.jira.issue_view import IssueView
from integration.sandbox.jira.issues import (
    Actor,
    create_issue,
    delete_issue,
    edit_issue,
    transition_issue,
)
from integration.sandbox.jira.meta import create_meta, edit_meta
from integration.sandbox.jira.people import find_person
from integration.sandbox.jira.refusals import JiraRefusalError, bad_request
from integration.sandbox.jira.wire import (
    body,
    comma,
    flag,
    listed,
    me,
    nothing,
    only,
    page,
    rest_url,
    site,
    version,
    window,
)
from integration.sandbox.jira.workflow import STATUSES, status_after, transition_bean

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Issue

issues_api = Blueprint("issues", __name__)
_EDIT_KEYS = ("fields", "update", "historyMetadata", "properties", "transition")


def actor() -> Actor:
    """Return who acts, in which version."""
    return Actor(me().account_id, version())


@issues_api.post("/issue")
def create() -> tuple[Response, int]:
    """Create an issue; fields that are not on its create screen are refused."""
    payload = only(body(), *_EDIT_KEYS)
    return jsonify(_created(payload)), 201


def _created(payload: JsonObject) -> JsonObject:
    project, type_id = project_and_type(site(), payload.get("fields") or {})
    values = values_to_create(site(), project, type_id, payload, version())
    issue = create_issue(
        site(), actor(), project, type_id, values, properties=read_properties(payload)
    )
    if wanted := (payload.get("transition") or {}).get("id"):
        status = status_after(wanted)
        if status:
            transition_issue(site(), actor(), issue, status)
    return {"id": str(issue.id), "key": issue.key, "self": rest_url(f"issue/{issue.id}")}


@issues_api.post("/issue/bulk")
def create_many() -> tuple[Response, int]:
    """Create up to 50 issues; what is wrong is refused one by one."""
    made: list[JsonObject] = []
    errors: list[JsonObject] = []
    for number, payload in enumerate((body().get("issueUpdates") or [])[:50]):
        try:
            made.append(_created(payload))
        except JiraRefusalError as refused:
            collection = {"errorMessages": refused.messages, "errors": refused.errors}
            errors.append(
                {"status": 400, "elementErrors": collection, "failedElementNumber": number}
            )
    return jsonify({"issues": made, "errors": errors}), 201 if made else 400


@issues_api.get("/issue/<key>")
def get(key: str) -> Response:
    """Show an issue with all its fields, or with those asked for."""
    issue = site().issue(key)
    return jsonify(_view(issue, listed("fields") or ["*all"], listed("expand")))


def _view(issue: Issue, fields: list[str], expand: list[str]) -> JsonObject:
    view = IssueView(site(), version(), fields, expand, listed("properties"))
    bean = view.bean(issue)
    shown = view.choice.fields(issue)
    if "names" in view.expand:
        bean["names"] = view.names(shown)
    if "schema" in view.expand:
        bean["schema"] = view.schema(shown)
    return bean


@issues_api.put("/issue/<key>")
def edit(key: str) -> Response:
    """Edit fields and properties at once; screens are not asked, as in the real Jira."""
    issue = site().issue(key)
    payload = only(body(), *_EDIT_KEYS)
    if not flag("notifyUsers", default=True) and not me().admin:
        raise JiraRefusalError(
            403, "To discard the user notification either admin or project admin permissions "
            "are required."
        )  # fmt: skip
    values = values_to_edit(site(), issue, payload, version())
    edit_issue(
        site(),
        actor(),
        issue,
        values,
        metadata=payload.get("historyMetadata"),
        properties=read_properties(payload),
    )
    _added_comments(issue, payload)
    if flag("returnIssue"):
        return jsonify(_view(issue, ["*all"], listed("expand")))
    return nothing()


def _added_comments(issue: Issue, payload: JsonObject) -> None:
    for operation in (payload.get("update") or {}).get("comment") or []:
        if "add" in operation:
            announce_comment(site(), "created", issue, add_comment(issue, operation["add"]))


@issues_api.delete("/issue/<key>")
def delete(key: str) -> Response:
    """Delete an issue."""
    issue = site().issue(key)
    delete_issue(site(), actor(), issue, with_subtasks=flag("deleteSubtasks"))
    return nothing()


@issues_api.get("/issue/<key>/transitions")
def transitions(key: str) -> Response:
    """List the transitions; each leads to its status from everywhere."""
    site().issue(key)
    asked = request.args.get("transitionId")
    shown = [transition_bean(site(), s) for s in STATUSES.values()]
    shown = [bean for bean in shown if asked in (None, bean["id"])]
    return jsonify({"expand": "transitions", "transitions": shown})


@issues_api.post("/issue/<key>/transitions")
def transition(key: str) -> Response:
    """Move an issue to another status."""
    issue = site().issue(key)
    payload = only(body(), *_EDIT_KEYS)
    status = status_after((payload.get("transition") or {}).get("id"))
    if status is None:
        raise bad_request("Transition id is not valid for this issue.")
    resolution = {"resolution"}
    fields = {k: v for k, v in (payload.get("fields") or {}).items() if k not in resolution}
    values = values_to_edit(site(), issue, payload | {"fields": fields}, version())
    metadata = payload.get("historyMetadata")
    transition_issue(site(), actor(), issue, status, values=values, metadata=metadata)
    _added_comments(issue, payload)
    return nothing()


@issues_api.put("/issue/<key>/assignee")
def assign(key: str) -> Response:
    """Assign an issue, or take it from everybody for null."""
    issue = site().issue(key)
    payload = body()
    wanted = payload.get("accountId", payload.get("name"))
    person = find_person(site(), wanted)
    if wanted is not None and person is None:
        raise bad_request(assignee=f"User '{wanted}' does not exist.")
    edit_issue(site(), actor(), issue, {"assignee": person.account_id if person else None})
    return nothing()


@issues_api.get("/issue/<key>/changelog")
def changelog(key: str) -> Response:
    """List the history, oldest first."""
    issue = site().issue(key)
    return page([change_bean(site(), c, version()) for c in issue.changes], most=100, top=100)


@issues_api.post("/changelog/bulkfetch")
def changelogs() -> Response:
    """List the histories of up to 1,000 issues, at most 10 fields, oldest first."""
    payload = only(body(), "issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken")
    asked = payload.get("issueIdsOrKeys") or []
    field_ids = payload.get("fieldIds") or []
    if not asked or len(asked) > 1000 or len(field_ids) > 10:
        raise bad_request("Between 1 and 1000 issues and at most 10 fields can be requested.")
    found = {issue.id: issue for key in asked if (issue := issue_or_none(key))}
    rows = [(change, issue) for issue in found.values() for change in changes_of(issue, field_ids)]
    rows.sort(key=lambda row: (row[0].created, row[1].id, row[0].id))
    start = int(payload.get("nextPageToken") or 0)
    size = min(int(payload.get("maxResults") or 1000), 10000)
    grouped: dict[int, list[JsonObject]] = {}
    for change, issue in rows[start : start + size]:
        grouped.setdefault(issue.id, []).append(change_bean(site(), change, version()))
    answer: JsonObject = {
        "issueChangeLogs": [
            {"issueId": str(number), "changeHistories": changes}
            for number, changes in grouped.items()
        ]
    }
    if start + size < len(rows):
        answer["nextPageToken"] = str(start + size)
    return jsonify(answer)


def issue_or_none(key: Json) -> Issue | None:
    """Find an issue, or nothing."""
    try:
        return site().issue(str(key))
    except JiraRefusalError:
        return None


@issues_api.post("/issue/bulkfetch")
def bulk_fetch() -> Response:
    """Show up to 100 issues at once, in the order of their ids."""
    payload = only(body(), "issueIdsOrKeys", "fields", "fieldsByKeys", "expand", "properties")
    asked = payload.get("issueIdsOrKeys") or []
    if not 0 < len(asked) <= 100:
        raise bad_request("The number of issues requested must be between 1 and 100.")
    found = {issue.id: issue for key in asked if (issue := issue_or_none(key))}
    fields = comma(payload.get("fields")) or ["*navigable"]
    expand = comma(payload.get("expand"))
    view = IssueView(site(), version(), fields, expand, comma(payload.get("properties")))
    missing = [str(key) for key in asked if issue_or_none(key) is None]
    text = "Issue does not exist or you do not have permission to see it."
    return jsonify(
        {
            "issues": [view.bean(found[number]) for number in sorted(found)],
            "issueErrors": [{"id": key, "errorMessage": text} for key in missing],
        }
    )


@issues_api.get("/issue/<key>/editmeta")
def edit_metadata(key: str) -> Response:
    """List what an edit may set."""
    return jsonify({"fields": edit_meta(site(), site().issue(key))})


@issues_api.get("/issue/createmeta/<project>/issuetypes")
def create_types(project: str) -> Response:
    """List the issue types of a project."""
    found = site().project(project)
    types = [type_bean(site(), site().issue_types[i], version()) for i in found.issue_type_ids]
    cut, start, size = window(types)
    answer = {"issueTypes": cut, "maxResults": size, "startAt": start, "total": len(types)}
    return jsonify(answer)


@issues_api.get("/issue/createmeta/<project>/issuetypes/<type_id>")
def create_fields(project: str, type_id: str) -> Response:
    """List the fields of a create screen."""
    found = site().project(project)
    if type_id not in found.issue_type_ids:
        raise bad_request(f"The issue type {type_id} is not in the project.")
    cut, start, size = window(fields := create_meta(site(), found, type_id))
    return jsonify({"fields": cut, "maxResults": size, "startAt": start, "total": len(fields)})

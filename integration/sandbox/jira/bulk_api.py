"""Bulk edits over REST: the same values for many issues, and how far a task is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify

from integration.sandbox.jira.issue_requests import values_to_edit
from integration.sandbox.jira.issues import edit_issue
from integration.sandbox.jira.issues_api import actor, issue_or_none
from integration.sandbox.jira.people import full_user
from integration.sandbox.jira.refusals import bad_request
from integration.sandbox.jira.wire import body, me, only, site, stamp, version

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import JsonObject

bulk_api = Blueprint("bulk", __name__, url_prefix="/bulk")
_KEYS = (
    "editedFieldsInput", "selectedActions", "selectedIssueIdsOrKeys", "sendBulkNotification"
)  # fmt: skip


@bulk_api.post("/issues/fields")
def bulk_edit() -> tuple[Response, int]:
    """Set the same numbers, single lines or labels on up to 1,000 issues; done at once."""
    payload = only(body(), *_KEYS)
    keys = payload.get("selectedIssueIdsOrKeys") or []
    chosen = set(payload.get("selectedActions") or [])
    if not 0 < len(keys) <= 1000 or not 0 < len(chosen) <= 200:
        raise bad_request("Between 1 and 1000 issues and 1 to 200 fields can be given.")
    changes = _changes(payload.get("editedFieldsInput") or {}, chosen)
    done: list[int] = []
    for key in keys:
        if issue := issue_or_none(key):
            edit_issue(site(), actor(), issue, values_to_edit(site(), issue, changes, version()))
            done.append(issue.id)
    task_id = site().next_id("task")
    now = stamp(site().now())
    site().tasks[task_id] = {
        "taskId": str(task_id),
        "status": "COMPLETE",
        "progressPercent": 100,
        "submittedBy": full_user(site(), me(), version()),
        "created": now,
        "started": now,
        "updated": now,
        "processedAccessibleIssues": done,
        "invalidOrInaccessibleIssueCount": len(keys) - len(done),
        "totalIssueCount": len(keys),
    }
    return jsonify({"taskId": str(task_id)}), 201


def _changes(given: JsonObject, chosen: set[str]) -> JsonObject:
    """Turn the bulk form into the form of a single edit."""
    fields: JsonObject = {}
    update: JsonObject = {}
    for entry in given.get("clearableNumberFields") or []:
        fields[entry["fieldId"]] = entry.get("value")
    for entry in given.get("singleLineTextFields") or []:
        fields[entry["fieldId"]] = entry.get("text")
    for entry in given.get("labelsFields") or []:
        names = [label["name"] for label in entry.get("labels") or []]
        verb = {"ADD": "add", "REMOVE": "remove"}.get(entry["bulkEditMultiSelectFieldOption"])
        if verb is None:
            fields[entry["fieldId"]] = names
        else:
            update[entry["fieldId"]] = [{verb: name} for name in names]
    return {
        "fields": {name: value for name, value in fields.items() if name in chosen},
        "update": {name: value for name, value in update.items() if name in chosen},
    }


@bulk_api.get("/queue/<int:task_id>")
def progress(task_id: int) -> Response:
    """Show how far a bulk operation is: it is always over."""
    found = site().tasks.get(task_id)
    if found is None or "taskId" not in found:
        raise bad_request("The task associated with this taskId is not a bulk operation task")
    return jsonify(found)

"""Issue properties over REST, one by one and in bulk; project properties."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Blueprint, jsonify

from integration.sandbox.jira.announcements import announce_property
from integration.sandbox.jira.refusals import JiraRefusalError, bad_request, not_found
from integration.sandbox.jira.wire import (
    any_body,
    body,
    me,
    millis,
    nothing,
    only,
    rest_url,
    site,
)

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import Json, JsonObject

properties_api = Blueprint("properties", __name__)
LONGEST_VALUE = 32768


def checked_property(key: str, value: Json) -> Json:
    """Return the value; raises 400 when the key or the value is too long."""
    if len(key) > 255:
        raise bad_request("The property key cannot be longer than 255 characters.")
    if len(json.dumps(value)) > LONGEST_VALUE:
        raise bad_request("The property value cannot be longer than 32768 characters.")
    return value


def put_property(properties: dict[str, Json], key: str) -> Response:
    """Store the request's body under a key: 201 for a new key, 200 for a known one."""
    known = key in properties
    properties[key] = checked_property(key, any_body())
    answer = jsonify({})
    answer.status_code = 200 if known else 201
    return answer


def keys_bean(properties: dict[str, Json], base: str) -> Response:
    """Answer with the keys of a property store."""
    return jsonify({"keys": [{"self": f"{base}/{key}", "key": key} for key in properties]})


def property_or_404(properties: dict[str, Json], key: str) -> Response:
    """Answer with one property; raises 404."""
    if key not in properties:
        raise not_found(f"The property '{key}' does not exist.")
    return jsonify({"key": key, "value": properties[key]})


@properties_api.get("/issue/<key>/properties")
def issue_keys(key: str) -> Response:
    """List the keys of an issue's properties."""
    issue = site().issue(key)
    return keys_bean(issue.properties, rest_url(f"issue/{issue.id}/properties"))


@properties_api.get("/issue/<key>/properties/<name>")
def issue_get(key: str, name: str) -> Response:
    """Show an issue's property."""
    return property_or_404(site().issue(key).properties, name)


@properties_api.put("/issue/<key>/properties/<name>")
def issue_put(key: str, name: str) -> Response:
    """Set an issue's property; the history does not tell of it."""
    issue = site().issue(key)
    answer = put_property(issue.properties, name)
    announce_property(site(), "set", issue, name, issue.properties[name])
    return answer


@properties_api.delete("/issue/<key>/properties/<name>")
def issue_delete(key: str, name: str) -> Response:
    """Delete an issue's property."""
    issue = site().issue(key)
    property_or_404(issue.properties, name)
    announce_property(site(), "deleted", issue, name, issue.properties.pop(name))
    return nothing()


@properties_api.get("/project/<key>/properties")
def project_keys(key: str) -> Response:
    """List the keys of a project's properties."""
    project = site().project(key)
    return keys_bean(project.properties, rest_url(f"project/{project.id}/properties"))


@properties_api.get("/project/<key>/properties/<name>")
def project_get(key: str, name: str) -> Response:
    """Show a project's property."""
    return property_or_404(site().project(key).properties, name)


@properties_api.put("/project/<key>/properties/<name>")
def project_put(key: str, name: str) -> Response:
    """Set a project's property."""
    return put_property(site().project(key).properties, name)


@properties_api.delete("/project/<key>/properties/<name>")
def project_delete(key: str, name: str) -> Response:
    """Delete a project's property."""
    properties = site().project(key).properties
    property_or_404(properties, name)
    del properties[name]
    return nothing()


@properties_api.post("/issue/properties")
def bulk_same() -> Response:
    """Set the same properties on many issues: all or none, reported as a task."""
    payload = only(body(), "entitiesIds", "properties")
    ids = payload.get("entitiesIds") or []
    properties = payload.get("properties") or {}
    if not ids or len(ids) > 10000 or not 0 < len(properties) <= 10:
        raise bad_request("Between 1 and 10000 issues and 1 to 10 properties can be given.")
    return _stored({int(number): properties for number in ids})


@properties_api.post("/issue/properties/multi")
def bulk_different() -> Response:
    """Set different properties on up to 100 issues, reported as a task."""
    entries = only(body(), "issues").get("issues") or []
    if not 0 < len(entries) <= 100:
        raise bad_request("Between 1 and 100 issues can be given.")
    return _stored({int(entry["issueID"]): entry.get("properties") or {} for entry in entries})


def _stored(wanted: dict[int, dict[str, Json]]) -> Response:
    missing = [number for number in wanted if number not in site().issues]
    for properties in wanted.values():
        for key, value in properties.items():
            checked_property(key, value)
    if not missing:
        for number, properties in wanted.items():
            site().issues[number].properties.update(properties)
            for key, value in properties.items():
                announce_property(site(), "set", site().issues[number], key, value)
    return finished_task("Bulk set of issue properties", failed=bool(missing))


def finished_task(description: str, *, failed: bool = False) -> Response:
    """Answer 303 with the address of a task that is already over."""
    task_id = site().next_id("task")
    moment = millis(site().now())
    bean: JsonObject = {
        "self": rest_url(f"task/{task_id}"),
        "id": str(task_id),
        "description": description,
        "status": "FAILED" if failed else "COMPLETE",
        "message": "Some issues do not exist." if failed else "",
        "result": None if failed else "done",
        "submittedBy": sum(map(ord, me().account_id)),
        "progress": 100,
        "elapsedRuntime": 1,
        "submitted": moment,
        "started": moment,
        "finished": moment,
        "lastUpdate": moment,
    }
    site().tasks[task_id] = bean
    answer = jsonify(bean)
    answer.status_code = 303
    answer.headers["Location"] = bean["self"]
    return answer


@properties_api.get("/task/<int:task_id>")
def task(task_id: int) -> Response:
    """Show a task."""
    found = site().tasks.get(task_id)
    if found is None or "progress" not in found:
        raise JiraRefusalError(404, f"The task {task_id} was not found.")
    return jsonify(found)

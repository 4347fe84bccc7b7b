"""Reads `fields` and `update` of create, edit and transition requests; collects all refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.issues import editable
from integration.sandbox.jira.meta import READ_ONLY, on_create_screen
from integration.sandbox.jira.refusals import NOT_ON_SCREEN, JiraRefusalError, bad_request
from integration.sandbox.jira.values import ValueRefusedError, Writer

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Issue, Project, Site


def project_and_type(site: Site, fields: JsonObject) -> tuple[Project, str]:
    """Find where an issue is to be created; raises 400 with Jira's wording per field."""
    given = fields.get("project")
    wanted = given.get("id") or given.get("key") or "" if isinstance(given, dict) else ""
    project = site.find_project(str(wanted)) if wanted else None
    if project is None:
        raise bad_request(project="valid project is required")
    given = fields.get("issuetype")
    named = given.get("id") or given.get("name") or "" if isinstance(given, dict) else ""
    for type_id in project.issue_type_ids:
        if str(named) in (type_id, site.issue_types[type_id].name):
            return project, type_id
    raise bad_request(issuetype="Specify a valid issue type")


def values_to_create(
    site: Site, project: Project, type_id: str, payload: JsonObject, rest_version: str
) -> dict[str, Json]:
    """Return stored values for a new issue; raises 400 naming every field that is wrong."""
    given = dict(payload.get("fields") or {})
    given.pop("project", None)
    given.pop("issuetype", None)
    given = _with_operations(given, payload.get("update") or {}, {})
    errors: dict[str, str] = {}
    for field_id in list(given):
        field = site.fields.get(field_id)
        shown = field is not None and on_create_screen(site, project, type_id, field)
        if not shown or field_id in READ_ONLY:
            errors[field_id] = NOT_ON_SCREEN.format(field_id)
            del given[field_id]
    given.setdefault("summary", None)
    values = _read(Writer(site, project, type_id, rest_version), given, errors)
    level = site.issue_types[type_id].level
    if level < 0 and not values.get("parent"):
        errors.setdefault(
            "parent", "Issue type is a sub-task but parent issue key or id not specified."
        )
    if errors:
        raise JiraRefusalError(400, errors=errors)
    return values


def values_to_edit(
    site: Site, issue: Issue, payload: JsonObject, rest_version: str
) -> dict[str, Json]:
    """Return stored values for an edit; fields that do not apply to the project are refused."""
    update = {key: ops for key, ops in (payload.get("update") or {}).items() if key != "comment"}
    given = _with_operations(dict(payload.get("fields") or {}), update, issue.values)
    errors: dict[str, str] = {}
    for field_id in list(given):
        unchanged_type = field_id in ("issuetype", "project")
        if unchanged_type:
            del given[field_id]
        elif not editable(site, issue, field_id) or field_id in READ_ONLY:
            errors[field_id] = NOT_ON_SCREEN.format(field_id)
            del given[field_id]
    project = site.projects[issue.project_id]
    values = _read(Writer(site, project, issue.type_id, rest_version), given, errors)
    if errors:
        raise JiraRefusalError(400, errors=errors)
    return values


def _read(writer: Writer, given: JsonObject, errors: dict[str, str]) -> dict[str, Json]:
    values: dict[str, Json] = {}
    for field_id, value in given.items():
        try:
            values[field_id] = writer.read(writer.site.fields[field_id], value)
        except ValueRefusedError as refused:
            errors[field_id] = str(refused)
    return values


def _with_operations(given: JsonObject, update: JsonObject, now: dict[str, Json]) -> JsonObject:
    """Fold `update` operations (set, add, remove) into plain values."""
    if not all(isinstance(operations, list) for operations in update.values()):
        raise bad_request("update: each field needs a list of operations.")
    for field_id, operations in update.items():
        if field_id in given:
            message = "Field '{}' cannot be set both in 'fields' and in 'update'."
            raise JiraRefusalError(400, errors={field_id: message.format(field_id)})
        value: Json = now.get(field_id)
        for operation in operations:
            value = _operated(field_id, value, operation)
        given[field_id] = value
    return given


def _operated(field_id: str, value: Json, operation: Json) -> Json:
    if not isinstance(operation, dict) or len(operation) != 1:
        raise JiraRefusalError(400, errors={field_id: "Operation expected: set, add or remove."})
    ((verb, operand),) = operation.items()
    if verb == "set":
        if field_id == "parent" and isinstance(operand, dict) and operand.get("none"):
            return None
        return operand
    current = list(value or [])
    if verb == "add":
        return current if operand in current else [*current, operand]
    if verb == "remove":
        gone = operand.get("id") or operand.get("name") if isinstance(operand, dict) else operand
        return [entry for entry in current if entry not in (operand, gone)]
    raise JiraRefusalError(400, errors={field_id: f"Field '{field_id}' does not support '{verb}'."})


def read_properties(payload: JsonObject) -> dict[str, Json]:
    """Return the properties of a create or edit request; raises 400 for one too long."""
    properties: dict[str, Json] = {}
    for entry in payload.get("properties") or []:
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str):
            raise bad_request("Each property needs a key.")
        properties[entry["key"]] = entry.get("value")
    return properties

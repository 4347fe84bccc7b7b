"""Fields over REST: create, search, contexts with options, association, trash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.fields import (
    applies,
    associate,
    clause_names,
    create_field,
    field_or_404,
    move_to_trash,
    schema_of,
)
from integration.sandbox.jira.properties_api import finished_task
from integration.sandbox.jira.refusals import bad_request
from integration.sandbox.jira.wire import (
    body,
    listed,
    nothing,
    only,
    page,
    require_admin,
    site,
)

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Field

fields_api = Blueprint("fields", __name__)


def _details(field: Field) -> JsonObject:
    bean: JsonObject = {
        "id": field.id,
        "key": field.id,
        "name": field.name,
        "custom": bool(field.custom),
        "orderable": True,
        "navigable": True,
        "searchable": bool(field.searcher) or not field.custom,
        "clauseNames": clause_names(field),
        "schema": schema_of(field),
    }
    if field.team_project_id is not None:
        bean["scope"] = {"type": "PROJECT", "project": {"id": str(field.team_project_id)}}
    return bean


@fields_api.get("/field")
def list_fields() -> Response:
    """List all fields that are not in the trash."""
    return jsonify([_details(field) for field in site().fields.values() if not field.trashed])


@fields_api.post("/field")
def create() -> tuple[Response, int]:
    """Create a custom field; it belongs to no project until it is associated."""
    require_admin()
    payload = only(body(), "name", "description", "type", "searcherKey")
    name, kind = str(payload.get("name") or ""), str(payload.get("type") or "")
    searcher = payload.get("searcherKey")
    field = create_field(site(), name, kind, searcher, payload.get("description") or "")
    return jsonify(_details(field)), 201


def _search_bean(field: Field) -> JsonObject:
    screens = [screen for screen in site().screens.values() if screen.shows(field.id)]
    bean: JsonObject = {
        "id": field.id,
        "key": field.id,
        "name": field.name,
        "schema": schema_of(field),
        "description": field.description,
        "isLocked": field.locked,
        "screensCount": len(screens),
        "contextsCount": len(field.contexts),
        "projectsCount": len(field.project_ids),
        "lastUsed": {"type": "NO_INFORMATION"},
    }
    if field.searcher:
        bean["searcherKey"] = field.searcher
    return bean


@fields_api.get("/field/search")
@fields_api.get("/field/search/trashed")
def search() -> Response:
    """Find fields by id, type and a part of the name or description."""
    trashed = request.path.endswith("/trashed")
    kinds, ids = listed("type"), listed("id")
    text = request.args.get("query", "").casefold()
    found = [
        field
        for field in site().fields.values()
        if field.trashed == trashed
        and field.team_project_id is None
        and (not kinds or ("custom" if field.custom else "system") in kinds)
        and (not ids or field.id in ids)
        and text in f"{field.name} {field.description}".casefold()
    ]
    order = request.args.get("orderBy", "name")
    found.sort(key=lambda field: (field.name.casefold(), field.id), reverse=order.startswith("-"))
    return page([_search_bean(field) for field in found])


@fields_api.put("/field/<field_id>")
def update(field_id: str) -> Response:
    """Rename a custom field or change its description or searcher."""
    require_admin()
    field = field_or_404(site(), field_id)
    payload = only(body(), "name", "description", "searcherKey")
    field.name = payload.get("name") or field.name
    field.description = payload.get("description", field.description)
    field.searcher = payload.get("searcherKey", field.searcher)
    return nothing()


@fields_api.post("/field/<field_id>/trash")
def trash(field_id: str) -> Response:
    """Move a custom field to the trash."""
    require_admin()
    move_to_trash(field_or_404(site(), field_id))
    return jsonify({})


@fields_api.post("/field/<field_id>/restore")
def restore(field_id: str) -> Response:
    """Take a custom field out of the trash."""
    require_admin()
    field_or_404(site(), field_id).trashed = False
    return jsonify({})


@fields_api.delete("/field/<field_id>")
def delete(field_id: str) -> Response:
    """Delete a custom field with all its values; the answer is a finished task."""
    require_admin()
    field = field_or_404(site(), field_id)
    move_to_trash(field)
    del site().fields[field.id]
    for issue in site().issues.values():
        issue.values.pop(field.id, None)
    for screen in site().screens.values():
        for tab in screen.tabs:
            tab.field_ids = [known for known in tab.field_ids if known != field.id]
    return finished_task(f"Delete field {field.id}")


def _association() -> tuple[list[str], list[int]]:
    payload = only(body(), "associationContexts", "fields")
    contexts, fields = payload.get("associationContexts"), payload.get("fields")
    if not contexts or not fields:
        raise bad_request("Both associationContexts and fields are required.")
    if any(entry.get("type") != "PROJECT_ID" for entry in contexts):
        raise bad_request("The association context type must be PROJECT_ID.")
    if any(entry.get("type") != "FIELD_ID" for entry in fields):
        raise bad_request("The field type must be FIELD_ID.")
    try:
        project_ids = [int(entry["identifier"]) for entry in contexts]
    except (KeyError, ValueError, TypeError):
        raise bad_request("The project identifier must be a number.") from None
    return [str(entry.get("identifier")) for entry in fields], project_ids


@fields_api.put("/field/association")
def add_association() -> Response:
    """Associate fields with projects."""
    require_admin()
    associate(site(), *_association())
    return nothing()


@fields_api.delete("/field/association")
def remove_association() -> Response:
    """Take fields away from projects; values stay."""
    require_admin()
    field_ids, project_ids = _association()
    for field_id in field_ids:
        field_or_404(site(), field_id).project_ids.difference_update(project_ids)
    return nothing()


@fields_api.get("/projects/fields")
def project_fields() -> Response:
    """List the fields which work types have in projects."""
    project_ids, type_ids, wanted = listed("projectId"), listed("workTypeId"), listed("fieldId")
    if not project_ids or not type_ids:
        raise bad_request("projectId and workTypeId are required.")
    rows: list[JsonObject] = []
    for project_id in project_ids:
        project = site().project(project_id)
        for type_id in set(type_ids) & set(project.issue_type_ids):
            rows.extend(
                {
                    "fieldId": field.id,
                    "projectId": project.id,
                    "workTypeId": int(type_id),
                    "isRequired": field.id == "summary",
                    "description": field.description,
                }
                for field in site().fields.values()
                if applies(field, project, type_id) and (not wanted or field.id in wanted)
            )
    return page(rows, top=100)

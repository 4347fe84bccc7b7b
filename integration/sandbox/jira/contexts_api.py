"""Field contexts and their options over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.jira.fields import field_or_404
from integration.sandbox.jira.refusals import JiraRefusalError, bad_request, not_found
from integration.sandbox.jira.state import FieldContext
from integration.sandbox.jira.wire import body, listed, nothing, only, page, require_admin, site

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Field

contexts_api = Blueprint("contexts", __name__, url_prefix="/field/<field_id>/context")
GLOBAL_IS_GLOBAL = "The global context cannot be given projects or issue types."


def _field(field_id: str) -> Field:
    require_admin()
    return field_or_404(site(), field_id)


def _context(field_id: str, context_id: int) -> FieldContext:
    for context in _field(field_id).contexts:
        if context.id == context_id:
            return context
    raise not_found(f"The context {context_id} was not found.")


def _asked(field: Field) -> list[FieldContext]:
    ids = listed("contextId")
    return [context for context in field.contexts if not ids or str(context.id) in ids]


@contexts_api.get("")
def contexts(field_id: str) -> Response:
    """List a field's contexts."""
    beans = [
        {
            "id": str(context.id),
            "name": context.name,
            "description": context.description,
            "isGlobalContext": context.is_global,
            "isAnyIssueType": not context.issue_type_ids,
        }
        for context in _asked(_field(field_id))
        if request.args.get("isGlobalContext") in (None, str(context.is_global).lower())
    ]
    return page(beans)


@contexts_api.post("")
def create(field_id: str) -> tuple[Response, int]:
    """Create a context; no projects make it global, of which there can be one."""
    field = _field(field_id)
    payload = only(body(), "name", "description", "projectIds", "issueTypeIds", "id")
    name = str(payload.get("name") or "")
    project_ids = _project_ids(payload.get("projectIds") or [])
    if not name:
        raise bad_request("The context name is required.")
    if not project_ids and any(context.is_global for context in field.contexts):
        raise JiraRefusalError(409, "A global context already exists for this field.")
    _refuse_taken(field, project_ids)
    context = FieldContext(
        site().next_id("context"),
        name,
        payload.get("description") or "",
        project_ids,
        set(map(str, payload.get("issueTypeIds") or [])),
        not project_ids,
    )
    field.contexts.append(context)
    bean = {
        "id": str(context.id),
        "name": name,
        "description": context.description,
        "projectIds": [str(number) for number in sorted(project_ids)],
        "issueTypeIds": sorted(context.issue_type_ids),
    }
    return jsonify(bean), 201


def _project_ids(given: list[Json]) -> set[int]:
    return {site().project(str(number)).id for number in given}


def _refuse_taken(field: Field, project_ids: set[int]) -> None:
    if any(project_ids & context.project_ids for context in field.contexts):
        raise bad_request("These projects already have a context of this field.")


@contexts_api.put("/<int:context_id>")
def update(field_id: str, context_id: int) -> Response:
    """Rename a context."""
    context = _context(field_id, context_id)
    payload = only(body(), "name", "description")
    context.name = payload.get("name") or context.name
    context.description = payload.get("description", context.description)
    return nothing()


@contexts_api.delete("/<int:context_id>")
def delete(field_id: str, context_id: int) -> Response:
    """Delete a context."""
    _field(field_id).contexts.remove(_context(field_id, context_id))
    return nothing()


@contexts_api.put("/<int:context_id>/project")
def add_projects(field_id: str, context_id: int) -> Response:
    """Give a context projects; the global one takes none (since April 2026)."""
    context = _context(field_id, context_id)
    project_ids = _project_ids(only(body(), "projectIds").get("projectIds") or [])
    if context.is_global:
        raise bad_request(GLOBAL_IS_GLOBAL)
    _refuse_taken(_field(field_id), project_ids)
    context.project_ids |= project_ids
    return nothing()


@contexts_api.put("/<int:context_id>/issuetype")
def add_types(field_id: str, context_id: int) -> Response:
    """Give a context issue types; the global one takes none (since April 2026)."""
    context = _context(field_id, context_id)
    if context.is_global:
        raise bad_request(GLOBAL_IS_GLOBAL)
    context.issue_type_ids |= set(map(str, body().get("issueTypeIds") or []))
    return nothing()


@contexts_api.get("/projectmapping")
def project_mapping(field_id: str) -> Response:
    """List which projects the contexts are for."""
    rows: list[JsonObject] = []
    for context in _asked(_field(field_id)):
        if context.is_global:
            rows.append({"contextId": str(context.id), "isGlobalContext": True})
        rows.extend(
            {"contextId": str(context.id), "projectId": str(number)}
            for number in sorted(context.project_ids)
        )
    return page(rows)


@contexts_api.get("/issuetypemapping")
def type_mapping(field_id: str) -> Response:
    """List which issue types the contexts are for."""
    rows: list[JsonObject] = []
    for context in _asked(_field(field_id)):
        if not context.issue_type_ids:
            rows.append({"contextId": str(context.id), "isAnyIssueType": True})
        rows.extend(
            {"contextId": str(context.id), "issueTypeId": type_id}
            for type_id in sorted(context.issue_type_ids)
        )
    return page(rows)


@contexts_api.get("/<int:context_id>/option")
def options(field_id: str, context_id: int) -> Response:
    """List a context's options."""
    return page(_context(field_id, context_id).options, most=100)


@contexts_api.post("/<int:context_id>/option")
def add_options(field_id: str, context_id: int) -> Response:
    """Add options to a choice field: at most 1,000 at once, no value twice."""
    context = _context(field_id, context_id)
    field = _field(field_id)
    given = only(body(), "options").get("options") or []
    if "option" not in (field.kind, field.items):
        raise bad_request("This field does not take options.")
    if not 0 < len(given) <= 1000:
        raise bad_request("Between 1 and 1000 options can be added at once.")
    values = [str(option.get("value") or "") for option in given]
    known = {option["value"] for option in context.options}
    if len(set(values)) < len(values) or known & set(values) or "" in values:
        raise bad_request("The option values must be unique and not empty.")
    made = [
        {
            "id": str(site().next_id("option")),
            "value": str(option["value"]),
            "disabled": bool(option.get("disabled")),
        }
        for option in given
    ]
    context.options.extend(made)
    return jsonify({"options": made})

"""Says which fields may be set when an issue is created or edited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.beans import project_bean, type_bean
from integration.sandbox.jira.fields import applies, applying_fields, context_of, schema_of
from integration.sandbox.jira.seed import create_screen
from integration.sandbox.jira.workflow import PRIORITIES, priority_bean

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Field, Issue, Project, Site

READ_ONLY = {
    "status", "statusCategory", "creator", "created", "updated", "resolutiondate", "project",
    "subtasks", "issuelinks", "attachment", "customfield_10019", "resolution",
}  # fmt: skip
ALWAYS = {"project", "issuetype", "summary"}


def on_create_screen(site: Site, project: Project, type_id: str, field: Field) -> bool:
    """Tell whether the field may be given when an issue of this type is created."""
    if field.id in ALWAYS:
        return True
    if not applies(field, project, type_id):
        return False
    return create_screen(site, project, type_id).shows(field.id)


def create_meta(site: Site, project: Project, type_id: str) -> list[JsonObject]:
    """Return the fields of the create screen."""
    shown = [
        field
        for field in site.fields.values()
        if on_create_screen(site, project, type_id, field)
        and field.id not in READ_ONLY - {"project"}
    ]
    return [{"fieldId": field.id, **_meta(site, field, project, type_id)} for field in shown]


def edit_meta(site: Site, issue: Issue) -> JsonObject:
    """Return the fields that an edit may set: those on the screen; more are taken by PUT."""
    project = site.projects[issue.project_id]
    screen = create_screen(site, project, issue.type_id)
    return {
        field.id: _meta(site, field, project, issue.type_id)
        for field in applying_fields(site, issue)
        if field.id not in READ_ONLY and (screen.shows(field.id) or field.id == "comment")
    }


def _meta(site: Site, field: Field, project: Project, type_id: str) -> JsonObject:
    meta: JsonObject = {
        "required": field.id in ALWAYS,
        "schema": schema_of(field),
        "name": field.name,
        "key": field.id,
        "hasDefaultValue": False,
        "operations": ["add", "set", "remove"] if field.kind == "array" else ["set"],
    }
    allowed = _allowed(site, field, project, type_id)
    if allowed is not None:
        meta["allowedValues"] = allowed
    return meta


def _allowed(site: Site, field: Field, project: Project, type_id: str) -> list[Json] | None:
    if field.id == "project":
        return [project_bean(site, project)]
    if field.id == "issuetype":
        return [type_bean(site, site.issue_types[type_id])]
    if field.id == "priority":
        return [priority_bean(site, priority_id) for priority_id in PRIORITIES]
    if field.id in ("components", "fixVersions"):
        return list(project.components if field.id == "components" else project.versions)
    if "option" in (field.kind, field.items):
        context = context_of(field, project.id, type_id)
        options = context.options if context else []
        return [{"id": option["id"], "value": option["value"]} for option in options]
    return None

"""Which fields there are, where they apply, and how custom ones are made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from integration.sandbox.jira.refusals import JiraRefusalError, bad_request, not_found
from integration.sandbox.jira.state import Field, FieldContext

if TYPE_CHECKING:
    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Issue, Project, Site

PREFIX = "com.atlassian.jira.plugin.system.customfieldtypes:"
SPRINT_FIELD = "customfield_10020"
POINTS_FIELD = "customfield_10016"
RANK_FIELD = "customfield_10019"
FIRST_CUSTOM_NUMBER = 10100


class CustomType(NamedTuple):
    """The schema and the searchers of a custom field type."""

    kind: str
    items: str | None
    searchers: tuple[str, ...]


CUSTOM_TYPES = {
    "float": CustomType("number", None, ("exactnumber", "numberrange")),
    "textfield": CustomType("string", None, ("textsearcher",)),
    "textarea": CustomType("string", None, ("textsearcher",)),
    "readonlyfield": CustomType("string", None, ("textsearcher",)),
    "url": CustomType("string", None, ("exacttextsearcher",)),
    "select": CustomType("option", None, ("multiselectsearcher",)),
    "radiobuttons": CustomType("option", None, ("multiselectsearcher",)),
    "multiselect": CustomType("array", "option", ("multiselectsearcher",)),
    "multicheckboxes": CustomType("array", "option", ("multiselectsearcher",)),
    "datepicker": CustomType("date", None, ("daterange",)),
    "datetime": CustomType("datetime", None, ("datetimerange",)),
    "labels": CustomType("array", "string", ("labelsearcher",)),
    "userpicker": CustomType("user", None, ("userpickergroupsearcher",)),
}

SYSTEM_FIELDS = (
    Field("summary", "Summary", "string"),
    Field("description", "Description", "string"),
    Field("environment", "Environment", "string"),
    Field("issuetype", "Issue Type", "issuetype"),
    Field("project", "Project", "project"),
    Field("status", "Status", "status"),
    Field("statusCategory", "Status Category", "statusCategory"),
    Field("priority", "Priority", "priority"),
    Field("labels", "Labels", "array", "string"),
    Field("assignee", "Assignee", "user"),
    Field("reporter", "Reporter", "user"),
    Field("creator", "Creator", "user"),
    Field("created", "Created", "datetime"),
    Field("updated", "Updated", "datetime"),
    Field("duedate", "Due date", "date"),
    Field("resolution", "Resolution", "resolution"),
    Field("resolutiondate", "Resolved", "datetime"),
    Field("parent", "Parent", "issuelink"),
    Field("subtasks", "Sub-tasks", "array", "issuelinks"),
    Field("issuelinks", "Linked Issues", "array", "issuelinks"),
    Field("components", "Components", "array", "component"),
    Field("fixVersions", "Fix versions", "array", "version"),
    Field("comment", "Comment", "comments-page"),
    Field("attachment", "Attachment", "array", "attachment"),
)
GIVEN_FIELDS = (
    Field(SPRINT_FIELD, "Sprint", "array", "json", "com.pyxis.greenhopper.jira:gh-sprint",
          "com.pyxis.greenhopper.jira:gh-sprint-searcher", locked=True),
    Field(POINTS_FIELD, "Story point estimate", "number", None,
          "com.pyxis.greenhopper.jira:jsw-story-points", PREFIX + "numberrange", locked=True),
    Field(RANK_FIELD, "Rank", "any", None, "com.pyxis.greenhopper.jira:gh-lexo-rank",
          "com.pyxis.greenhopper.jira:gh-lexo-rank-searcher", locked=True),
)  # fmt: skip
RICH_TEXT = ("description", "environment")
NOT_NAVIGABLE = {"comment", "attachment"}


def is_rich_text(field: Field) -> bool:
    """Tell whether v3 writes the field's value as ADF."""
    return field.id in RICH_TEXT or field.custom == PREFIX + "textarea"


def find_field(site: Site, name_or_id: str) -> Field | None:
    """Find a field by id, `cf[N]` or name (any case)."""
    found = site.fields.get(name_or_id)
    if found or name_or_id.startswith("customfield_"):
        return found
    wanted = name_or_id.casefold()
    if wanted.startswith("cf[") and wanted.endswith("]"):
        return site.fields.get(f"customfield_{wanted[3:-1]}")
    return next((f for f in site.fields.values() if f.name.casefold() == wanted), None)


def field_or_404(site: Site, field_id: str) -> Field:
    """Find a custom field by id; raises 404."""
    found = site.fields.get(field_id)
    if found is None or not found.custom:
        raise not_found(f"The custom field was not found: {field_id}.")
    return found


def create_field(
    site: Site, name: str, type_key: str, searcher: str | None = None, description: str = ""
) -> Field:
    """Create a custom field with a global context, associated with no project.

    Since January 2026 a field made by the API belongs to no project until it is associated.
    Raises 400 for an unknown type or a searcher that does not fit it.
    """
    custom_type = CUSTOM_TYPES.get(type_key.removeprefix(PREFIX))
    if custom_type is None or not type_key.startswith(PREFIX):
        raise bad_request(type=f"The custom field type '{type_key}' is not valid.")
    if searcher and searcher.removeprefix(PREFIX) not in custom_type.searchers:
        raise bad_request(
            searcherKey=f"The searcher '{searcher}' is not valid for this field type."
        )
    if not name.strip() or len(name) > 255:
        raise bad_request(name="The field name is required and has at most 255 characters.")
    number = site.next_id("field", FIRST_CUSTOM_NUMBER)
    created = Field(
        id=f"customfield_{number}",
        name=name.strip(),
        kind=custom_type.kind,
        items=custom_type.items,
        custom=type_key,
        searcher=searcher,
        description=description,
    )
    title = f"Default Configuration Scheme for {created.name}"
    created.contexts.append(FieldContext(site.next_id("context"), title, is_global=True))
    site.fields[created.id] = created
    return created


def applies(field: Field, project: Project, type_id: str) -> bool:
    """Tell whether issues of this type in this project have the field at all."""
    if field.trashed:
        return False
    if not field.custom or field.locked:
        return True
    if project.style == "next-gen" or field.team_project_id is not None:
        return field.team_project_id == project.id
    return project.id in field.project_ids and context_of(field, project.id, type_id) is not None


def context_of(field: Field, project_id: int, type_id: str) -> FieldContext | None:
    """Return the context that rules the field there: the project's own before the global one."""
    for context in sorted(field.contexts, key=lambda context: not context.project_ids):
        here = project_id in context.project_ids or not context.project_ids
        if here and (not context.issue_type_ids or type_id in context.issue_type_ids):
            return context
    return None


def applying_fields(site: Site, issue: Issue) -> list[Field]:
    """Return the fields that an issue has, system fields first."""
    project = site.projects[issue.project_id]
    return [field for field in site.fields.values() if applies(field, project, issue.type_id)]


def associate(site: Site, field_ids: list[str], project_ids: list[int]) -> None:
    """Make company-managed projects show fields; raises 400 or 404 and then changes nothing."""
    if len(field_ids) > 50 or len(project_ids) > 100:
        raise bad_request("At most 50 fields and 100 projects can be associated in one request.")
    fields = [field_or_404(site, field_id) for field_id in field_ids]
    for project_id in project_ids:
        project = site.projects.get(project_id)
        if project is None:
            raise not_found(f"The project was not found: {project_id}.")
        if project.style == "next-gen":
            raise bad_request("Fields cannot be associated with team-managed projects.")
    for field in fields:
        if field.team_project_id is not None:
            raise bad_request(f"The field {field.id} belongs to a team-managed project.")
        field.project_ids.update(project_ids)


def schema_of(field: Field) -> JsonObject:
    """Return the field's JSON type."""
    schema: JsonObject = {"type": field.kind}
    if field.items:
        schema["items"] = field.items
    if field.custom:
        schema["custom"] = field.custom
        schema["customId"] = field.number
    else:
        schema["system"] = field.id
    return schema


def clause_names(field: Field) -> list[str]:
    """Return the names that JQL knows the field by."""
    if field.custom:
        return [f"cf[{field.number}]", field.name]
    other = {"issuetype": ["issuetype", "type"], "resolutiondate": ["resolved", "resolutiondate"]}
    return other.get(field.id, [field.id])


def move_to_trash(field: Field) -> None:
    """Trash a custom field; locked fields stay. Raises 403."""
    if field.locked:
        raise JiraRefusalError(403, "This field is locked and cannot be trashed.")
    field.trashed = True

"""Creates, edits, moves and deletes issues; each change is one history entry and one event."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, NamedTuple

from integration.sandbox.jira.announcements import announce_issue
from integration.sandbox.jira.fields import SPRINT_FIELD, applies
from integration.sandbox.jira.history import (
    change_item,
    resolution_item,
    sprint_item,
    status_item,
)
from integration.sandbox.jira.refusals import bad_request
from integration.sandbox.jira.state import Change, Issue
from integration.sandbox.jira.workflow import FIRST_STATUS, Status, is_done

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Project, Site


class Actor(NamedTuple):
    """Who does it, and in which REST version they speak."""

    account_id: str
    rest_version: str


def touch(site: Site, issue: Issue) -> None:
    """Mark an issue as changed now; keep what search shows while the index lags."""
    if site.weather.search_lag_s:
        age = (site.now() - issue.updated).total_seconds()
        if age >= site.weather.search_lag_s:
            seen = copy(issue)
            seen.values = dict(issue.values)
            seen.sprint_ids = list(issue.sprint_ids)
            seen.before = None
            issue.before = seen
    issue.updated = site.now()


def record(
    site: Site,
    issue: Issue,
    actor: str,
    items: list[JsonObject],
    metadata: JsonObject | None = None,
) -> Change:
    """Append a history entry."""
    change = Change(site.next_id("change"), actor, site.now(), items, metadata)
    issue.changes.append(change)
    return change


def create_issue(
    site: Site,
    actor: Actor,
    project: Project,
    type_id: str,
    values: dict[str, Json],
    *,
    properties: dict[str, Json] | None = None,
) -> Issue:
    """Add an issue with stored values and tell about it; the values were checked before."""
    project.last_number += 1
    now = site.now()
    key = f"{project.key}-{project.last_number}"
    issue = Issue(
        site.next_id("issue"), key, project.id, type_id, FIRST_STATUS, actor.account_id, now, now
    )
    sprint_id = values.pop(SPRINT_FIELD, None)
    issue.values = {"labels": [], "reporter": actor.account_id, "priority": "3"} | {
        field_id: value for field_id, value in values.items() if value is not None
    }
    site.issues[issue.id] = issue
    site.ids_by_key[issue.key] = issue.id
    if parent := issue.values.get("parent"):
        site.ids_by_parent[parent].add(issue.id)
    if sprint_id is not None:
        issue.sprint_ids = [sprint_id]
        site.ids_by_sprint[sprint_id].add(issue.id)
    issue.properties.update(properties or {})
    announce_issue(site, "created", issue, actor.account_id)
    return issue


def apply_values(site: Site, issue: Issue, values: dict[str, Json]) -> list[JsonObject]:
    """Set stored values; return the history items of those that differ from before."""
    items: list[JsonObject] = []
    for field_id, value in values.items():
        field = site.fields[field_id]
        if field_id == SPRINT_FIELD:
            items.extend(_put_in_sprint(site, issue, value))
            continue
        before = issue.values.get(field_id)
        if before == value or (not before and value == []):
            continue
        items.append(change_item(site, field, before, value))
        if field_id == "parent":
            site.ids_by_parent[before or 0].discard(issue.id)
            site.ids_by_parent[value or 0].add(issue.id)
        if value is None:
            issue.values.pop(field_id, None)
        else:
            issue.values[field_id] = value
    return items


def edit_issue(
    site: Site,
    actor: Actor,
    issue: Issue,
    values: dict[str, Json],
    *,
    metadata: JsonObject | None = None,
    properties: dict[str, Json] | None = None,
) -> None:
    """Set values and properties in one change with one history entry and one event.

    Nothing is recorded or told when nothing differs, as in the real Jira.
    """
    had = issue.updated
    touch(site, issue)
    items = apply_values(site, issue, values)
    issue.properties.update(properties or {})
    if not items:
        issue.updated = had
        return
    change = record(site, issue, actor.account_id, items, metadata)
    how = "issue_assigned" if [i["fieldId"] for i in items] == ["assignee"] else "issue_updated"
    announce_issue(site, "updated", issue, actor.account_id, change, how=how)


def transition_issue(
    site: Site,
    actor: Actor,
    issue: Issue,
    status: Status,
    *,
    values: dict[str, Json] | None = None,
    metadata: JsonObject | None = None,
) -> None:
    """Move an issue to a status; reaching Done sets the resolution, leaving it clears it."""
    touch(site, issue)
    items = apply_values(site, issue, values or {})
    if status.id != issue.status_id:
        items.append(status_item(issue.status_id, status.id))
        done, was_done = is_done(status.id), issue.resolved is not None
        issue.status_id = status.id
        if done != was_done:
            issue.resolved = site.now() if done else None
            items.append(resolution_item(done=done))
    if items:
        change = record(site, issue, actor.account_id, items, metadata)
        announce_issue(site, "updated", issue, actor.account_id, change, how="issue_generic")


def _put_in_sprint(site: Site, issue: Issue, sprint_id: int | None) -> list[JsonObject]:
    """Move the issue to another Sprint or the backlog; closed Sprints stay listed."""
    before = list(issue.sprint_ids)
    after = [i for i in before if site.sprints[i].state == "closed" and i != sprint_id]
    if sprint_id is not None:
        after.append(sprint_id)
    if after == before:
        return []
    for number in before:
        site.ids_by_sprint[number].discard(issue.id)
    for number in after:
        site.ids_by_sprint[number].add(issue.id)
    issue.sprint_ids = after
    return [sprint_item(site, site.fields[SPRINT_FIELD], before, after)]


def move_to_sprint(site: Site, actor: Actor, issue: Issue, sprint_id: int | None) -> None:
    """Move an issue into a Sprint, or into the backlog for None."""
    edit_issue(site, actor, issue, {SPRINT_FIELD: sprint_id})


def delete_issue(site: Site, actor: Actor, issue: Issue, *, with_subtasks: bool) -> None:
    """Delete an issue; raises 400 when it has sub-tasks and they are not to go with it."""
    subtasks = [c for c in site.children(issue) if site.issue_types[c.type_id].level < 0]
    if subtasks and not with_subtasks:
        raise bad_request(
            f"The issue '{issue.key}' has subtasks.  You must specify the 'deleteSubtasks' "
            "parameter to delete this issue and all its subtasks."
        )
    for subtask in subtasks:
        delete_issue(site, actor, subtask, with_subtasks=True)
    for child in list(site.children(issue)):
        child.values.pop("parent", None)
    announce_issue(site, "deleted", issue, actor.account_id)
    del site.issues[issue.id]
    del site.ids_by_key[issue.key]
    site.ids_by_parent[issue.values.get("parent") or 0].discard(issue.id)
    for sprint_id in issue.sprint_ids:
        site.ids_by_sprint[sprint_id].discard(issue.id)


def editable(site: Site, issue: Issue, field_id: str) -> bool:
    """Tell whether PUT may set the field: screens are not asked, but the field must apply."""
    field = site.fields.get(field_id)
    return field is not None and applies(field, site.projects[issue.project_id], issue.type_id)

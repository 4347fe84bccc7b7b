"""Writes issues as the REST API shows them, field by field, in version 2 or 3."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.adf_to_wiki import adf_to_wiki
from integration.sandbox.jira.fields import is_rich_text
from integration.sandbox.jira.people import avatars, user_bean
from integration.sandbox.jira.wire import stamp, stamp_or_none
from integration.sandbox.jira.workflow import (
    STATUSES,
    category_bean,
    priority_bean,
    resolution_bean,
    status_bean,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import (
        Comment,
        Field,
        Issue,
        IssueType,
        Project,
        Site,
        Sprint,
    )


def type_bean(site: Site, issue_type: IssueType, rest_version: str = "3") -> JsonObject:
    """Return an issue type."""
    bean: JsonObject = {
        "self": f"{site.base_url}/rest/api/{rest_version}/issuetype/{issue_type.id}",
        "id": issue_type.id,
        "description": "",
        "iconUrl": f"{site.base_url}/images/icons/issuetypes/{issue_type.name.lower()}.svg",
        "name": issue_type.name,
        "subtask": issue_type.level < 0,
        "hierarchyLevel": issue_type.level,
    }
    if issue_type.project_id is not None:
        bean["scope"] = {"type": "PROJECT", "project": {"id": str(issue_type.project_id)}}
    return bean


def project_bean(site: Site, project: Project, rest_version: str = "3") -> JsonObject:
    """Return a project as issues show it."""
    return {
        "self": f"{site.base_url}/rest/api/{rest_version}/project/{project.id}",
        "id": str(project.id),
        "key": project.key,
        "name": project.name,
        "projectTypeKey": "software",
        "simplified": project.style == "next-gen",
        "avatarUrls": avatars(site, f"project/{project.id}"),
    }


def sprint_value(sprint: Sprint) -> JsonObject:
    """Return a Sprint as it stands in an issue's Sprint field."""
    value: JsonObject = {
        "id": sprint.id,
        "name": sprint.name,
        "state": sprint.state,
        "boardId": sprint.board_id,
        "goal": sprint.goal or "",
    }
    dates = (("startDate", sprint.start), ("endDate", sprint.end))
    for name, instant in (*dates, ("completeDate", sprint.completed)):
        if instant:
            value[name] = stamp(instant).replace("+0000", "Z")
    return value


def sprint_ids_of(site: Site, issue: Issue) -> list[int]:
    """Return the Sprints an issue is or was in; a sub-task is where its parent is."""
    if site.issue_types[issue.type_id].level < 0 and (parent := issue.values.get("parent")):
        return site.issues[parent].sprint_ids if parent in site.issues else []
    return issue.sprint_ids


class IssueWriter:
    """Writes fields of issues in one REST version."""

    def __init__(self, site: Site, rest_version: str) -> None:
        """Remember the site and the version."""
        self.site = site
        self.rest_version = rest_version
        self._computed: dict[str, Callable[[Issue], Json]] = {
            "status": lambda issue: status_bean(site, issue.status_id),
            "statusCategory": lambda i: category_bean(site, STATUSES[i.status_id].category),
            "issuetype": lambda i: type_bean(site, site.issue_types[i.type_id], rest_version),
            "project": lambda i: project_bean(site, site.projects[i.project_id], rest_version),
            "creator": lambda issue: user_bean(site, issue.creator, rest_version),
            "created": lambda issue: stamp(issue.created),
            "updated": lambda issue: stamp(issue.updated),
            "resolution": lambda issue: resolution_bean(site) if issue.resolved else None,
            "resolutiondate": lambda issue: stamp_or_none(issue.resolved),
            "subtasks": self._subtasks,
            "parent": self._parent,
            "issuelinks": lambda _issue: [],
            "attachment": lambda issue: issue.attachments,
            "comment": self._comments,
            "customfield_10019": lambda issue: f"0|i{issue.id:05x}:",
            "customfield_10020": self._sprints,
        }

    def value(self, issue: Issue, field: Field) -> Json:
        """Return one field's value as the API shows it."""
        computed = self._computed.get(field.id)
        if computed:
            return computed(issue)
        stored = issue.values.get(field.id)
        if field.kind == "array":
            return self._array(issue, field, stored or [])
        if stored is None:
            return None
        if is_rich_text(field):
            return adf_to_wiki(stored) if self.rest_version == "2" else stored
        if field.kind == "user":
            return user_bean(self.site, stored, self.rest_version)
        if field.kind == "priority":
            return priority_bean(self.site, stored)
        if field.kind == "option":
            return self._option(stored)
        return stored

    def _option(self, stored: JsonObject) -> JsonObject:
        address = f"{self.site.base_url}/rest/api/{self.rest_version}/customFieldOption/"
        return {"self": address + stored["id"], **stored}

    def _array(self, issue: Issue, field: Field, stored: list[Json]) -> Json:
        if field.items == "option":
            return [self._option(option) for option in stored] or None
        if field.items in ("component", "version"):
            project = self.site.projects[issue.project_id]
            known = project.components if field.items == "component" else project.versions
            return [entry for entry in known if entry["id"] in stored]
        return stored if stored or not field.custom else None

    def _sprints(self, issue: Issue) -> Json:
        ids = sprint_ids_of(self.site, issue)
        return [sprint_value(self.site.sprints[i]) for i in ids if i in self.site.sprints] or None

    def brief(self, issue: Issue) -> JsonObject:
        """Return an issue as others refer to it."""
        base = f"{self.site.base_url}/rest/api/{self.rest_version}/issue/{issue.id}"
        names = ("summary", "status", "priority", "issuetype")
        fields = {name: self.value(issue, self.site.fields[name]) for name in names}
        return {"id": str(issue.id), "key": issue.key, "self": base, "fields": fields}

    def _parent(self, issue: Issue) -> Json:
        parent = self.site.issues.get(issue.values.get("parent") or 0)
        return self.brief(parent) if parent else None

    def _subtasks(self, issue: Issue) -> Json:
        children = self.site.children(issue)
        return [self.brief(c) for c in children if self.site.issue_types[c.type_id].level < 0]

    def _comments(self, issue: Issue) -> Json:
        comments = [self.comment(issue, comment) for comment in issue.comments]
        base = f"{self.site.base_url}/rest/api/{self.rest_version}/issue/{issue.id}/comment"
        total = len(comments)
        return {
            "comments": comments, "self": base, "maxResults": total, "total": total, "startAt": 0
        }  # fmt: skip

    def comment(self, issue: Issue, comment: Comment) -> JsonObject:
        """Return a comment: ADF in version 3, wiki markup in version 2."""
        base = f"{self.site.base_url}/rest/api/{self.rest_version}/issue/{issue.id}/comment"
        bean: JsonObject = {
            "self": f"{base}/{comment.id}",
            "id": str(comment.id),
            "author": user_bean(self.site, comment.author, self.rest_version),
            "body": adf_to_wiki(comment.body) if self.rest_version == "2" else comment.body,
            "updateAuthor": user_bean(self.site, comment.update_author, self.rest_version),
            "created": stamp(comment.created),
            "updated": stamp(comment.updated),
            "jsdPublic": True,
        }
        if comment.visibility:
            bean["visibility"] = comment.visibility
        return bean

"""Chooses what of an issue is shown: fields, names, schema, changelog, properties, transitions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.beans import IssueWriter
from integration.sandbox.jira.fields import (
    NOT_NAVIGABLE,
    applies,
    applying_fields,
    find_field,
    schema_of,
)
from integration.sandbox.jira.history import change_bean
from integration.sandbox.jira.meta import edit_meta
from integration.sandbox.jira.rich_html import rendered_fields
from integration.sandbox.jira.workflow import STATUSES, transition_bean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.state import Field, Issue, Site


class FieldChoice:
    """Which fields a request asked for: names, `*all`, `*navigable`, and `-name` to leave out."""

    def __init__(self, site: Site, asked: Sequence[str]) -> None:
        """Read the list as Jira does; unknown names are ignored."""
        self._site = site
        minus = {name[1:] for name in asked if name.startswith("-")}
        named = [name for name in asked if not name.startswith(("-", "*"))]
        self.everything = "*all" in asked or (bool(minus) and not named and "*" not in str(asked))
        self.navigable = "*navigable" in asked
        found = (find_field(site, name) for name in named if name != "id")
        self.named: list[Field] = [field for field in found if field is not None]
        self.minus = {field.id for name in minus if (field := find_field(site, name))}

    def fields(self, issue: Issue) -> list[Field]:
        """Return the fields to show of one issue."""
        if not (self.everything or self.navigable):
            project = self._site.projects[issue.project_id]
            return [
                field
                for field in self.named
                if field.id not in self.minus and applies(field, project, issue.type_id)
            ]
        hidden = self.minus if self.everything else self.minus | NOT_NAVIGABLE
        hidden = hidden - {field.id for field in self.named}
        return [field for field in applying_fields(self._site, issue) if field.id not in hidden]


class IssueView:
    """Writes whole issue beans the way one request wants them."""

    def __init__(
        self,
        site: Site,
        rest_version: str,
        asked: Sequence[str],
        expand: Collection[str] = (),
        properties: Sequence[str] = (),
    ) -> None:
        """Remember what the request asked for."""
        self.site = site
        self.version = rest_version
        self.choice = FieldChoice(site, asked)
        self.expand = set(expand)
        self.properties = list(properties)
        self.writer = IssueWriter(site, rest_version)
        self.ids_only = not (self.choice.named or self.choice.everything or self.choice.navigable)

    def bean(self, issue: Issue) -> JsonObject:
        """Return the issue; without any field asked for only its id is there."""
        if self.ids_only and not self.expand and not self.properties:
            return {"id": str(issue.id)}
        bean: JsonObject = {
            "expand": "renderedFields,names,schema,operations,editmeta,changelog,"
            "versionedRepresentations",
            "id": str(issue.id),
            "self": f"{self.site.base_url}/rest/api/{self.version}/issue/{issue.id}",
            "key": issue.key,
        }
        fields = self.choice.fields(issue)
        if not self.ids_only:
            bean["fields"] = {field.id: self.writer.value(issue, field) for field in fields}
        if self.properties:
            wanted = set(self.properties)
            every = "*all" in wanted
            bean["properties"] = {
                key: value for key, value in issue.properties.items() if every or key in wanted
            }
        if self.expand:
            self._expand(issue, fields, bean)
        return bean

    def _expand(self, issue: Issue, fields: list[Field], bean: JsonObject) -> None:
        if "changelog" in self.expand:
            newest_first = list(reversed(issue.changes))[:100]
            bean["changelog"] = {
                "startAt": 0,
                "maxResults": len(newest_first),
                "total": len(issue.changes),
                "histories": [change_bean(self.site, c, self.version) for c in newest_first],
            }
        if "renderedFields" in self.expand:
            bean["renderedFields"] = rendered_fields(issue, fields)
        if "transitions" in self.expand:
            bean["transitions"] = [transition_bean(self.site, s) for s in STATUSES.values()]
        if "editmeta" in self.expand:
            bean["editmeta"] = {"fields": edit_meta(self.site, issue)}

    def names(self, fields: Collection[Field]) -> JsonObject:
        """Return the names of fields, for `expand=names`."""
        return {field.id: field.name for field in fields}

    def schema(self, fields: Collection[Field]) -> JsonObject:
        """Return the types of fields, for `expand=schema`."""
        return {field.id: schema_of(field) for field in fields}

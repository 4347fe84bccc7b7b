"""The whole site in memory: records without behaviour, and the indexes that keep reads fast."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integration.sandbox.jira.events import Listeners
from integration.sandbox.jira.refusals import NO_ISSUE, not_found

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from integration.foundation.clock import Clock
    from integration.sandbox.jira.config import JiraConfig, Json, JsonObject, Person


@dataclass(slots=True)
class FieldContext:
    """Where a custom field applies; no projects means everywhere, no types means all types."""

    id: int
    name: str
    description: str = ""
    project_ids: set[int] = field(default_factory=set)
    issue_type_ids: set[str] = field(default_factory=set)
    is_global: bool = False
    options: list[JsonObject] = field(default_factory=list)


@dataclass(slots=True)
class Field:
    """A system or custom field; `kind` is the schema type and `custom` the custom type's key."""

    id: str
    name: str
    kind: str
    items: str | None = None
    custom: str | None = None
    searcher: str | None = None
    description: str = ""
    contexts: list[FieldContext] = field(default_factory=list)
    project_ids: set[int] = field(default_factory=set)
    team_project_id: int | None = None
    trashed: bool = False
    locked: bool = False

    @property
    def number(self) -> int:
        """Return the number in `customfield_N`; 0 for a system field."""
        return int(self.id.removeprefix("customfield_")) if self.custom else 0


@dataclass(slots=True)
class Tab:
    """A tab of a screen with its fields in order."""

    id: int
    name: str
    field_ids: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Screen:
    """What people see when they create or edit."""

    id: int
    name: str
    tabs: list[Tab] = field(default_factory=list)

    def shows(self, field_id: str) -> bool:
        """Tell whether the field is on any tab."""
        return any(field_id in tab.field_ids for tab in self.tabs)


@dataclass(slots=True)
class IssueType:
    """A kind of work item; level 1 is an epic, 0 a story, -1 a sub-task."""

    id: str
    name: str
    level: int
    project_id: int | None = None


@dataclass(slots=True)
class Project:
    """A project and where its screens are: issue type id to screen scheme id."""

    id: int
    key: str
    name: str
    style: str
    lead: str
    issue_type_ids: list[str]
    screen_scheme_ids: dict[str, int] = field(default_factory=dict)
    components: list[JsonObject] = field(default_factory=list)
    versions: list[JsonObject] = field(default_factory=list)
    properties: dict[str, Json] = field(default_factory=dict)
    last_number: int = 0


@dataclass(slots=True)
class ScreenScheme:
    """Which screen each operation uses."""

    id: int
    name: str
    create: int
    edit: int


@dataclass(slots=True)
class Change:
    """One entry of an issue's history."""

    id: int
    author: str
    created: datetime
    items: list[JsonObject]
    metadata: JsonObject | None = None


@dataclass(slots=True)
class Comment:
    """A comment; the body is ADF."""

    id: int
    author: str
    body: JsonObject
    created: datetime
    updated: datetime
    update_author: str
    visibility: JsonObject | None = None
    properties: list[JsonObject] = field(default_factory=list)


@dataclass(slots=True)
class Issue:
    """A work item. `values` holds fields by id in stored form: ADF, numbers, account ids, ids."""

    id: int
    key: str
    project_id: int
    type_id: str
    status_id: str
    creator: str
    created: datetime
    updated: datetime
    values: dict[str, Json] = field(default_factory=dict)
    sprint_ids: list[int] = field(default_factory=list)
    resolved: datetime | None = None
    comments: list[Comment] = field(default_factory=list)
    properties: dict[str, Json] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    links: list[JsonObject] = field(default_factory=list)
    attachments: list[JsonObject] = field(default_factory=list)
    before: Issue | None = None
    """What search still shows while the index lags; None when search knows nothing of it yet."""


@dataclass(slots=True)
class Sprint:
    """A Sprint on its board."""

    id: int
    board_id: int
    name: str
    created: datetime
    state: str = "future"
    goal: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    completed: datetime | None = None
    properties: dict[str, Json] = field(default_factory=dict)


@dataclass(slots=True)
class Board:
    """A board of one project."""

    id: int
    name: str
    kind: str
    project_id: int


@dataclass(slots=True)
class Weather:
    """What goes wrong on purpose; see control.py."""

    outage: bool = False
    search_lag_s: float = 0.0
    refuse_next: int = 0
    retry_after: str | None = "5"
    reason: str | None = "jira-burst-based"
    per_issue_limits: bool = True


@dataclass(slots=True)
class Site:
    """Everything a Jira site knows. Whoever reads or writes holds `lock`."""

    config: JiraConfig
    clock: Clock
    base_url: str = "http://127.0.0.1"
    lock: threading.RLock = field(default_factory=threading.RLock)
    people: dict[str, Person] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    screens: dict[int, Screen] = field(default_factory=dict)
    screen_schemes: dict[int, ScreenScheme] = field(default_factory=dict)
    issue_types: dict[str, IssueType] = field(default_factory=dict)
    projects: dict[int, Project] = field(default_factory=dict)
    boards: dict[int, Board] = field(default_factory=dict)
    sprints: dict[int, Sprint] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    ids_by_key: dict[str, int] = field(default_factory=dict)
    ids_by_sprint: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    ids_by_parent: defaultdict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    tasks: dict[int, JsonObject] = field(default_factory=dict)
    listeners: Listeners = field(default_factory=Listeners)
    weather: Weather = field(default_factory=Weather)
    adf_received: list[JsonObject] = field(default_factory=list)
    _last_ids: dict[str, int] = field(default_factory=dict)

    def now(self) -> datetime:
        """Return the site's time, in UTC."""
        return self.clock.now()

    def next_id(self, of: str, first: int = 10000) -> int:
        """Return the next number of a series that starts at `first`."""
        self._last_ids[of] = self._last_ids.get(of, first - 1) + 1
        return self._last_ids[of]

    def issue(self, key_or_id: str) -> Issue:
        """Find an issue by key (any case) or id; raises the 404 of the real Jira."""
        number = int(key_or_id) if key_or_id.isdecimal() else self.ids_by_key.get(key_or_id.upper())
        found = self.issues.get(number) if number is not None else None
        if found is None:
            raise not_found(NO_ISSUE)
        return found

    def find_project(self, key_or_id: str) -> Project | None:
        """Find a project by id, key or name."""
        if key_or_id.isdecimal():
            return self.projects.get(int(key_or_id))
        wanted = key_or_id.casefold()
        for project in self.projects.values():
            if wanted in (project.key.casefold(), project.name.casefold()):
                return project
        return None

    def project(self, key_or_id: str) -> Project:
        """Find a project; raises 404."""
        found = self.find_project(key_or_id)
        if found is None:
            raise not_found(f"No project could be found with key '{key_or_id}'.")
        return found

    def children(self, issue: Issue) -> Iterable[Issue]:
        """Return the issues whose parent this one is, oldest first."""
        return [self.issues[number] for number in sorted(self.ids_by_parent[issue.id])]

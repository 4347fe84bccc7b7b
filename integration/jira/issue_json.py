"""Jira's JSON of issues, Sprints and boards in our words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from integration.backlog.story import Sprint, Story
from integration.jira.adf import well_formed
from integration.jira.changelog import memberships, sprint_changes
from integration.jira.times import instant, instant_or_none
from integration.jira.wiki import from_wiki

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integration.jira.connection import JiraConnection

STORY_FIELDS = (
    "summary",
    "issuetype",
    "project",
    "status",
    "labels",
    "components",
    "parent",
    "description",
    "assignee",
    "created",
    "updated",
)
STATUS_CATEGORIES: Mapping[str, Literal["new", "indeterminate", "done"]] = {
    "new": "new",
    "indeterminate": "indeterminate",
    "done": "done",
}


@dataclass(frozen=True, slots=True)
class Board:
    """A board; only those of type `scrum` (and team-managed `simple` ones) have Sprints."""

    board_id: int
    name: str
    type: str
    project_key: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are on the site."""

    account_id: str
    display_name: str
    time_zone: str


def story_field_ids(connection: JiraConnection) -> list[str]:
    """Return the fields to ask for: what a Story holds and our own."""
    extra = (connection.sprint_field_id, connection.story_points_field_id)
    return [*STORY_FIELDS, *(name for name in extra if name), *sorted(connection.all_field_ids)]


def story_of(
    issue: Mapping[str, Any],
    histories: Iterable[Mapping[str, Any]],
    connection: JiraConnection,
) -> Story:
    """Make a Story of an issue's JSON and its changelog histories."""
    fields = issue["fields"]
    created, updated = instant(fields["created"]), instant(fields["updated"])
    parent = fields.get("parent") or {}
    kind = fields.get("issuetype") or {}
    status = fields.get("status") or {}
    category = (status.get("statusCategory") or {}).get("key", "")
    project = fields.get("project") or {}
    return Story(
        issue_id=str(issue["id"]),
        story_key=issue["key"],
        project_key=project.get("key") or issue["key"].rpartition("-")[0],
        summary=fields.get("summary") or "",
        issue_type=kind.get("name", ""),
        status=status.get("name", ""),
        status_category=STATUS_CATEGORIES.get(category, "new"),
        updated_at=updated,
        created_at=created,
        labels=tuple(fields.get("labels") or ()),
        components=tuple(one["name"] for one in fields.get("components") or ()),
        parent_key=parent.get("key", ""),
        epic_key=parent.get("key", "") if _is_epic(parent) else "",
        is_subtask=bool(kind.get("subtask")),
        assignee_id=id_of(fields.get("assignee")),
        story_points=_number(fields.get(connection.story_points_field_id)),
        description=description_of(fields.get("description")),
        fields={field_id: fields.get(field_id) for field_id in connection.all_field_ids},
        memberships=memberships(
            created,
            updated,
            sprint_changes(histories, connection.sprint_field_id),
            _current_sprints(fields.get(connection.sprint_field_id)),
        ),
    )


def sprint_of(sprint: Mapping[str, Any]) -> Sprint:
    """Make a Sprint of the Agile API's JSON."""
    board = sprint.get("originBoardId") or sprint.get("boardId")
    return Sprint(
        sprint_id=int(sprint["id"]),
        board_id=int(board) if board else None,
        name=sprint.get("name") or "",
        state=sprint["state"].lower(),
        goal=sprint.get("goal") or "",
        starts_at=instant_or_none(sprint.get("startDate")),
        ends_at=instant_or_none(sprint.get("endDate")),
        completed_at=instant_or_none(sprint.get("completeDate")),
    )


def board_of(board: Mapping[str, Any]) -> Board:
    """Make a Board of the Agile API's JSON."""
    location = board.get("location") or {}
    return Board(
        int(board["id"]),
        board.get("name") or "",
        board.get("type") or "",
        location.get("projectKey") or "",
    )


def account_of(myself: Mapping[str, Any]) -> Account:
    """Make an Account of `myself`; Data Center has user keys instead of account ids."""
    return Account(
        id_of(myself),
        myself.get("displayName") or "",
        myself.get("timeZone") or "UTC",
    )


def id_of(person: Mapping[str, Any] | None) -> str:
    """Return the id of a person in Jira's JSON; empty for nobody."""
    known = person or {}
    return str(known.get("accountId") or known.get("key") or "")


def _is_epic(parent: Mapping[str, Any]) -> bool:
    kind = (parent.get("fields") or {}).get("issuetype") or {}
    level = kind.get("hierarchyLevel")
    return level == 1 if level is not None else str(kind.get("name", "")).lower() == "epic"


def _current_sprints(value: object) -> frozenset[int]:
    """Read the Sprint field: objects on Cloud, their Java text form on older Data Center."""
    if not isinstance(value, list):
        return frozenset()
    found = (
        one.get("id") if isinstance(one, dict) else _between(str(one), "[id=", ",") for one in value
    )
    return frozenset(int(one) for one in found if one)


def _between(text: str, before: str, after: str) -> str:
    return text.partition(before)[2].partition(after)[0]


def description_of(value: object) -> dict[str, Any] | None:
    """Return a description as ADF, None when it is empty; Data Center has it as wiki markup."""
    if isinstance(value, dict):
        document = well_formed(value)
        return document if document and document.get("content") else None
    return from_wiki(value) if isinstance(value, str) and value.strip() else None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None  # type: ignore[arg-type]  # Narrowed just above.

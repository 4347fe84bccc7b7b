"""What a webhook tells us: a story or Sprint to look at again, or something to leave alone.

Three outcomes, never two: understood, ignored on purpose (`IGNORED`), unknown (raises). A payload
is a hint only; the state is read again over REST.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from integration.foundation.errors import StoryMeterError
from integration.jira.times import instant_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


@dataclass(frozen=True, slots=True)
class StoryChanged:
    """A story was created or changed; `at` is when Jira says it was, None when it does not say."""

    issue_id: str
    key: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class StoryDeleted:
    """A story was deleted."""

    issue_id: str
    key: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class SprintChanged:
    """A Sprint was created, started, updated, closed or deleted: `event` is Jira's name for it."""

    sprint_id: int
    event: str
    board_id: int | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Nothing to do, and why."""

    reason: str


Event = StoryChanged | StoryDeleted | SprintChanged | Ignored


class UnknownPayload(StoryMeterError):
    """A webhook that we have no rule for; it is kept, shown, and can be replayed."""

    code = "unknown_payload"


SPRINT_EVENTS = frozenset(
    {"sprint_created", "sprint_started", "sprint_updated", "sprint_closed", "sprint_deleted"}
)

IGNORED: Mapping[str, str] = {
    "comment_created": "comments carry no inputs",
    "comment_updated": "comments carry no inputs",
    "comment_deleted": "comments carry no inputs",
    "worklog_created": "people's hours are not AI use",
    "worklog_updated": "people's hours are not AI use",
    "worklog_deleted": "people's hours are not AI use",
    "jira:worklog_updated": "people's hours are not AI use",
    "issue_property_set": "properties are written by apps",
    "issue_property_deleted": "properties are written by apps",
    "issuelink_created": "links carry no inputs",
    "issuelink_deleted": "links carry no inputs",
    "attachment_created": "attachments are not read",
    "attachment_deleted": "attachments are not read",
    "jira:version_created": "versions carry no inputs",
    "jira:version_updated": "versions carry no inputs",
    "jira:version_released": "versions carry no inputs",
    "jira:version_unreleased": "versions carry no inputs",
    "jira:version_moved": "versions carry no inputs",
    "jira:version_deleted": "versions carry no inputs",
    "project_created": "a project is added by provisioning",
    "project_updated": "projects are known by key and read again when provisioned",
    "project_deleted": "its stories are reported one by one",
    "project_archived": "its stories stay as they are",
    "project_restored_deleted": "its stories are found by the catch-up",
    "project_restored_archived": "its stories stay as they are",
    "board_created": "a board is added by provisioning",
    "board_updated": "boards carry no inputs",
    "board_deleted": "its Sprints are reported one by one",
    "board_configuration_changed": "boards carry no inputs",
    "user_created": "people are not tracked",
    "user_updated": "people are not tracked",
    "user_deleted": "people are not tracked",
}


def read_event(payload: Mapping[str, Any], *, account_id: str, field_ids: Collection[str]) -> Event:
    """Read a webhook's body.

    `account_id` and `field_ids` are our own account and fields, by which an echo of our own write
    is known. Raises UnknownPayload for an event without a rule or without its subject.
    """
    name = str(payload.get("webhookEvent", ""))
    if name in IGNORED:
        return Ignored(IGNORED[name])
    if name in SPRINT_EVENTS:
        return _sprint_changed(payload, name)
    if name == "jira:issue_deleted":
        return _story(payload, StoryDeleted)
    if name == "jira:issue_created":
        return _story(payload, StoryChanged)
    if name == "jira:issue_updated":
        return _why_unchanged(payload, account_id, field_ids) or _story(payload, StoryChanged)
    raise UnknownPayload(f"No rule for the webhook event {name or '(without a name)'!r}.")


def subject(event: Event) -> str:
    """Return what the event is about, so that events on one subject are worked on in order.

    The issue's id rather than its key, because a key changes when the story moves project.
    """
    match event:
        case StoryChanged() | StoryDeleted():
            return f"issue:{event.issue_id}"
        case SprintChanged():
            return f"sprint:{event.sprint_id}"
        case Ignored():
            return ""


def _why_unchanged(
    payload: Mapping[str, Any], account_id: str, field_ids: Collection[str]
) -> Ignored | None:
    """Recognise an echo of our own write: only our fields changed, and it was us.

    Both are asked for: an API token may belong to a person who edits stories too, and a figure
    that somebody else overwrote has to be written again.
    """
    items = _part(payload, "changelog").get("items") or []
    if not items:
        return Ignored("only a comment was added") if payload.get("comment") else None
    changed = {str(item.get("fieldId") or item.get("field")) for item in items}
    actor = _part(payload, "user")
    is_ours = account_id in {actor.get("accountId"), actor.get("key"), actor.get("name")}
    if changed <= set(field_ids) and is_ours and account_id:
        return Ignored("an echo of our own write")
    return None


def _story(payload: Mapping[str, Any], kind: Callable[[str, str, datetime | None], Event]) -> Event:
    issue = _part(payload, "issue")
    issue_id, key = issue.get("id"), issue.get("key")
    if not issue_id or not key:
        raise UnknownPayload(f"A {payload.get('webhookEvent')} event without an issue.")
    at = _at(payload) or instant_or_none(_part(issue, "fields").get("updated"))
    return kind(str(issue_id), str(key), at)


def _sprint_changed(payload: Mapping[str, Any], name: str) -> SprintChanged:
    """Read a Sprint's event; Atlassian does not document its shape, so only the id is needed."""
    sprint = _part(payload, "sprint")
    try:
        sprint_id = int(sprint["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise UnknownPayload(f"A {name} event without a Sprint id.") from error
    board = sprint.get("originBoardId")
    return SprintChanged(sprint_id, name, int(board) if board else None, _at(payload))


def _part(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _at(payload: Mapping[str, Any]) -> datetime | None:
    """Read `timestamp`, epoch milliseconds."""
    stamp = payload.get("timestamp")
    if isinstance(stamp, bool) or not isinstance(stamp, int | float):
        return None
    return datetime.fromtimestamp(stamp / 1000, tz=UTC)

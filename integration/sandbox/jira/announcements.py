"""Builds the events that webhooks carry. Bodies have the v2 form: rich text is wiki markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.beans import IssueWriter
from integration.sandbox.jira.events import Event
from integration.sandbox.jira.issue_view import IssueView
from integration.sandbox.jira.people import user_bean
from integration.sandbox.jira.wire import millis, stamp

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Change, Comment, Issue, Site, Sprint

_TYPE_NAMES = {"created": "issue_created", "deleted": "issue_deleted"}


def sprint_bean(site: Site, sprint: Sprint) -> JsonObject:
    """Return a Sprint as the Agile API and the webhooks show it; missing dates are left out."""
    bean: JsonObject = {
        "id": sprint.id,
        "self": f"{site.base_url}/rest/agile/1.0/sprint/{sprint.id}",
        "state": sprint.state,
        "name": sprint.name,
    }
    dates = (
        ("startDate", sprint.start),
        ("endDate", sprint.end),
        ("completeDate", sprint.completed),
        ("createdDate", sprint.created),
    )
    for name, instant in dates:
        if instant:
            bean[name] = stamp(instant).replace("+0000", "Z")
    bean["originBoardId"] = sprint.board_id
    if sprint.goal is not None:
        bean["goal"] = sprint.goal
    return bean


def announce_issue(
    site: Site, what: str, issue: Issue, actor: str, change: Change | None = None, *, how: str = ""
) -> None:
    """Tell that an issue was created, updated or deleted; `how` refines an update."""

    def payload() -> JsonObject:
        body: JsonObject = {
            "timestamp": millis(site.now()),
            "webhookEvent": f"jira:issue_{what}",
            "issue_event_type_name": how or _TYPE_NAMES.get(what, "issue_updated"),
            "user": user_bean(site, actor, "2"),
            "issue": IssueView(site, "2", ["*all"]).bean(issue),
        }
        body["issue"].pop("expand")
        if change is not None:
            body["changelog"] = {"id": str(change.id), "items": change.items}
        return body

    field_ids = frozenset(item["fieldId"] for item in change.items) if change else frozenset()
    site.listeners.announce(Event(f"jira:issue_{what}", payload, issue, field_ids))


def announce_comment(site: Site, what: str, issue: Issue, comment: Comment) -> None:
    """Tell that a comment was created, updated or deleted."""

    def payload() -> JsonObject:
        shown = ["summary", "issuetype", "project", "status", "priority", "assignee"]
        brief = IssueView(site, "2", shown).bean(issue)
        brief.pop("expand")
        return {
            "timestamp": millis(site.now()),
            "webhookEvent": f"comment_{what}",
            "comment": IssueWriter(site, "2").comment(issue, comment),
            "issue": brief,
            "eventType": "primaryAction",
        }

    site.listeners.announce(Event(f"comment_{what}", payload, issue))


def announce_property(site: Site, what: str, issue: Issue, key: str, value: Json) -> None:
    """Tell that an issue property was set or deleted."""

    def payload() -> JsonObject:
        address = f"{site.base_url}/rest/api/2/issue/{issue.id}"
        return {
            "timestamp": millis(site.now()),
            "webhookEvent": f"issue_property_{what}",
            "issue": {"id": str(issue.id), "key": issue.key, "self": address},
            "property": {"key": key, "value": value},
        }

    event = Event(f"issue_property_{what}", payload, issue, property_key=key)
    site.listeners.announce(event)


def announce_sprint(site: Site, what: str, sprint: Sprint, old: JsonObject | None = None) -> None:
    """Tell that a Sprint was created, updated, started, closed or deleted.

    The body has no user, no issues and no project: undocumented, in the shape which clients report.
    """

    def payload() -> JsonObject:
        body: JsonObject = {
            "timestamp": millis(site.now()),
            "webhookEvent": f"sprint_{what}",
            "sprint": sprint_bean(site, sprint),
        }
        if old is not None and what == "updated":
            body["oldValue"] = old
        return body

    site.listeners.announce(Event(f"sprint_{what}", payload))

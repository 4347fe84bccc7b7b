"""Writes what changed as changelog items, in Jira's odd spelling of each field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.adf_to_wiki import adf_to_wiki
from integration.sandbox.jira.fields import is_rich_text
from integration.sandbox.jira.people import user_bean
from integration.sandbox.jira.wire import stamp
from integration.sandbox.jira.workflow import PRIORITIES, STATUSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Change, Field, Issue, Site

_FIELD_NAMES = {"components": "Component", "fixVersions": "Fix Version", "issuetype": "issuetype"}


def change_item(site: Site, field: Field, before: Json, after: Json) -> JsonObject:
    """Return the item for one field's change from one stored value to another."""
    old_id, old_text = _written(site, field, before)
    new_id, new_text = _written(site, field, after)
    name = field.name if field.custom else _FIELD_NAMES.get(field.id, field.id)
    if field.id == "parent":
        name = "IssueParentAssociation"
    return {
        "field": name,
        "fieldtype": "custom" if field.custom else "jira",
        "fieldId": field.id,
        "from": old_id,
        "fromString": old_text,
        "to": new_id,
        "toString": new_text,
    }


def sprint_item(
    site: Site, field: Field, before: Sequence[int], after: Sequence[int]
) -> JsonObject:
    """Return the item for a move between Sprints: ids and names, separated by commas."""

    def texts(ids: Sequence[int]) -> tuple[str, str]:
        names = [site.sprints[i].name if i in site.sprints else str(i) for i in ids]
        return ", ".join(map(str, ids)), ", ".join(names)

    (old_ids, old_names), (new_ids, new_names) = texts(before), texts(after)
    return {
        "field": field.name,
        "fieldtype": "custom",
        "fieldId": field.id,
        "from": old_ids,
        "fromString": old_names,
        "to": new_ids,
        "toString": new_names,
    }


def status_item(before: str, after: str) -> JsonObject:
    """Return the item for a transition."""
    return {
        "field": "status",
        "fieldtype": "jira",
        "fieldId": "status",
        "from": before,
        "fromString": STATUSES[before].name,
        "to": after,
        "toString": STATUSES[after].name,
    }


def resolution_item(*, done: bool) -> JsonObject:
    """Return the item that says the resolution was set or cleared."""
    item = {"field": "resolution", "fieldtype": "jira", "fieldId": "resolution"}
    set_to = ("10000", "Done")
    (old_id, old_text), (new_id, new_text) = (
        ((None, None), set_to) if done else (set_to, (None,) * 2)
    )
    return item | {"from": old_id, "fromString": old_text, "to": new_id, "toString": new_text}


def _written(site: Site, field: Field, value: Json) -> tuple[str | None, str | None]:
    """Return a stored value as the changelog's id and text."""
    if field.kind == "array":
        return _array(field, value or [])
    if value is None:
        return None, None
    if is_rich_text(field):
        return None, adf_to_wiki(value)
    if field.kind == "user":
        return value, (user_bean(site, value) or {}).get("displayName")
    if field.kind == "priority":
        return value, PRIORITIES[value]
    if field.kind == "option":
        return value["id"], value["value"]
    if field.kind == "issuelink":
        return str(value), site.issues[value].key if value in site.issues else None
    if field.kind == "number":
        return None, str(value)
    if field.kind == "date":
        return value, f"{value} 00:00:00.0"
    return None, str(value)


def _array(field: Field, value: list[Json]) -> tuple[str | None, str | None]:
    if field.items == "string":
        return None, " ".join(value)
    if not value:
        return None, None
    if field.items == "option":
        chosen = ", ".join(option["value"] for option in value)
        return "[" + ", ".join(option["id"] for option in value) + "]", chosen
    return ", ".join(map(str, value)), ", ".join(map(str, value))


def change_bean(site: Site, change: Change, rest_version: str) -> JsonObject:
    """Return a history entry."""
    bean: JsonObject = {
        "id": str(change.id),
        "author": user_bean(site, change.author, rest_version),
        "created": stamp(change.created),
        "items": [_item_bean(item) for item in change.items],
    }
    if change.metadata:
        bean["historyMetadata"] = change.metadata
    return bean


def _item_bean(item: JsonObject) -> JsonObject:
    """Leave out what is not known; a cleared value's text is empty rather than absent.

    Every JavaScript object inherits a `toString`, which readers take for the value when it is
    absent.
    """
    known = {name: value for name, value in item.items() if value is not None}
    return known | {"toString": item.get("toString") or ""}


def changes_of(issue: Issue, field_ids: Sequence[str] = ()) -> list[Change]:
    """Return an issue's history, oldest first, where asked only what touched some fields."""
    wanted = set(field_ids)
    return [
        change
        for change in issue.changes
        if not wanted or any(item["fieldId"] in wanted for item in change.items)
    ]

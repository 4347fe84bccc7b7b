"""The one workflow: To Do, In Progress, Done, from each to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Site


class Status(NamedTuple):
    """A status with its category and the transition that leads to it."""

    id: str
    name: str
    category: str
    transition_id: str


CATEGORIES = {
    "new": (2, "To Do", "blue-gray"),
    "indeterminate": (4, "In Progress", "yellow"),
    "done": (3, "Done", "green"),
}
STATUSES = {
    status.id: status
    for status in (
        Status("10000", "To Do", "new", "11"),
        Status("3", "In Progress", "indeterminate", "21"),
        Status("10001", "Done", "done", "31"),
    )
}
FIRST_STATUS = "10000"
PRIORITIES = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
DEFAULT_PRIORITY = "3"
RESOLUTION = {"id": "10000", "name": "Done", "description": "Work has been completed."}


def is_done(status_id: str) -> bool:
    """Tell whether work in this status is finished."""
    return STATUSES[status_id].category == "done"


def category_bean(site: Site, key: str) -> JsonObject:
    """Return a status category."""
    number, name, colour = CATEGORIES[key]
    return {
        "self": f"{site.base_url}/rest/api/3/statuscategory/{number}",
        "id": number,
        "key": key,
        "colorName": colour,
        "name": name,
    }


def status_bean(site: Site, status_id: str) -> JsonObject:
    """Return a status."""
    status = STATUSES[status_id]
    return {
        "self": f"{site.base_url}/rest/api/3/status/{status.id}",
        "description": "",
        "iconUrl": f"{site.base_url}/images/icons/statuses/generic.png",
        "name": status.name,
        "id": status.id,
        "statusCategory": category_bean(site, status.category),
    }


def priority_bean(site: Site, priority_id: str) -> JsonObject:
    """Return a priority."""
    return {
        "self": f"{site.base_url}/rest/api/3/priority/{priority_id}",
        "iconUrl": f"{site.base_url}/images/icons/priorities/{PRIORITIES[priority_id].lower()}.svg",
        "name": PRIORITIES[priority_id],
        "id": priority_id,
    }


def resolution_bean(site: Site) -> JsonObject:
    """Return the only resolution."""
    return {"self": f"{site.base_url}/rest/api/3/resolution/10000", **RESOLUTION}


def transition_bean(site: Site, status: Status) -> JsonObject:
    """Return the transition that leads to a status."""
    return {
        "id": status.transition_id,
        "name": status.name,
        "to": status_bean(site, status.id),
        "hasScreen": False,
        "isGlobal": True,
        "isInitial": False,
        "isAvailable": True,
        "isConditional": False,
        "looped": False,
    }


def status_after(transition: Json) -> Status | None:
    """Find the status that a transition's id or name leads to."""
    wanted = str(transition)
    for status in STATUSES.values():
        if wanted in (status.transition_id, status.name):
            return status
    return None

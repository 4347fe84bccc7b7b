"""In which Sprints a story was, and when: read from its changelog as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integration.backlog.story import Membership
from integration.jira.times import instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class SprintChange:
    """The Sprint field went from one set of Sprint ids to another."""

    at: datetime
    before: frozenset[int]
    after: frozenset[int]


def sprint_changes(
    histories: Iterable[Mapping[str, Any]], sprint_field_id: str
) -> list[SprintChange]:
    """Pick the changes of the Sprint field out of changelog histories, oldest first.

    Sorted here: the paged changelog comes oldest first, `expand=changelog` newest first.
    """
    found = [
        (instant(history["created"]), int(history.get("id") or 0), item)
        for history in histories
        for item in history.get("items", ())
        if _is_sprint(item, sprint_field_id)
    ]
    found.sort(key=lambda change: change[:2])
    return [
        SprintChange(at, _sprint_ids(item.get("from")), _sprint_ids(item.get("to")))
        for at, _, item in found
    ]


def memberships(
    created_at: datetime,
    updated_at: datetime,
    changes: Iterable[SprintChange],
    current: Collection[int],
) -> tuple[Membership, ...]:
    """Work out the intervals, ordered by start.

    A story created in a Sprint has no change that says so: what the first change came from, or
    without changes the present field, holds since creation. The present field is right about the
    present: a Sprint it no longer names (deleted, or its change lost) ends at `updated_at`, and one
    that no change added is there since the last change. Jira keeps a closed Sprint in the field,
    so its interval stays open: when a Sprint was running is the Sprint's own business.
    """
    steps = list(changes)
    first = steps[0].before if steps else frozenset(current)
    opened: dict[int, datetime] = dict.fromkeys(first, created_at)
    closed: list[Membership] = []
    for step in steps:
        _turn(opened, closed, step.after, step.at, step.at)
    joined = steps[-1].at if steps else created_at
    _turn(opened, closed, frozenset(current), updated_at, joined)
    still = [Membership(sprint_id, joined_at) for sprint_id, joined_at in opened.items()]
    return tuple(sorted(closed + still, key=lambda one: (one.joined_at, one.sprint_id)))


def _turn(
    opened: dict[int, datetime],
    closed: list[Membership],
    after: frozenset[int],
    left_at: datetime,
    joined_at: datetime,
) -> None:
    """Close what is no longer named and open what is new; an empty interval leaves no trace."""
    for sprint_id in opened.keys() - after:
        since = opened.pop(sprint_id)
        if since < left_at:
            closed.append(Membership(sprint_id, since, left_at))
    for sprint_id in after - opened.keys():
        opened[sprint_id] = joined_at


def _is_sprint(item: Mapping[str, Any], sprint_field_id: str) -> bool:
    field_id = item.get("fieldId")
    if field_id and sprint_field_id:
        return bool(field_id == sprint_field_id)
    return item.get("field") == "Sprint"


def _sprint_ids(text: str | None) -> frozenset[int]:
    return frozenset(int(part) for part in (text or "").split(",") if part.strip().isdigit())

"""Journey: a Sprint's property in Jira was read; the caps follow what it asks for.

The property is acted on when it changed. A raise that was agreed to elsewhere stays until somebody
writes the property anew, and a cap with approvers is not raised around them from Jira either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from integration.caps import queries as cap_queries
from integration.caps.raising import store as raising
from integration.caps.raising.terms import Terms
from integration.caps.written import WrittenCap, cap_of
from integration.foundation.errors import NotFound, NotPermitted, StoryMeterError
from integration.journeys.raise_cap import Who, raise_cap
from integration.journeys.set_cap import remove_cap, set_cap
from integration.mailbox import store as mailbox
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from integration.caps.policy import Cap
    from integration.foundation.database import Transactions

PROPERTY = "storymeter.caps"
ANSWER = "storymeter.caps.read"
KIND = "jira.sprint_caps"
MOST_CAPS = 50


@dataclass(slots=True)
class Reading:
    """What came of a property: ids of caps, and why something could not be done."""

    set_: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)


def take_in_caps(
    transactions: Transactions, workspace_id: str, sprint_id: int, value: object, *, now: datetime
) -> Reading | None:
    """Set the caps that a Sprint's property asks for, remove those it asked for no more.

    What came of it is promised as another property. Returns None when the property says what it
    said the last time.
    """
    asked = value if isinstance(value, dict) else {} if value is None else {"caps": value}
    with transactions.begin() as session:
        before = raising.property_of(session, workspace_id, sprint_id)
        if before == asked or (before is None and not asked):
            return None
    reading = Reading()
    who = Who(f"jira:sprint-{sprint_id}", f"the property of Sprint {sprint_id} in Jira")
    caps = _read(workspace_id, sprint_id, asked, reading)
    for cap, reason in caps:
        _set(transactions, cap, reason, who, reading, now)
    if not reading.refused:
        named = {cap.cap_id for cap, _ in caps}
        earlier = _read(workspace_id, sprint_id, before or {}, Reading())
        for cap_id in sorted({cap.cap_id for cap, _ in earlier} - named):
            _remove(transactions, workspace_id, cap_id, who, reading, now)
    with transactions.begin() as session:
        raising.keep_property(session, workspace_id, sprint_id, asked, now)
        for each in reading.refused:
            workspaces.audit(
                session, workspace_id, at=now, actor=who.actor, action="cap.refused",
                subject=f"cap:{each['id']}", reason=each["message"], name=who.name,
            )  # fmt: skip
        body = {
            "read_at": now.isoformat(), "set": reading.set_, "waiting": reading.waiting,
            "removed": reading.removed, "refused": reading.refused,
        }  # fmt: skip
        mailbox.promise(session, workspace_id, KIND, f"sprint:{sprint_id}", body, now)
    return reading


def _read(
    workspace_id: str, sprint_id: int, asked: dict[str, Any], reading: Reading
) -> list[tuple[Cap, str]]:
    """The caps of a property, each with the reason given for it; what is wrong is noted."""
    found = []
    listed = asked.get("caps", [])
    if not isinstance(listed, list) or len(listed) > MOST_CAPS:
        message = f"caps is a list of at most {MOST_CAPS} caps"
        reading.refused.append({"id": "", "field": "/caps", "message": message})
        return []
    for place, each in enumerate(listed):
        try:
            written = _written(each, sprint_id)
            found.append((cap_of(written, workspace_id), written.reason))
        except (msgspec.ValidationError, StoryMeterError) as wrong:
            name = str(each.get("id", "")) if isinstance(each, dict) else ""
            refusal = {"id": name, "field": f"/caps/{place}", "message": str(wrong)}
            reading.refused.append(refusal)
    return found


def _written(each: Any, sprint_id: int) -> WrittenCap:
    """One cap as Jira's people write it: on this Sprint unless it names something else in it."""
    if not isinstance(each, dict):
        raise msgspec.ValidationError("a cap is an object")
    said: dict[str, Any] = {"scope": {"kind": "sprint", "value": str(sprint_id)}} | each
    if isinstance(said.get("limit"), int | float):
        said["limit"] = str(said["limit"])
    written = msgspec.convert(said, WrittenCap)
    if written.scope.kind == "sprint":
        own = msgspec.structs.replace(written.scope, value=str(sprint_id))
        return msgspec.structs.replace(written, scope=own)
    return msgspec.structs.replace(written, sprint_id=sprint_id)


def _set(
    transactions: Transactions, cap: Cap, reason: str, who: Who, reading: Reading, now: datetime
) -> None:
    try:
        set_cap(transactions, cap, actor=who.actor, actor_name=who.name, reason=reason, now=now)
        reading.set_.append(cap.cap_id)
    except NotPermitted as refused:
        if not _ask(transactions, cap, reason, who, now):
            reading.refused.append(_refusal(cap.cap_id, refused))
            return
        reading.waiting.append(cap.cap_id)
    except StoryMeterError as refused:
        reading.refused.append(_refusal(cap.cap_id, refused))


def _ask(transactions: Transactions, cap: Cap, reason: str, who: Who, now: datetime) -> bool:
    """Ask the approvers where only a higher limit is wanted; False where more is."""
    with transactions.begin() as session:
        standing = cap_queries.balances(session, cap.workspace_id, [cap.cap_id])[cap.cap_id].cap
    if cap.limit <= standing.limit:
        return False
    terms = Terms(cap.limit, reason or "asked for in Jira")
    raise_cap(transactions, cap.workspace_id, cap.cap_id, terms, who=who, now=now)
    return True


def _remove(
    transactions: Transactions, workspace_id: str, cap_id: str, who: Who, reading: Reading,
    now: datetime,
) -> None:  # fmt: skip
    try:
        remove_cap(
            transactions, workspace_id, cap_id, actor=who.actor, actor_name=who.name,
            reason="the property names it no more", now=now,
        )  # fmt: skip
        reading.removed.append(cap_id)
    except NotFound:
        return
    except NotPermitted as refused:
        reading.refused.append(_refusal(cap_id, refused))


def _refusal(cap_id: str, refused: StoryMeterError) -> dict[str, str]:
    first = refused.errors[0] if refused.errors else None
    return {
        "id": cap_id,
        "field": first.pointer if first else "",
        "message": first.message if first else refused.message,
    }

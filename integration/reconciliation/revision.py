"""When a Sprint's report has really changed, and what changed between two revisions of it."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UNSTABLE = frozenset({"as_of", "revision", "reason", "recount"})
"""Fields that say when and why a report was made; they change without its figures changing."""
NAMES = ("story_key", "cap_id", "spike_id", "day")
"""The fields by which an entry of a list is recognised in the other revision."""


@dataclass(frozen=True, slots=True)
class Change:
    """One value of a report that differs; None on a side where it is absent.

    `path` names fields and, for entries of lists, their own key: `("stories", "SHOP-7", "actual",
    "calls")`.
    """

    path: tuple[str, ...]
    before: Any
    after: Any


def content_digest(body: Mapping[str, Any]) -> str:
    """SHA-256 of a report's content, without the fields that only say when it was made."""
    stable = {name: value for name, value in body.items() if name not in UNSTABLE}
    return sha256(msgspec.json.encode(stable, order="sorted")).hexdigest()


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every value that differs between two report bodies (JSON as Python values), in path order."""
    old = {name: value for name, value in before.items() if name not in UNSTABLE}
    new = {name: value for name, value in after.items() if name not in UNSTABLE}
    return sorted(_walk((), old, new), key=lambda change: change.path)


def stories_changed(changes: list[Change]) -> list[str]:
    """The keys of the stories in which anything changed, in order."""
    return sorted({change.path[1] for change in changes
                   if len(change.path) > 1 and change.path[0] == "stories"})  # fmt: skip


def _walk(path: tuple[str, ...], before: object, after: object) -> Iterator[Change]:
    if before == after:
        return
    old, new = _children(before), _children(after)
    if old is None or new is None:
        yield Change(path, before, after)
        return
    for name in old.keys() | new.keys():
        yield from _walk((*path, name), old.get(name), new.get(name))


def _children(value: object) -> dict[str, Any] | None:
    """The parts of an object or of a list of recognisable entries; None for anything else."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, list):
        return None
    named = {}
    for entry in value:
        name = _name(entry)
        if name is None or name in named:
            return None
        named[name] = entry
    return named


def _name(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return None
    return next((str(entry[name]) for name in NAMES if name in entry), None)

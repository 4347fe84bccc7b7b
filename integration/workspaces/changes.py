"""Changes to the settings of a workspace or a team: what may be set, checked all at once.

A field that a change leaves out stays as it is. Times of day are the team's own, written `09:15`.
"""

from __future__ import annotations

import re
from dataclasses import fields, replace
from datetime import time
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, UnsetType

from integration.foundation.errors import FieldError, InvalidInput
from integration.foundation.worded_figures import is_locale
from integration.workspaces.workspace import Team, Workspace

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{2,30}")
LONGEST_NAME = 120
SHORTEST_KEPT_DAYS, LONGEST_KEPT_DAYS = 60, 36_500
"""A Sprint, its review and what comes late must fit into the shortest."""
AI_WORK_LISTS = {"ai_labels", "ai_components", "ai_issue_types", "ai_keywords"}
Settings = TypeVar("Settings", Team, Workspace)


class WorkspaceChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What of a workspace may be set. `allocation_rule`: how reports share unattributed spend;
    `locale`: how figures and dates are written, such as de_DE."""

    name: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    default_region: str | UnsetType = UNSET
    allocation_rule: Literal["none", "even", "by_tokens"] | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    usage_kept_days: int | UnsetType | None = UNSET
    """How long single calls are kept, in days; None: for ever."""
    over_cap_stories: Literal["stay", "move_back"] | UnsetType = UNSET
    ai_labels: frozenset[str] | UnsetType = UNSET
    """With the three below: what marks a story as AI work. All empty: the usual labels do."""
    ai_components: frozenset[str] | UnsetType = UNSET
    ai_issue_types: frozenset[str] | UnsetType = UNSET
    ai_keywords: frozenset[str] | UnsetType = UNSET


class TeamChange(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What of a team may be set. `workdays` are ISO weekdays, 1 is Monday."""

    name: str | UnsetType = UNSET
    board_id: int | UnsetType | None = UNSET
    channel_id: str | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    digest_at: str | UnsetType = UNSET
    workdays: tuple[int, ...] | UnsetType = UNSET
    quiet_days_are_silent: bool | UnsetType = UNSET
    product_owner: str | UnsetType = UNSET
    quiet_from: str | UnsetType | None = UNSET
    quiet_until: str | UnsetType | None = UNSET


def changed_workspace(workspace: Workspace, change: WorkspaceChange) -> Workspace:
    """Return the workspace as changed.

    Raises:
        InvalidInput: with one FieldError for each field that cannot be so.
    """
    given = _given(change)
    for name in AI_WORK_LISTS & given.keys():
        given[name] = frozenset(each.strip() for each in given[name] if each.strip())
    return _checked(workspace, given, [])


def changed_team(team: Team, change: TeamChange) -> Team:
    """Return the team as changed. Quiet hours have both ends or none.

    Raises:
        InvalidInput: with one FieldError for each field that cannot be so.
    """
    given = _given(change)
    faults = []
    for name in ("digest_at", "quiet_from", "quiet_until"):
        if isinstance(given.get(name), str):
            try:
                given[name] = time.fromisoformat(given[name]).replace(tzinfo=None)
            except ValueError:
                faults.append(_fault(name, f"{given.pop(name)!r} is no time; write it as 09:15"))
    if "workdays" in given:
        given["workdays"] = tuple(sorted(set(given["workdays"])))
    return _checked(team, given, faults)


def differences(before: Settings, after: Settings) -> dict[str, list[Any]]:
    """What of the settings differs, by field: as it was and as it is, as JSON values."""
    found = {}
    for each in fields(before):
        old, new = getattr(before, each.name), getattr(after, each.name)
        if old != new:
            found[each.name] = [_plain(old), _plain(new)]
    return found


def _plain(value: object) -> Any:
    return sorted(value) if isinstance(value, frozenset) else msgspec.to_builtins(value)


def _given(change: WorkspaceChange | TeamChange) -> dict[str, Any]:
    found = {name: getattr(change, name) for name in change.__struct_fields__}
    return {name: value for name, value in found.items() if value is not UNSET}


def _checked(settings: Settings, given: dict[str, Any], faults: list[FieldError]) -> Settings:
    made: Settings = replace(settings, **given)
    faults += [_fault(name, said) for name, said in _faults(made) if said]
    if faults:
        sentence = "These settings cannot be kept: " + "; ".join(f.message for f in faults)
        raise InvalidInput(sentence, errors=tuple(faults))
    return made


def _fault(name: str, said: str) -> FieldError:
    return FieldError(f"/{name}", "invalid", said)


def _faults(made: Team | Workspace) -> list[tuple[str, str]]:
    found = [("time_zone", "" if _is_zone(made.time_zone) else
              f"{made.time_zone!r} is no IANA time zone, such as Europe/Berlin")]  # fmt: skip
    if not 1 <= len(made.name.strip()) <= LONGEST_NAME:
        found.append(("name", f"A name has 1 to {LONGEST_NAME} characters"))
    if isinstance(made, Workspace) and not _is_span(made.usage_kept_days):
        span = f"{SHORTEST_KEPT_DAYS} to {LONGEST_KEPT_DAYS} days"
        found.append(("usage_kept_days", f"Usage is kept for {span}, or for ever"))
    if isinstance(made, Workspace) and not is_locale(made.locale):
        found.append(("locale", f"{made.locale!r} is no locale, such as en_US or de_DE"))
    if isinstance(made, Team):
        found += _team_faults(made)
    return found


def _is_span(days: int | None) -> bool:
    return days is None or SHORTEST_KEPT_DAYS <= days <= LONGEST_KEPT_DAYS


def _team_faults(team: Team) -> list[tuple[str, str]]:
    found = []
    if not team.workdays or not set(team.workdays) <= set(range(1, 8)):
        found.append(("workdays", "Workdays are numbers from 1, Monday, to 7; at least one"))
    if team.channel_id and not CHANNEL_ID.fullmatch(team.channel_id):
        found.append(("channel_id", "A channel is named by its id, such as C0123ABCD"))
    if (team.quiet_from is None) != (team.quiet_until is None):
        found.append(("quiet_until", "Quiet hours have both a beginning and an end"))
    if team.quiet_from is not None and team.quiet_from == team.quiet_until:
        found.append(("quiet_until", "Quiet hours do not end when they begin"))
    if team.board_id is not None and team.board_id < 1:
        found.append(("board_id", "A board is named by its number in Jira"))
    return found


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return False
    return True

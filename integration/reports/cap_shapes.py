"""The shapes of what is told about caps. They travel as JSON through the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from integration.reports.shapes import CapStatus, Spread, SprintHeader, StoryLine


class CapNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A threshold was crossed, a call was denied, or a raise for a time has ended."""

    event: Literal["threshold", "denied", "raise_ended"]
    cap: CapStatus
    threshold_pct: int | None = None
    sprint: SprintHeader | None = None
    story_key: str = ""
    requested: int | None = None
    """Worst case of the denied call, in the cap's unit."""
    forecast: Spread | None = None
    """At the end of the Sprint that the cap is on, in the cap's unit."""
    top_stories: tuple[StoryLine, ...] = ()
    alternative: str = ""
    resolved_by: str = ""
    """Who raised the cap since; the notice then says so instead of offering the button."""
    resolved_reason: str = ""
    limit_before: int | None = None
    """The limit while a raise for a time was in force, once it has ended."""
    as_of: datetime


class RaiseNotice(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks for a raise of a cap. Amounts are in the cap's unit."""

    request_id: str
    cap: CapStatus
    sprint: SprintHeader | None = None
    limit_before: int
    limit: int
    until: datetime | None = None
    """None: for good."""
    reason: str
    asked_by: str
    state: Literal["waiting", "granted", "declined", "outdated"]
    decided_by: str = ""
    decided_reason: str = ""
    as_of: datetime

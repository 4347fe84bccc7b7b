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
    """The cheapest model with which the denied call would have been granted."""
    greener: str = ""
    """Another one that emits least."""
    resolved_by: str = ""
    """Who raised the cap since; the notice then says so instead of offering the button."""
    resolved_reason: str = ""
    is_past: bool = False
    """The cap was raised since, and another message says so: there is nothing to approve here."""
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


class PlanCommitment(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan commits of one cap, in the cap's unit: P10, P50 and P90 added up."""

    cap: CapStatus
    planned: Spread
    reserved: int = 0
    """Part of the limit that only optimisation work may use."""
    verdict: Literal["fits", "at_risk", "over"]
    trim: tuple[str, ...] = ()
    """The fewest stories, dearest first, without which the rest fits."""


class PlanNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A future Sprint's plan against its caps."""

    sprint: SprintHeader
    state: Literal["over", "at_risk", "fits", "started"]
    commitments: tuple[PlanCommitment, ...] = ()
    stories: tuple[StoryLine, ...] = ()
    """Those to trim first, then the dearest of the others."""
    unestimated: tuple[str, ...] = ()
    """AI work without an estimate in dollars: it comes on top."""
    moves_back: bool = False
    """The workspace has stories that are over moved back to the Product Backlog."""
    moved: tuple[str, ...] = ()
    """Stories that were moved back."""
    moved_by: str = ""
    as_of: datetime


class PlanNote(msgspec.Struct, frozen=True, kw_only=True):
    """What a story's field and comment say of the plan it makes too large."""

    sprint_id: int
    sprint: str
    flag: Literal["over", "at_risk"]
    unit: Literal["usd", "tokens", "kgco2e"]
    planned: Spread
    limit: int
    reserved: int = 0
    share: Spread
    """The story's own estimate."""

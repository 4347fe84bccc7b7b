"""A desk over the example Sprint: caps that can be raised, and a record of what was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from integration.foundation.errors import Unavailable
from tests import report_examples as acme
from tests.adapters.slack import notice_examples as notices
from tests.adapters.slack.every_payload import WHAT_IF

if TYPE_CHECKING:
    from datetime import datetime

    from integration.reports.shapes import (
        CapStatus,
        DailyDigest,
        SprintHeader,
        SprintReport,
        StoryLine,
    )
    from integration.slack.cap_desk import Refusal, SlackPerson, Waits, WantedCap
    from integration.slack.desk import WhatIfAnswer


@dataclass
class AcmeDesk:
    """Implements SlackDesk in memory, for the workspace "acme" alone."""

    known_caps: dict[str, CapStatus] = field(
        default_factory=lambda: {cap.cap_id: cap for cap in (acme.SPRINT_CAP, acme.STORY_CAP)}
    )
    raises: list[dict[str, object]] = field(default_factory=list)
    decisions: list[tuple[str, bool, str]] = field(default_factory=list)
    settings: list[tuple[WantedCap, str]] = field(default_factory=list)
    trimmed: list[tuple[int, str]] = field(default_factory=list)
    events: set[str] = field(default_factory=set)
    homes: list[tuple[str, str, str]] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    is_down: bool = False
    has_sprint: bool = True
    refusal: Refusal | None = None
    waits: Waits | None = None

    def first_time(self, workspace_id: str, event_id: str) -> bool:
        self._check(workspace_id)
        is_new = event_id not in self.events
        self.events.add(event_id)
        return is_new

    def sprint_report(self, workspace_id: str, *, channel_id: str) -> SprintReport | None:
        self._check(workspace_id)
        return acme.running_report() if self.has_sprint else None

    def story_line(self, workspace_id: str, story_key: str) -> StoryLine | None:
        self._check(workspace_id)
        return next((line for line in acme.STORIES if line.story_key == story_key), None)

    def caps(self, workspace_id: str, *, channel_id: str) -> tuple[CapStatus, ...]:
        self._check(workspace_id)
        return tuple(self.known_caps.values())

    def cap(self, workspace_id: str, cap_id: str) -> CapStatus | None:
        self._check(workspace_id)
        return self.known_caps.get(cap_id)

    def sprints(self, workspace_id: str) -> tuple[SprintHeader, ...]:
        self._check(workspace_id)
        return (acme.SPRINT,)

    def raise_cap(
        self, workspace_id: str, cap_id: str, amount: int, reason: str, *,
        until: datetime | None, person: SlackPerson, request_id: str,
    ) -> CapStatus | Waits | Refusal:  # fmt: skip
        self._check(workspace_id)
        if self.refusal:
            return self.refusal
        self.raises.append(
            {
                "cap_id": cap_id, "amount": amount, "reason": reason, "until": until,
                "by": (person.user_id, person.name), "request_id": request_id,
            }
        )  # fmt: skip
        if self.waits:
            return self.waits
        raised = msgspec.structs.replace(self.known_caps[cap_id], limit=amount)
        self.known_caps[cap_id] = raised
        return raised

    def decide_raise(
        self, workspace_id: str, request_id: str, *, is_granted: bool, person: SlackPerson
    ) -> Refusal | None:
        self._check(workspace_id)
        if self.refusal is None:
            self.decisions.append((request_id, is_granted, person.user_id))
        return self.refusal

    def trim_plan(
        self, workspace_id: str, sprint_id: int, *, person: SlackPerson
    ) -> Refusal | None:
        self._check(workspace_id)
        if self.refusal is None:
            self.trimmed.append((sprint_id, person.user_id))
        return self.refusal

    def set_cap(
        self, workspace_id: str, wanted: WantedCap, *, person: SlackPerson
    ) -> CapStatus | Refusal:
        self._check(workspace_id)
        if self.refusal:
            return self.refusal
        self.settings.append((wanted, person.user_id))
        return acme.SPRINT_CAP

    def digest(self, workspace_id: str, *, channel_id: str) -> DailyDigest | None:
        self._check(workspace_id)
        return notices.spike_digest() if self.has_sprint else None

    def what_if(self, workspace_id: str, story_key: str) -> WhatIfAnswer | None:
        self._check(workspace_id)
        return WHAT_IF if story_key == WHAT_IF.story_key else None

    def open_home(self, workspace_id: str, *, person: SlackPerson) -> None:
        self._check(workspace_id)
        self.homes.append(("opened", person.user_id, ""))

    def choose_team(self, workspace_id: str, team_id: str, *, person: SlackPerson) -> None:
        self._check(workspace_id)
        self.homes.append(("team", person.user_id, team_id))

    def state_own_story(
        self, workspace_id: str, story_key: str, *, person: SlackPerson
    ) -> Refusal | None:
        self._check(workspace_id)
        if self.refusal is None:
            self.homes.append(("story", person.user_id, story_key))
        return self.refusal

    def connection_lost(self, workspace_id: str, event_type: str) -> None:
        self._check(workspace_id)
        self.lost.append(event_type)

    def _check(self, workspace_id: str) -> None:
        assert workspace_id == "acme"
        if self.is_down:
            raise Unavailable("the database is away")

"""What people in Slack can decide about caps. The web door implements it over the journeys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from integration.reports.shapes import CapStatus, SprintHeader


@dataclass(frozen=True, slots=True)
class Refusal:
    """A decision that was not taken, and why, in a sentence for the person who asked.

    `about` is the field of the form that it is shown at.
    """

    message: str
    about: str = "limit"


@dataclass(frozen=True, slots=True)
class Waits:
    """A raise that somebody else has to agree to; `approvers` as people write them."""

    approvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlackPerson:
    """Who clicked or typed."""

    user_id: str
    name: str


@dataclass(frozen=True, slots=True)
class WantedCap:
    """A cap as the form asks for it; `sprint_id` None is the whole workspace's."""

    sprint_id: int | None
    unit: str
    limit: int
    mode: str
    reason: str


class CapDesk(Protocol):
    """Answers and decisions about caps. Each method opens its own session."""

    def caps(self, workspace_id: str, *, channel_id: str) -> tuple[CapStatus, ...]:
        """Return the caps in force, the Sprint's own first."""

    def cap(self, workspace_id: str, cap_id: str) -> CapStatus | None:
        """Return one cap as it stands now."""

    def sprints(self, workspace_id: str) -> tuple[SprintHeader, ...]:
        """Return the Sprints that can be capped: running ones first, then planned ones."""

    def raise_cap(
        self, workspace_id: str, cap_id: str, amount: int, reason: str, *,
        until: datetime | None, person: SlackPerson, request_id: str,
    ) -> CapStatus | Waits | Refusal:  # fmt: skip
        """Raise a cap, or ask who may; `amount` is the whole new limit in the cap's unit.

        A `request_id` that was seen before changes nothing and answers as the first time. The
        notice in the channel is edited by the outbox, not here.
        """

    def decide_raise(
        self, workspace_id: str, request_id: str, *, is_granted: bool, person: SlackPerson
    ) -> Refusal | None:
        """Agree to a raise that waits, or decline it; None when it was done."""

    def trim_plan(
        self, workspace_id: str, sprint_id: int, *, person: SlackPerson
    ) -> Refusal | None:
        """Move what a planned Sprint is over by to the Product Backlog; None when it was done."""

    def set_cap(
        self, workspace_id: str, wanted: WantedCap, *, person: SlackPerson
    ) -> CapStatus | Refusal:
        """Set a cap, or change limit and mode of the one that is there."""

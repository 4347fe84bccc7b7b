"""What the product offers to people in Slack. The web door implements it over the journeys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from integration.slack.cap_desk import CapDesk
from integration.slack.home_desk import HomeDesk

if TYPE_CHECKING:
    from integration.reports.shapes import DailyDigest, Spread, SprintReport, StoryLine


@dataclass(frozen=True, slots=True)
class WhatIfOption:
    """One alternative for a story, such as another model, a greener region, more caching."""

    label: str
    list_cost_nanousd: Spread | None = None
    location_based_ugco2e: Spread | None = None
    saving_nanousd: int | None = None
    saving_ugco2e: int | None = None


@dataclass(frozen=True, slots=True)
class WhatIfAnswer:
    """What a story would cost today and what it would otherwise, the cheapest first.

    `estimated_nanousd` is what the newest version of its estimate says, which may be older.
    """

    story_key: str
    url: str = ""
    version: int = 1
    estimated_nanousd: Spread | None = None
    today_nanousd: Spread | None = None
    today_ugco2e: Spread | None = None
    options: tuple[WhatIfOption, ...] = ()


class SlackDesk(CapDesk, HomeDesk, Protocol):
    """Answers and decisions. Methods are called from Bolt's threads: each opens its own session.

    All may raise Unavailable, and the person is told to try again.
    """

    def first_time(self, workspace_id: str, event_id: str) -> bool:
        """Record an event of Slack's; False when it was recorded before."""

    def sprint_report(self, workspace_id: str, *, channel_id: str) -> SprintReport | None:
        """Return the running Sprint of the channel's team, else of the workspace."""

    def story_line(self, workspace_id: str, story_key: str) -> StoryLine | None:
        """Return a story as it stands in the Sprint it was in last; None when it is not known."""

    def digest(self, workspace_id: str, *, channel_id: str) -> DailyDigest | None:
        """Return today's digest as of now; None without a running Sprint."""

    def what_if(self, workspace_id: str, story_key: str) -> WhatIfAnswer | None:
        """Return a story's alternatives; None when it is not known."""

    def connection_lost(self, workspace_id: str, event_type: str) -> None:
        """Record that the app was uninstalled or its tokens revoked."""

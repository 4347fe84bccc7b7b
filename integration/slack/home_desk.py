"""What people do in the app's Home tab. The web door implements it over the journeys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from integration.slack.cap_desk import Refusal, SlackPerson


class HomeDesk(Protocol):
    """The Home tab. Each method promises the tab anew; the worker publishes it."""

    def open_home(self, workspace_id: str, *, person: SlackPerson) -> None:
        """Show this person their team's Sprint and their stories as they are now."""

    def choose_team(self, workspace_id: str, team_id: str, *, person: SlackPerson) -> None:
        """Show this person the Sprint of a team from now on."""

    def state_own_story(
        self, workspace_id: str, story_key: str, *, person: SlackPerson
    ) -> Refusal | None:
        """Take this person to be whom Jira assigned a story to; None when it was done."""

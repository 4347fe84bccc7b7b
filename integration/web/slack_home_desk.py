"""What people do in the app's Home tab in Slack, over the journeys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.errors import StoryMeterError, Unavailable
from integration.journeys.open_home import choose_team, open_home, state_own_story
from integration.slack.cap_desk import Refusal

if TYPE_CHECKING:
    from integration.slack.cap_desk import SlackPerson
    from integration.web.service import Service


class HomeDesk:
    """Implements `integration.slack.home_desk.HomeDesk`."""

    _service: Service

    def open_home(self, workspace_id: str, *, person: SlackPerson) -> None:
        """Promise this person's Home."""
        here = self._service
        open_home(here.transactions, workspace_id, person.user_id, now=here.clock.now())

    def choose_team(self, workspace_id: str, team_id: str, *, person: SlackPerson) -> None:
        """Let this person's Home show the Sprint of a team."""
        here = self._service
        choose_team(here.transactions, workspace_id, person.user_id, team_id, now=here.clock.now())

    def state_own_story(
        self, workspace_id: str, story_key: str, *, person: SlackPerson
    ) -> Refusal | None:
        """Take this person to be whom Jira assigned a story to; None when it was done."""
        here = self._service
        try:
            state_own_story(
                here.transactions, workspace_id, person.user_id, story_key, now=here.clock.now()
            )
        except Unavailable:
            raise
        except StoryMeterError as refused:
            return Refusal(refused.message, about="story")
        return None

"""What people do in the app's Home tab: open it, choose a team, say which story is theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.errors import StoryMeterError
from integration.slack.cap_desk import SlackPerson
from integration.slack.listeners import Body, Listeners
from integration.slack.raise_cap import person_of

if TYPE_CHECKING:
    from slack_bolt import Ack, App


class HomeListeners(Listeners):
    """One method for each thing that Slack can send us about the Home tab."""

    def register(self, app: App) -> None:
        """Let the app call them."""
        app.event("app_home_opened")(self.on_opened)
        app.action("home_team")(self.on_team_chosen)
        app.action("home_me_open")(self.on_me)
        app.view("home_me_submit")(self.on_me_submitted)

    def on_opened(self, body: Body, event: Body) -> None:
        is_home = event.get("tab", "home") == "home"
        if is_home and self.desk.first_time(self.workspace_id, body["event_id"]):
            person = SlackPerson(event["user"], event["user"])
            self.desk.open_home(self.workspace_id, person=person)

    def on_team_chosen(self, ack: Ack, body: Body) -> None:
        ack()
        chosen = body["actions"][0]["selected_option"]["value"]
        self.desk.choose_team(self.workspace_id, chosen, person=person_of(body))

    def on_me(self, ack: Ack, body: Body) -> None:
        ack()
        self.gateway.open_view(body["trigger_id"], self.answers.who_am_i_view())

    def on_me_submitted(self, ack: Ack, body: Body) -> None:
        typed = body["view"]["state"]["values"]["story"]["key"].get("value") or ""
        try:
            refusal = self.desk.state_own_story(
                self.workspace_id, typed.strip(), person=person_of(body)
            )
        except StoryMeterError:
            ack(response_action="errors", errors={"story": self.answers.problem("unavailable")})
            return
        if refusal is None:
            ack()
        else:
            ack(response_action="errors", errors={"story": refusal.message})

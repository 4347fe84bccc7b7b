"""What people do with caps in Slack: open the forms, submit them, agree to raises or decline them.

A submitted form is acknowledged with its answer; everything else is acknowledged first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.errors import StoryMeterError
from integration.slack.cap_desk import Waits
from integration.slack.listeners import Body, Listeners
from integration.slack.raise_cap import person_of, raise_cap, read_submission
from integration.slack.set_cap import set_cap

if TYPE_CHECKING:
    from slack_bolt import Ack, App

    from integration.slack.block_kit import SlackMessage
    from integration.slack.reply import Reply


class CapListeners(Listeners):
    """One method for each thing that Slack can send us about caps."""

    def register(self, app: App) -> None:
        """Let the app call them."""
        app.action("cap_raise_open")(self.on_raise)
        app.view("cap_raise_submit")(self.on_raise_submitted)
        app.action("cap_set_open")(self.on_set)
        app.view("cap_set_submit")(self.on_set_submitted)
        app.action("cap_raise_grant")(self.on_granted)
        app.action("cap_raise_decline")(self.on_declined)
        app.action("plan_trim")(self.on_trim)

    def on_raise(self, ack: Ack, body: Body, respond: Reply) -> None:
        ack()
        cap_id = body["actions"][0]["value"]
        try:
            cap = self.desk.cap(self.workspace_id, cap_id)
            if cap is None:
                tell(body, respond, self.answers.note("unknown_cap"))
                return
            self.gateway.open_view(body["trigger_id"], self.answers.raise_cap_view(cap))
        except StoryMeterError:
            tell(body, respond, self.answers.note("unavailable"))

    def on_raise_submitted(self, ack: Ack, body: Body) -> None:
        submission = read_submission(self.workspace_id, body)
        told = raise_cap(submission, self.desk, self.answers)
        if isinstance(told, Waits):
            ack(response_action="update", view=self.answers.raise_waits_view(told))
        elif told:
            ack(response_action="errors", errors=told)
        else:
            ack()

    def on_set(self, ack: Ack, body: Body, respond: Reply) -> None:
        ack()
        try:
            sprints = self.desk.sprints(self.workspace_id)
            self.gateway.open_view(body["trigger_id"], self.answers.set_cap_view(sprints))
        except StoryMeterError:
            tell(body, respond, self.answers.note("unavailable"))

    def on_set_submitted(self, ack: Ack, body: Body) -> None:
        problems = set_cap(self.workspace_id, body, self.desk, self.answers)
        if problems:
            ack(response_action="errors", errors=problems)
        else:
            ack()

    def on_granted(self, ack: Ack, body: Body, respond: Reply) -> None:
        ack()
        self._decide(body, respond, is_granted=True)

    def on_declined(self, ack: Ack, body: Body, respond: Reply) -> None:
        ack()
        self._decide(body, respond, is_granted=False)

    def on_trim(self, ack: Ack, body: Body, respond: Reply) -> None:
        ack()
        sprint_id = int(body["actions"][0]["value"])
        try:
            refusal = self.desk.trim_plan(self.workspace_id, sprint_id, person=person_of(body))
        except StoryMeterError:
            tell(body, respond, self.answers.note("unavailable"))
            return
        if refusal is not None:
            tell(body, respond, self.answers.note("refused", said=refusal.message))

    def _decide(self, body: Body, respond: Reply, *, is_granted: bool) -> None:
        """The message itself is edited by the outbox; only a refusal is told here."""
        try:
            refusal = self.desk.decide_raise(
                self.workspace_id, body["actions"][0]["value"], is_granted=is_granted,
                person=person_of(body),
            )  # fmt: skip
        except StoryMeterError:
            tell(body, respond, self.answers.note("unavailable"))
            return
        if refusal is not None:
            tell(body, respond, self.answers.note("refused", said=refusal.message))


def tell(body: Body, respond: Reply, note: SlackMessage) -> None:
    """Answer a click in a message; a click in the Home tab has no address to answer to."""
    if body.get("response_url"):
        respond(note)

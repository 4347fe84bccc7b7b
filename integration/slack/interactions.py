"""What people do in Slack, wired to the desk: commands, buttons, the modal, Home, lost tokens.

Listeners acknowledge first and work in Bolt's threads after (Bolt itself does so for events),
except for a submitted modal: there the acknowledgement is the answer. One app serves one Slack
team by its token; the door picks the app of the team that a request names.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from slack_bolt import App, BoltContext, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError

from integration.foundation.errors import StoryMeterError
from integration.slack.block_kit import our_wording
from integration.slack.cap_listeners import CapListeners
from integration.slack.client import SlackGateway, web_client
from integration.slack.commands import STORY_KEY, Asked, answer_command
from integration.slack.home_listeners import HomeListeners
from integration.slack.listeners import Body, Listeners
from integration.slack.messages import Messages
from integration.slack.reply import Reply
from integration.slack.signature import SignedBySlack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slack_bolt import Ack

    from integration.foundation.clock import Clock
    from integration.foundation.wording import Wording
    from integration.slack.connection import SlackConnection
    from integration.slack.desk import SlackDesk

COMMAND = "/storymeter"
STORY_LINK = re.compile(rf"/(?:browse|stories)/({STORY_KEY.pattern})(?:[/?#]|$)")
LINK_BUTTONS = ("open_sprint", "open_report")


def build_bolt(
    connection: SlackConnection,
    desk: SlackDesk,
    clock: Clock,
    *,
    zone: str = "UTC",
    wording: Wording | None = None,
    over_http: bool = True,
    logger: logging.Logger | None = None,
) -> App:
    """Return the Bolt app of one Slack team. Makes no call; build it after the process forked.

    Serve it with `slack_bolt.adapter.flask.SlackRequestHandler(app).handle(flask.request)`.
    Requests over Socket Mode carry no signature: the connection itself is authenticated.
    """
    app = App(
        name="storymeter",
        logger=logger or logging.getLogger("storymeter.slack"),
        signing_secret=connection.signing_secret,
        client=web_client(connection, is_signed_in=False),
        authorize=_authorize(connection),
        token_verification_enabled=False,
        request_verification_enabled=False,
        before_authorize=(SignedBySlack(connection.signing_secret, clock) if over_http else None),
        raise_error_for_unhandled_request=True,
    )
    app.error(_on_error)
    app.use(_answer_by(connection))
    words = wording or our_wording()
    for listeners in (_CommandListeners, CapListeners, HomeListeners):
        listeners(connection.workspace_id, desk, SlackGateway(connection), zone, words).register(
            app
        )
    return app


def _answer_by(connection: SlackConnection) -> Callable[..., None]:
    """Let listeners answer through the guard: a request names where its answer goes."""

    def middleware(context: BoltContext, next_: Callable[[], None]) -> None:
        if context.response_url:
            context["respond"] = Reply(context.response_url, connection.api_base_url)
        next_()

    return middleware


class _CommandListeners(Listeners):
    """One method for each thing that Slack can send us."""

    def register(self, app: App) -> None:
        app.command(COMMAND)(self.on_command)
        for action_id in LINK_BUTTONS:
            app.action(action_id)(self.on_link_opened)
        app.event("link_shared")(self.on_link_shared)
        app.event("app_uninstalled")(self.on_connection_lost)
        app.event("tokens_revoked")(self.on_connection_lost)

    def on_command(self, ack: Ack, body: Body, respond: Reply) -> None:
        ack()
        asked = Asked(
            workspace_id=self.workspace_id,
            channel_id=body["channel_id"],
            command=body["command"],
            text=body.get("text", ""),
        )
        try:
            answer = answer_command(
                asked, self.desk, self.answers, Messages(self.zone, self.wording)
            )
        except StoryMeterError:
            answer = self.answers.note("unavailable")
        respond(answer)

    def on_link_opened(self, ack: Ack) -> None:
        """Slack reports clicks on link buttons too, and warns the person unless it is answered."""
        ack()

    def on_link_shared(self, body: Body, event: Body) -> None:
        """Show a card under each link to a story that is known here."""
        if not self._is_new(body):
            return
        cards = {}
        for link in event.get("links", []):
            found = STORY_LINK.search(link.get("url", ""))
            line = found and self.desk.story_line(self.workspace_id, found.group(1))
            if line:
                cards[link["url"]] = {"blocks": self.answers.story(line).blocks}
        if cards:
            self.gateway.unfurl(event["channel"], event["message_ts"], cards)

    def on_connection_lost(self, body: Body, event: Body) -> None:
        """Note it early; should this be missed, the next call to Slack finds out as well."""
        if self._is_new(body):
            self.desk.connection_lost(self.workspace_id, event["type"])

    def _is_new(self, body: Body) -> bool:
        return self.desk.first_time(self.workspace_id, body["event_id"])


def _on_error(error: Exception, body: Body, logger: logging.Logger) -> BoltResponse | None:
    """Accept what we do not listen to, or Slack would send it three times more; log the rest."""
    if isinstance(error, BoltUnhandledRequestError):
        logger.info("nothing listens to this Slack request: %s", _kind_of(body))
        return BoltResponse(status=200, body="")
    logger.error("a Slack listener failed on %s", _kind_of(body), exc_info=error)
    return None


def _kind_of(body: Mapping[str, Any]) -> str:
    """Name a request without what people wrote in it."""
    event = body.get("event")
    inner = event.get("type") if isinstance(event, dict) else None
    return str(inner or body.get("command") or body.get("type") or "unknown")


def _authorize(connection: SlackConnection) -> Callable[..., Any]:
    """Accept requests of this team alone, without asking Slack who the token belongs to."""

    def authorize(team_id: str | None, enterprise_id: str | None) -> AuthorizeResult | None:
        if team_id != connection.team_id:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=connection.bot_token
        )

    return authorize

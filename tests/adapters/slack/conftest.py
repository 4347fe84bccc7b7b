"""A local Slack, the gateway to it, and StoryMeter's Bolt app that it sends to."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from flask import Flask, Response, request
from slack_bolt.adapter.flask import SlackRequestHandler

from integration.sandbox.server import serve
from integration.sandbox.slack.config import SlackChannel, SlackConfig, SlackUser
from integration.sandbox.slack.server import start_slack
from integration.slack.client import SlackGateway
from integration.slack.connection import SlackConnection
from integration.slack.interactions import build_bolt
from tests.adapters.slack.acme_desk import AcmeDesk
from tests.adapters.slack.people import People

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.foundation.clock import FixedClock
    from integration.sandbox.server import RunningServer
    from integration.sandbox.slack.workspace import Workspace

CONFIG = SlackConfig(
    bot_token="xoxb-acme",
    app_token="xapp-acme",
    signing_secret="signing-secret",
    team_id="T0ACME",
    team_name="Acme",
    bot_user_id="U0BOT",
    users=(
        SlackUser("U0ANN", "ann", "Ann Lee", "ann@example.com"),
        SlackUser("U0BO", "bo", "Bo Chen", "bo@example.com"),
    ),
    channels=(
        SlackChannel("C0STANDUP", "standup"),
        SlackChannel("C0OLD", "old", is_archived=True),
        SlackChannel("C0OTHER", "other", is_bot_member=False),
    ),
    events=("app_home_opened", "app_mention", "tokens_revoked"),
    event_retry_delays_s=(0, 0, 0),
)


@pytest.fixture
def slack(clock: FixedClock) -> Iterator[RunningServer[Workspace]]:
    with start_slack(CONFIG, clock) as running:
        yield running


@pytest.fixture
def connection(slack: RunningServer[Workspace]) -> SlackConnection:
    return SlackConnection(
        workspace_id="acme",
        api_base_url=f"{slack.base_url}/api",
        bot_token=CONFIG.bot_token,
        signing_secret=CONFIG.signing_secret,
        team_id=CONFIG.team_id,
        default_channel_id="C0STANDUP",
    )


@pytest.fixture
def gateway(connection: SlackConnection) -> SlackGateway:
    return SlackGateway(connection)


@pytest.fixture
def people(slack: RunningServer[Workspace]) -> People:
    return People(slack.base_url, slack.state)


@pytest.fixture
def desk() -> AcmeDesk:
    return AcmeDesk()


@pytest.fixture
def app(
    connection: SlackConnection, desk: AcmeDesk, clock: FixedClock, people: People
) -> Iterator[Flask]:
    """StoryMeter's door for Slack on a free port, known to the local Slack."""
    # The installation's clock stands at another day than the machine's: see signature.py.
    bolt = build_bolt(
        connection, desk, clock, zone="Europe/London", logger=logging.getLogger("bolt-under-test")
    )
    handler = SlackRequestHandler(bolt)
    flask = Flask("door")

    @flask.post("/slack/events")
    def events() -> Response:
        return handler.handle(request)

    with serve(flask, None) as running:
        assert people.act("request_url", url=f"{running.base_url}/slack/events")["ok"]
        yield flask
    bolt.listener_runner.listener_executor.shutdown(wait=True)

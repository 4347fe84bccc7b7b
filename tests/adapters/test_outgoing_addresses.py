"""What Slack and Jira tell us to call: never the network that we stand in."""

from __future__ import annotations

import pytest

from integration.foundation.errors import DeliveryFailed
from integration.jira.connection import ApiToken, JiraConnection
from integration.jira.failures import JiraFailure
from integration.jira.gateway import JiraGateway
from integration.slack.block_kit import SlackMessage
from integration.slack.client import SlackGateway
from integration.slack.connection import SlackConnection
from integration.slack.reply import Reply
from tests.adapters.jira.world import MovingClock
from tests.small_server import listening

SLACK = "https://slack.com/api"


def test_a_picture_is_not_uploaded_into_our_network() -> None:
    gateway = SlackGateway(
        SlackConnection("acme", SLACK, "xoxb-acme", "signing-secret", "T0", "C0")
    )
    with listening() as (inner, asked):
        with pytest.raises(DeliveryFailed) as refused:
            gateway.send_bytes(f"{inner}/upload/v1/secret-ticket", b"picture")
        assert (refused.value.permanent, asked) == (True, [])
        assert "secret-ticket" not in str(refused.value)


def test_an_answer_to_a_click_is_not_sent_into_our_network() -> None:
    with listening() as (inner, asked):
        with pytest.raises(DeliveryFailed) as refused:
            Reply(f"{inner}/commands/T0/secret-ticket", SLACK)(SlackMessage([], "Noted"))
        assert (refused.value.permanent, asked) == (True, [])
        assert "secret-ticket" not in str(refused.value)


def test_a_jira_does_not_redirect_us_further_into_our_network() -> None:
    with (
        listening() as (inner, asked),
        listening(inner.replace("127.0.0.1", "localhost") + "/latest/meta-data") as (site, _),
    ):
        auth = ApiToken("bot@example.com", "token")
        gateway = JiraGateway(
            JiraConnection("acme", site, site, auth), MovingClock(), pause=lambda _: None
        )
        with gateway, pytest.raises(JiraFailure) as refused:
            gateway.myself()
        assert (refused.value.permanent, asked) == (True, [])

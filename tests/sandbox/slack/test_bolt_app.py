"""A Bolt app against the local Slack: command, modal, submission, edited message."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, Response, request
from slack_bolt import App
from slack_bolt.adapter.flask import SlackRequestHandler
from slack_sdk import WebClient

from integration.foundation.clock import SystemClock
from integration.sandbox.server import serve
from integration.sandbox.slack.server import start_slack
from tests.sandbox.slack.world import CONFIG, Control, Json, button, modal, text_input

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def small_app(api_url: str) -> Flask:
    """Return an app that raises a cap: /storymeter cap, a button, a modal with a reason."""
    client = WebClient(CONFIG.bot_token, base_url=api_url)
    bolt = App(
        client=client, signing_secret=CONFIG.signing_secret, token_verification_enabled=False
    )

    @bolt.command("/storymeter")
    def show(ack: Callable[..., None], body: Json, client: WebClient) -> None:
        ack()
        row = {"type": "actions", "elements": [button("approve", "cap-1")]}
        client.chat_postMessage(channel=body["channel_id"], text="Cap reached", blocks=[row])

    @bolt.action("approve")
    def ask(ack: Callable[..., None], body: Json, client: WebClient) -> None:
        ack()
        place = f"{body['channel']['id']} {body['message']['ts']}"
        view = modal(text_input("reason"), private_metadata=place)
        client.views_open(trigger_id=body["trigger_id"], view=view)

    @bolt.view("raise_cap")
    def approve(ack: Callable[..., None], view: Json, body: Json, client: WebClient) -> None:
        reason = view["state"]["values"]["reason"]["value"]["value"]
        if len(reason) < 3:
            ack(response_action="errors", errors={"reason": "Say a little more"})
            return
        channel, ts = view["private_metadata"].split()
        text = f"Approved by <@{body['user']['id']}>: {reason}"
        client.chat_update(channel=channel, ts=ts, text=text)
        ack()

    web = Flask("bolt")
    handler = SlackRequestHandler(bolt)

    @web.post("/slack/events")
    def events() -> Response:
        return handler.handle(request)

    return web


@pytest.fixture
def world() -> Iterator[Control]:
    with (
        start_slack(CONFIG, SystemClock()) as slack,
        serve(small_app(f"{slack.base_url}/api/"), None) as app,
    ):
        control = Control(slack.base_url, slack.state)
        assert control.post("request_url", url=f"{app.base_url}/slack/events")["ok"]
        yield control


def first_message(control: Control) -> Any:
    """Return the first message of the stand-up once Bolt's own thread has posted it."""
    workspace = control.workspace
    with workspace.lock:
        channel = workspace.channels["C0STANDUP"]
        assert workspace.news.wait_for(lambda: bool(channel.messages), timeout=10)
    return control.get("messages", channel="C0STANDUP")["messages"][0]


def test_a_cap_is_raised_in_two_clicks_with_a_reason(world: Control) -> None:
    done = world.post("command", channel="C0STANDUP", user="U0ANN", command="/storymeter")
    assert done["ok"]
    message = first_message(world)
    clicked = world.post(
        "click",
        channel="C0STANDUP",
        ts=message["ts"],
        action_id="approve",
        user="U0ANN",
        wait_for_view_s=10,
    )
    view_id = clicked["view_id"]
    short = {"reason": {"value": "x"}}
    refused = world.post("submit", view_id=view_id, user="U0ANN", values=short)
    assert refused["errors"] == {"reason": "Say a little more"}
    values = {"reason": {"value": "launch week"}}
    done = world.post("submit", view_id=view_id, user="U0ANN", values=values)
    assert (done["ok"], done["done"]) == (True, "close")
    (message,) = world.get("messages", channel="C0STANDUP")["messages"]
    assert message["text"] == "Approved by <@U0ANN>: launch week"
    assert message["blocks"] == []
    assert world.get("invalid")["count"] == 0


def test_bolt_refuses_a_request_signed_with_another_secret(world: Control) -> None:
    url = world.get("state")["request_url"]
    with start_slack(replace(CONFIG, signing_secret="other"), SystemClock()) as stranger:
        control = Control(stranger.base_url, stranger.state)
        control.post("request_url", url=url, verify=False)
        done = control.post("command", channel="C0STANDUP", user="U0ANN", command="/storymeter")
    assert (done["ok"], done["status"]) == (False, 401)

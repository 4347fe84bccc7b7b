"""Signed requests to the app: events and their repetition, commands, clicks, modals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
import requests
from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.webhook import WebhookClient

from tests.sandbox.slack.world import (
    CONFIG,
    Control,
    Json,
    MovingClock,
    Receiver,
    button,
    modal,
    plain,
    section,
    text_input,
)

if TYPE_CHECKING:
    from slack_sdk import WebClient


class ClockOfTest(SdkClock):
    """The verifier's clock, moved together with the sandbox's."""

    def __init__(self, clock: MovingClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


def payload(receiver: Receiver, index: int = -1) -> Json:
    body = parse_qs(receiver.received[index][1].decode())
    decoded: Json = json.loads(body["payload"][0])
    return decoded


def opened(client: WebClient, control: Control, *blocks: Json, **more: object) -> str:
    view = client.views_open(trigger_id=control.trigger(), view=modal(*blocks, **more))["view"]
    return str(view["id"])


def test_each_request_carries_slacks_signature(
    control: Control, receiver: Receiver, clock: MovingClock
) -> None:
    control.post("command", channel="C0STANDUP", user="U0ANN", command="/storymeter", text="help")
    headers, body = receiver.received[0]
    verifier = SignatureVerifier(CONFIG.signing_secret, ClockOfTest(clock))
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body + b"x", headers)
    clock.move(minutes=6)
    assert not verifier.is_valid_request(body, headers)


def test_a_command_names_its_place_and_person(control: Control, receiver: Receiver) -> None:
    control.post("command", channel="C0STANDUP", user="U0BO", command="/storymeter", text="cap")
    sent = {key: values[0] for key, values in parse_qs(receiver.received[0][1].decode()).items()}
    assert sent["command"] == "/storymeter"
    assert (sent["text"], sent["channel_id"], sent["user_id"]) == ("cap", "C0STANDUP", "U0BO")
    assert sent["team_id"] == "T0ACME"


@pytest.mark.parametrize(("kind", "seen_by"), [("ephemeral", "U0ANN"), ("in_channel", None)])
def test_the_answer_to_a_command_is_shown(
    control: Control, receiver: Receiver, kind: str, seen_by: str | None
) -> None:
    receiver.answer = {"response_type": kind, "text": "$3 of $5"}
    control.post("command", channel="C0STANDUP", user="U0ANN", command="/storymeter")
    (message,) = control.get("messages", channel="C0STANDUP")["messages"]
    assert (message["text"], message["visible_to"]) == ("$3 of $5", seen_by)


def test_a_mention_and_a_story_link_reach_the_app(control: Control, receiver: Receiver) -> None:
    text = "<@U0BOT> see https://jira.example.com/browse/SHOP-7"
    control.post("say", channel="C0STANDUP", user="U0ANN", text=text)
    receiver.wait_for(3)
    events = [json.loads(body)["event"] for _headers, body in receiver.received]
    assert [event["type"] for event in events] == ["message", "app_mention", "link_shared"]
    assert events[2]["links"] == [
        {"url": "https://jira.example.com/browse/SHOP-7", "domain": "jira.example.com"}
    ]


def test_the_app_hears_nothing_of_a_channel_it_is_not_in(
    control: Control, receiver: Receiver
) -> None:
    control.post("say", channel="C0OTHER", user="U0ANN", text="<@U0BOT> hello")
    control.post("say", channel="C0STANDUP", user="U0ANN", text="hello")
    receiver.wait_for(1)
    (event,) = [json.loads(body)["event"] for _headers, body in receiver.received]
    assert event["channel"] == "C0STANDUP"


def test_a_failed_event_is_repeated_three_times_with_the_same_id(
    control: Control, receiver: Receiver
) -> None:
    receiver.statuses = [500, 500, 500, 200]
    sent = control.post("event", event={"type": "app_mention", "text": "x"})
    assert (sent["ok"], sent["status"], sent["reason"]) == (False, 500, "http_error")
    receiver.wait_for(4)
    numbers = [headers.get("X-Slack-Retry-Num") for headers, _body in receiver.received]
    assert numbers == [None, "1", "2", "3"]
    assert receiver.received[1][0]["X-Slack-Retry-Reason"] == "http_error"
    ids = {json.loads(body)["event_id"] for _headers, body in receiver.received}
    assert ids == {sent["event_id"]}


def test_the_home_tab_is_announced_with_the_view_it_shows(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    client.views_publish(user_id="U0ANN", view={"type": "home", "blocks": [section("Mine")]})
    control.post("home", user="U0ANN")
    receiver.wait_for(1)
    event = json.loads(receiver.received[0][1])["event"]
    assert (event["type"], event["tab"]) == ("app_home_opened", "home")
    assert event["view"]["blocks"][0]["text"]["text"] == "Mine"


def test_a_url_that_does_not_return_the_challenge_is_not_taken(
    control: Control, receiver: Receiver
) -> None:
    url = control.get("state")["request_url"]
    control.post("request_url", url=None)
    assert control.post("request_url", url=url)["error"] == "challenge_failed"
    assert control.get("state")["request_url"] is None
    assert json.loads(receiver.received[0][1])["type"] == "url_verification"


def test_a_click_tells_which_button_on_which_message(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    row = {"type": "actions", "elements": [button("approve", "cap-1"), button("deny", "cap-1")]}
    ts = client.chat_postMessage(channel="C0STANDUP", text="Cap", blocks=[row])["ts"]
    control.post("click", channel="C0STANDUP", ts=ts, action_id="deny", user="U0BO")
    sent = payload(receiver)
    assert sent["type"] == "block_actions"
    assert (sent["actions"][0]["action_id"], sent["actions"][0]["value"]) == ("deny", "cap-1")
    assert (sent["user"]["id"], sent["message"]["ts"]) == ("U0BO", ts)
    assert sent["container"]["channel_id"] == "C0STANDUP"


def test_a_click_on_a_button_that_is_gone_is_refused(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    ts = client.chat_postMessage(channel="C0STANDUP", text="Cap")["ts"]
    done = control.post("click", channel="C0STANDUP", ts=ts, action_id="deny", user="U0BO")
    assert done["error"] == "action_not_found"
    assert receiver.received == []


def test_a_response_url_answers_five_times_within_half_an_hour(
    client: WebClient, control: Control, receiver: Receiver, clock: MovingClock
) -> None:
    row = {"type": "actions", "elements": [button("approve")]}
    ts = client.chat_postMessage(channel="C0STANDUP", text="Cap", blocks=[row])["ts"]
    for _click in range(2):
        control.post("click", channel="C0STANDUP", ts=ts, action_id="approve", user="U0ANN")
    first, second = (WebhookClient(payload(receiver, i)["response_url"]) for i in (0, 1))
    assert first.send(text="Approved", replace_original=True).status_code == 200
    for _use in range(4):
        assert first.send(text="note").status_code == 200
    assert first.send(text="note").status_code == 404
    shown = control.get("messages", channel="C0STANDUP")["messages"]
    assert (shown[0]["ts"], shown[0]["text"], shown[0]["blocks"]) == (ts, "Approved", [])
    assert [message["visible_to"] for message in shown[1:]] == ["U0ANN"] * 4
    assert second.send(delete_original=True).status_code == 200
    assert ts not in {m["ts"] for m in control.get("messages")["messages"]}
    clock.move(minutes=31)
    assert second.send(text="late").status_code == 404


def test_a_submission_holds_what_was_put_in(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    choice = {
        "type": "input",
        "block_id": "model",
        "label": plain("Model"),
        "element": {
            "type": "static_select",
            "action_id": "pick",
            "options": [
                {"text": plain("Small"), "value": "s"},
                {"text": plain("Big"), "value": "b"},
            ],
        },
    }
    view_id = opened(client, control, text_input("reason"), choice, private_metadata="cap-1")
    values = {"reason": {"value": "launch"}, "model": {"pick": "b"}}
    done = control.post("submit", view_id=view_id, user="U0ANN", values=values)
    assert (done["ok"], done["done"]) == (True, "close")
    sent = payload(receiver)
    assert sent["view"]["private_metadata"] == "cap-1"
    state = sent["view"]["state"]["values"]
    assert state["reason"]["value"] == {"type": "plain_text_input", "value": "launch"}
    assert state["model"]["pick"]["selected_option"]["value"] == "b"
    assert control.get("state")["open_views"]["U0ANN"] == []


def test_an_empty_required_input_stops_the_submission(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    view_id = opened(client, control, text_input("reason"), text_input("note", optional=True))
    done = control.post("submit", view_id=view_id, user="U0ANN", values={})
    assert (done["ok"], done["errors"]) == (False, {"reason": "required"})
    assert receiver.received == []


def test_errors_keep_the_modal_open_and_another_person_cannot_submit_it(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    view_id = opened(client, control, text_input("amount"))
    receiver.answer = {"response_action": "errors", "errors": {"amount": "Not a number"}}
    values = {"amount": {"value": "much"}}
    done = control.post("submit", view_id=view_id, user="U0ANN", values=values)
    assert (done["ok"], done["errors"]) == (False, {"amount": "Not a number"})
    assert control.get("state")["open_views"]["U0ANN"] == [view_id]
    other = control.post("submit", view_id=view_id, user="U0BO", values=values)
    assert other["error"] == "not_found"


def test_a_submission_can_update_push_and_clear(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    view_id = opened(client, control, section("one"))
    receiver.answer = {"response_action": "update", "view": modal(section("two"))}
    done = control.post("submit", view_id=view_id, user="U0ANN")
    assert done["view"]["blocks"][0]["text"]["text"] == "two"
    receiver.answer = {"response_action": "push", "view": modal(section("three"))}
    pushed = control.post("submit", view_id=view_id, user="U0ANN")["view_id"]
    assert control.get("state")["open_views"]["U0ANN"] == [view_id, pushed]
    receiver.answer = {"response_action": "clear"}
    control.post("submit", view_id=pushed, user="U0ANN")
    assert "U0ANN" not in control.get("state")["open_views"]


def test_closing_is_told_only_to_who_asked_for_it(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    quiet = opened(client, control, section("x"))
    assert control.post("close", view_id=quiet, user="U0ANN") == {"ok": True, "notified": False}
    loud = opened(client, control, section("x"), notify_on_close=True)
    assert control.post("close", view_id=loud, user="U0ANN")["notified"]
    assert payload(receiver)["type"] == "view_closed"


def test_a_command_without_a_request_url_says_so(control: Control) -> None:
    done = control.post("command", channel="C0STANDUP", user="U0ANN", command="/storymeter")
    assert (done["ok"], done["reason"]) == (False, "no_request_url")


def test_the_control_endpoints_name_the_missing_field(control: Control) -> None:
    answer = requests.post(f"{control.base_url}/_sandbox/click", json={"ts": "1"}, timeout=5)
    assert (answer.status_code, answer.json()["field"]) == (400, "user")

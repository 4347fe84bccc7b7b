"""Methods and acts that the larger tests do not pass through."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
import requests
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.world import (
    NOON,
    Control,
    Json,
    Receiver,
    button,
    modal,
    plain,
    section,
    text_input,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk import WebClient


def picker(kind: str, action_id: str = "pick") -> Json:
    options = [{"text": plain(name), "value": name} for name in ("small", "large")]
    return {"type": kind, "action_id": action_id, "options": options}


def last_payload(receiver: Receiver) -> Json:
    sent: Json = json.loads(parse_qs(receiver.received[-1][1].decode())["payload"][0])
    return sent


def test_a_channel_is_made_left_archived_and_brought_back(client: WebClient) -> None:
    channel = client.conversations_create(name="sprint-42")["channel"]["id"]
    assert client.conversations_info(channel=channel)["channel"]["name"] == "sprint-42"
    assert client.conversations_members(channel=channel)["members"] == ["U0ANN", "U0BO", "U0BOT"]
    client.conversations_leave(channel=channel)
    assert channel not in {c["id"] for c in client.users_conversations()["channels"]}
    client.conversations_archive(channel=channel)
    assert client.conversations_info(channel=channel)["channel"]["is_archived"]
    client.conversations_unarchive(channel=channel)
    assert not client.conversations_info(channel=channel)["channel"]["is_archived"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.conversations_create(name="standup"), "name_taken"),
        (lambda c: c.conversations_create(name="Two Words"), "invalid_name_specials"),
        (lambda c: c.conversations_archive(channel="C0OLD"), "already_archived"),
        (lambda c: c.conversations_history(channel="C0OTHER"), "not_in_channel"),
        (lambda c: c.conversations_replies(channel="C0STANDUP", ts="1.0"), "thread_not_found"),
        (lambda c: c.chat_update(channel="C0STANDUP", ts="1.0", text="x"), "message_not_found"),
        (lambda c: c.api_call("chat.postMessage", json={"channel": "C0STANDUP"}), "no_text"),
        (
            lambda c: c.chat_postMessage(channel="C0STANDUP", text="x", blocks="{"),
            "invalid_blocks_format",
        ),
        (lambda c: c.files_info(file="F1"), "file_not_found"),
        (lambda c: c.users_info(user="U0NOBODY"), "user_not_found"),
        (lambda c: c.api_call("no.such"), "unknown_method"),
        (lambda c: c.conversations_info(channel=""), "invalid_arguments"),
        (lambda c: c.conversations_list(cursor="x"), "invalid_cursor"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(
    client: WebClient, call: Callable[[WebClient], object], error: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        call(client)
    assert caught.value.response["error"] == error


def test_too_long_a_message_is_refused_as_a_whole(client: WebClient) -> None:
    blocks = [section("x" * 2900)] * 5
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0STANDUP", text="x", blocks=blocks)
    assert caught.value.response["error"] == "msg_blocks_too_long"


def test_a_message_is_deleted_by_its_author_alone(client: WebClient, control: Control) -> None:
    own = client.chat_postMessage(channel="C0STANDUP", text="mine")["ts"]
    client.chat_delete(channel="C0STANDUP", ts=own)
    theirs = control.post("say", channel="C0STANDUP", user="U0ANN", text="theirs")["ts"]
    with pytest.raises(SlackApiError) as caught:
        client.chat_delete(channel="C0STANDUP", ts=theirs)
    assert caught.value.response["error"] == "cant_delete_message"
    assert [m["ts"] for m in control.get("messages")["messages"]] == [theirs]


def test_a_scheduled_message_can_be_called_back(client: WebClient) -> None:
    at = int(NOON.timestamp()) + 60
    made = client.chat_scheduleMessage(channel="C0STANDUP", post_at=at, text="later")
    name = made["scheduled_message_id"]
    assert [m["id"] for m in client.chat_scheduledMessages_list()["scheduled_messages"]] == [name]
    client.chat_deleteScheduledMessage(channel="C0STANDUP", scheduled_message_id=name)
    assert client.chat_scheduledMessages_list()["scheduled_messages"] == []


def test_marks_are_taken_off_again(client: WebClient) -> None:
    ts = client.chat_postMessage(channel="C0STANDUP", text="done")["ts"]
    client.reactions_add(channel="C0STANDUP", timestamp=ts, name="eyes")
    client.pins_add(channel="C0STANDUP", timestamp=ts)
    assert client.pins_list(channel="C0STANDUP")["items"][0]["message"]["ts"] == ts
    client.reactions_remove(channel="C0STANDUP", timestamp=ts, name="eyes")
    client.pins_remove(channel="C0STANDUP", timestamp=ts)
    (message,) = client.conversations_history(channel="C0STANDUP")["messages"]
    assert "reactions" not in message
    assert "pinned_to" not in message


def test_an_updated_modal_keeps_what_was_put_in(client: WebClient, control: Control) -> None:
    first = modal(text_input("reason"))
    view = client.views_open(trigger_id=control.trigger(), view=first)["view"]
    form = {"user": "U0ANN", "view_id": view["id"], '["reason", "value"]': "because"}
    with_button = modal(text_input("reason"), section("?", accessory=button("why"), block_id="b"))
    client.views_update(view_id=view["id"], hash=view["hash"], view=with_button)
    requests.post(
        f"{control.base_url}/page/modal", data={**form, "click": '["b", "why"]'}, timeout=5
    )
    fresh = client.views_update(view_id=view["id"], view=with_button)["view"]
    assert fresh["state"]["values"]["reason"]["value"]["value"] == "because"
    with pytest.raises(SlackApiError) as caught:
        client.views_update(view_id=view["id"], hash=view["hash"], view=first)
    assert caught.value.response["error"] == "hash_conflict"


@pytest.mark.parametrize(
    "case",
    [
        (picker("static_select"), "large", "selected_option", "large"),
        (picker("overflow"), "small", "selected_option", "small"),
        (picker("checkboxes"), ["small"], "selected_options", ["small"]),
        ({"type": "users_select", "action_id": "pick"}, "U0BO", "selected_user", "U0BO"),
        ({"type": "datepicker", "action_id": "pick"}, "2026-12-01", "selected_date", "2026-12-01"),
        (
            {"type": "multi_users_select", "action_id": "pick"},
            ["U0BO", "U0ANN"],
            "selected_users",
            ["U0BO", "U0ANN"],
        ),
    ],
)
def test_a_choice_reaches_the_app_in_slacks_shape(
    client: WebClient,
    control: Control,
    receiver: Receiver,
    case: tuple[Json, object, str, object],
) -> None:
    element, choice, key, held = case
    row = {"type": "actions", "elements": [element]}
    ts = client.chat_postMessage(channel="C0STANDUP", text="pick", blocks=[row])["ts"]
    where = {"channel": "C0STANDUP", "ts": ts, "action_id": "pick", "user": "U0ANN"}
    assert control.post("click", **where, value=choice)["ok"]
    chosen = last_payload(receiver)["actions"][0][key]
    if key == "selected_option":
        chosen = chosen["value"]
    if key == "selected_options":
        chosen = [option["value"] for option in chosen]
    assert chosen == held


def test_a_choice_on_the_home_tab_names_its_view(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    row = {"type": "actions", "block_id": "row", "elements": [picker("static_select")]}
    view = client.views_publish(user_id="U0ANN", view={"type": "home", "blocks": [row]})["view"]
    where = {"view_id": view["id"], "action_id": "pick", "user": "U0ANN"}
    assert control.post("click", **where, value="large")["ok"]
    sent = last_payload(receiver)
    assert sent["container"] == {"type": "view", "view_id": view["id"]}
    assert sent["view"]["state"]["values"]["row"]["pick"]["selected_option"]["value"] == "large"
    assert control.post("click", **where, value="huge")["error"] == "no_such_option"


def test_a_shortcut_brings_a_trigger(
    client: WebClient, control: Control, receiver: Receiver
) -> None:
    control.post("shortcut", user="U0ANN", callback_id="what_if")
    sent = last_payload(receiver)
    assert (sent["type"], sent["callback_id"]) == ("shortcut", "what_if")
    assert client.views_open(trigger_id=sent["trigger_id"], view=modal(section("x")))["ok"]


def test_every_kind_of_input_can_be_looked_at(client: WebClient, control: Control) -> None:
    kinds = [
        picker("static_select"),
        picker("multi_static_select"),
        picker("checkboxes"),
        picker("radio_buttons"),
        *(
            {"type": kind, "action_id": "pick"}
            for kind in (
                "users_select",
                "conversations_select",
                "datepicker",
                "timepicker",
                "email_text_input",
                "url_text_input",
                "external_select",
                "file_input",
            )
        ),
        {"type": "number_input", "action_id": "pick", "is_decimal_allowed": True},
    ]
    blocks = [
        {"type": "input", "block_id": f"b{number}", "label": plain("x"), "element": element}
        for number, element in enumerate(kinds)
    ]
    client.views_open(trigger_id=control.trigger(), view=modal(*blocks))
    shown = requests.get(f"{control.base_url}/", params={"as": "U0ANN"}, timeout=5)
    assert shown.status_code == 200
    assert shown.text.count('class="input-block"') == len(kinds)

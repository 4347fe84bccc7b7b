"""The Web API as slack_sdk sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.sandbox.slack.world import CONFIG, NOON, Control, MovingClock, modal, section

if TYPE_CHECKING:
    from integration.sandbox.server import RunningServer
    from integration.sandbox.slack.workspace import Workspace


def refusal(error: pytest.ExceptionInfo[SlackApiError]) -> str:
    return str(error.value.response["error"])


def test_a_message_is_posted_edited_and_read_back(client: WebClient, control: Control) -> None:
    posted = client.chat_postMessage(
        channel="C0STANDUP", text="Digest", blocks=[section("*$12* spent")]
    )
    client.chat_update(
        channel="C0STANDUP", ts=posted["ts"], text="Digest", blocks=[section("*$13* spent")]
    )
    (message,) = client.conversations_history(channel="C0STANDUP")["messages"]
    assert message["ts"] == posted["ts"]
    assert message["blocks"][0]["text"]["text"] == "*$13* spent"
    assert message["edited"]["user"] == "U0BOT"
    assert message["bot_id"] == CONFIG.bot_id
    assert control.get("invalid")["count"] == 0


def test_an_edit_with_text_alone_takes_the_blocks_away(client: WebClient) -> None:
    posted = client.chat_postMessage(channel="C0STANDUP", text="a", blocks=[section("a")])
    client.chat_update(channel="C0STANDUP", ts=posted["ts"], text="b")
    (message,) = client.conversations_history(channel="C0STANDUP")["messages"]
    assert message["text"] == "b"
    assert "blocks" not in message


def test_replies_stand_in_their_thread_and_not_in_the_channel(client: WebClient) -> None:
    root = client.chat_postMessage(channel="C0STANDUP", text="digest")["ts"]
    reply = client.chat_postMessage(channel="C0STANDUP", text="spike", thread_ts=root)["ts"]
    (shown,) = client.conversations_history(channel="C0STANDUP")["messages"]
    assert (shown["ts"], shown["reply_count"], shown["latest_reply"]) == (root, 1, reply)
    thread = client.conversations_replies(channel="C0STANDUP", ts=root)["messages"]
    assert [message["text"] for message in thread] == ["digest", "spike"]


def test_an_ephemeral_message_is_not_in_the_history(client: WebClient, control: Control) -> None:
    client.chat_postEphemeral(channel="C0STANDUP", user="U0ANN", text="psst")
    assert client.conversations_history(channel="C0STANDUP")["messages"] == []
    (message,) = control.get("messages", channel="C0STANDUP")["messages"]
    assert message["visible_to"] == "U0ANN"


@pytest.mark.parametrize(
    ("channel", "error"),
    [
        ("C0NOWHERE", "channel_not_found"),
        ("C0SECRET", "channel_not_found"),
        ("C0OLD", "is_archived"),
        ("C0OTHER", "not_in_channel"),
    ],
)
def test_a_post_is_refused_as_slack_refuses_it(client: WebClient, channel: str, error: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=channel, text="x")
    assert refusal(caught) == error


def test_the_app_can_join_a_public_channel_and_then_post(client: WebClient) -> None:
    client.conversations_join(channel="C0OTHER")
    assert client.chat_postMessage(channel="C0OTHER", text="x")["ok"]


def test_a_direct_message_goes_to_the_person(client: WebClient) -> None:
    opened = client.conversations_open(users="U0ANN")["channel"]["id"]
    assert client.chat_postMessage(channel="U0ANN", text="hello")["channel"] == opened


def test_channels_come_in_pages(client: WebClient) -> None:
    names = [
        channel["name"]
        for page in client.conversations_list(limit=1, exclude_archived=True)
        for channel in page["channels"]
    ]
    assert names == ["standup", "other"]


def test_people_are_found_by_id_and_by_email(client: WebClient) -> None:
    assert client.users_lookupByEmail(email="BO@example.com")["user"]["id"] == "U0BO"
    assert client.users_info(user="U0BO")["user"]["tz"] == "America/New_York"
    assert {user["id"] for user in client.users_list()["members"]} == {"U0ANN", "U0BO"}
    with pytest.raises(SlackApiError) as caught:
        client.users_lookupByEmail(email="nobody@example.com")
    assert refusal(caught) == "users_not_found"


def test_a_file_goes_up_in_three_steps_and_is_shared(client: WebClient, control: Control) -> None:
    uploaded = client.files_upload_v2(
        channel="C0STANDUP",
        content=b"\x89PNG not really",
        filename="burn.png",
        title="Burn-up",
        initial_comment="Sprint 42",
    )
    file_id = uploaded["file"]["id"]
    (message,) = control.get("messages", channel="C0STANDUP")["messages"]
    assert message["text"] == "Sprint 42"
    assert message["files"][0]["id"] == file_id
    shares = client.files_info(file=file_id)["file"]["shares"]["public"]
    assert shares == {"C0STANDUP": [{"ts": message["ts"]}]}
    address = message["files"][0]["url_private"]
    assert requests.get(address, timeout=5).status_code == 404
    header = {"Authorization": f"Bearer {CONFIG.bot_token}"}
    assert requests.get(address, headers=header, timeout=5).content == b"\x89PNG not really"


def test_a_trigger_opens_one_modal_within_three_seconds(
    client: WebClient, control: Control, clock: MovingClock
) -> None:
    first, late = control.trigger(), control.trigger()
    view = client.views_open(trigger_id=first, view=modal(section("Why?")))["view"]
    assert view["type"] == "modal"
    for trigger, error in ((first, "exchanged_trigger_id"), ("1.2.3", "invalid_trigger_id")):
        with pytest.raises(SlackApiError) as caught:
            client.views_open(trigger_id=trigger, view=modal(section("Why?")))
        assert refusal(caught) == error
    clock.move(seconds=3.001)
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id=late, view=modal(section("Why?")))
    assert refusal(caught) == "expired_trigger_id"


def test_a_stale_hash_does_not_overwrite_a_newer_view(client: WebClient) -> None:
    home = {"type": "home", "blocks": [section("one")]}
    first = client.views_publish(user_id="U0ANN", view=home)["view"]
    second = client.views_publish(user_id="U0ANN", view=home, hash=first["hash"])["view"]
    assert second["id"] == first["id"]
    with pytest.raises(SlackApiError) as caught:
        client.views_publish(user_id="U0ANN", view=home, hash=first["hash"])
    assert refusal(caught) == "hash_conflict"


def test_modals_stack_up_to_three(client: WebClient, control: Control) -> None:
    root = client.views_open(trigger_id=control.trigger(), view=modal(section("1")))["view"]
    second = client.views_push(trigger_id=control.trigger(), view=modal(section("2")))["view"]
    assert (second["root_view_id"], second["previous_view_id"]) == (root["id"], root["id"])
    client.views_push(trigger_id=control.trigger(), view=modal(section("3")))
    with pytest.raises(SlackApiError) as caught:
        client.views_push(trigger_id=control.trigger(), view=modal(section("4")))
    assert refusal(caught) == "push_limit_reached"


def test_a_scheduled_message_appears_when_its_time_has_come(
    client: WebClient, clock: MovingClock
) -> None:
    at = int(NOON.timestamp()) + 60
    client.chat_scheduleMessage(channel="C0STANDUP", post_at=at, text="later")
    assert client.conversations_history(channel="C0STANDUP")["messages"] == []
    clock.move(seconds=60)
    (message,) = client.conversations_history(channel="C0STANDUP")["messages"]
    assert message["text"] == "later"
    for post_at, error in ((at - 60, "time_in_past"), (at + 121 * 86400, "time_too_far")):
        with pytest.raises(SlackApiError) as caught:
            client.chat_scheduleMessage(channel="C0STANDUP", post_at=post_at, text="x")
        assert refusal(caught) == error


def test_reactions_and_pins_are_put_on_once(client: WebClient) -> None:
    ts = client.chat_postMessage(channel="C0STANDUP", text="done")["ts"]
    client.reactions_add(channel="C0STANDUP", timestamp=ts, name="tada")
    client.pins_add(channel="C0STANDUP", timestamp=ts)
    with pytest.raises(SlackApiError) as caught:
        client.reactions_add(channel="C0STANDUP", timestamp=ts, name="tada")
    assert refusal(caught) == "already_reacted"
    (message,) = client.conversations_history(channel="C0STANDUP")["messages"]
    assert message["reactions"] == [{"name": "tada", "users": ["U0BOT"], "count": 1}]
    assert message["pinned_to"] == ["C0STANDUP"]


def test_a_permalink_leads_to_the_message(
    client: WebClient, slack: RunningServer[Workspace]
) -> None:
    ts = client.chat_postMessage(channel="C0STANDUP", text="look")["ts"]
    link = client.chat_getPermalink(channel="C0STANDUP", message_ts=ts)["permalink"]
    assert link == f"{slack.base_url}/archives/C0STANDUP/p{ts.replace('.', '')}"
    assert "look" in requests.get(link, timeout=5).text


@pytest.mark.parametrize(("token", "error"), [("xoxb-wrong", "invalid_auth"), (None, "not_authed")])
def test_a_call_needs_the_right_token(
    slack: RunningServer[Workspace], token: str | None, error: str
) -> None:
    stranger = WebClient(token, base_url=f"{slack.base_url}/api/")
    with pytest.raises(SlackApiError) as caught:
        stranger.auth_test()
    assert refusal(caught) == error


def test_a_revoked_token_is_dead_until_the_app_is_installed_again(
    client: WebClient, control: Control, slack: RunningServer[Workspace]
) -> None:
    control.post("revoke")
    with pytest.raises(SlackApiError) as caught:
        client.auth_test()
    assert refusal(caught) == "token_revoked"
    allowed = requests.post(
        f"{slack.base_url}/oauth/v2/authorize",
        data={"redirect_uri": "http://app.example.com/cb?a=1", "state": "s1", "allow": "1"},
        allow_redirects=False,
        timeout=5,
    ).headers["Location"]
    start, _equals, code = allowed.rpartition("code=")
    assert start == "http://app.example.com/cb?a=1&state=s1&"
    answer = WebClient(base_url=f"{slack.base_url}/api/").oauth_v2_access(
        client_id=CONFIG.client_id, client_secret=CONFIG.client_secret, code=code
    )
    fresh = WebClient(answer["access_token"], base_url=f"{slack.base_url}/api/")
    assert fresh.auth_test()["team_id"] == "T0ACME"
    with pytest.raises(SlackApiError) as caught:
        fresh.oauth_v2_access(
            client_id=CONFIG.client_id, client_secret=CONFIG.client_secret, code=code
        )
    assert refusal(caught) == "code_already_used"


def test_refused_blocks_are_told_apart_and_remembered(client: WebClient, control: Control) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0STANDUP", text="x", blocks=[section("a" * 3001)])
    assert caught.value.response["error"] == "invalid_blocks"
    line = "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    assert caught.value.response["response_metadata"] == {"messages": [line]}
    (refused,) = control.get("invalid")["invalid"]
    assert (refused["method"], refused["messages"]) == ("chat.postMessage", [line])


def test_socket_mode_is_refused_plainly(client: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        client.apps_connections_open(app_token=CONFIG.app_token)
    assert refusal(caught) == "socket_mode_not_enabled"


def test_form_bodies_work_like_json_bodies(slack: RunningServer[Workspace]) -> None:
    answer = requests.post(
        f"{slack.base_url}/api/chat.postMessage",
        data={
            "token": CONFIG.bot_token,
            "channel": "C0STANDUP",
            "blocks": '[{"type":"divider"}]',
        },
        timeout=5,
    ).json()
    assert answer["message"]["blocks"][0]["type"] == "divider"
    assert answer["warning"] == "missing_text_in_message"


def test_a_link_is_unfurled_on_the_message_that_holds_it(
    client: WebClient, control: Control
) -> None:
    link = "https://jira.example.com/browse/SHOP-7"
    said = control.post("say", channel="C0STANDUP", user="U0ANN", text=f"see {link}")
    client.chat_unfurl(
        channel="C0STANDUP", ts=said["ts"], unfurls={link: {"blocks": [section("SHOP-7: $3")]}}
    )
    (message,) = control.get("messages", channel="C0STANDUP")["messages"]
    assert message["attachments"][0]["from_url"] == link

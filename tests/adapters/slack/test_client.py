"""The gateway against a local Slack: what it does, and what its failures mean."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from integration.foundation.errors import DeliveryFailed
from integration.reports.chart_specs import burn_up_spec
from integration.reports.pictures import png
from integration.sandbox.server import serve
from integration.slack.client import SlackGateway
from integration.slack.failures import SlackChannelUnusable, SlackConnectionDead
from tests import report_examples as acme
from tests.adapters.slack.every_payload import MESSAGES, VIEWS

if TYPE_CHECKING:
    from integration.slack.connection import SlackConnection
    from tests.adapters.slack.people import People

REVIEW = MESSAGES["review"]()
REVISION = MESSAGES["review_revision_2"]()


def test_a_revision_edits_the_message_that_was_posted(
    gateway: SlackGateway, people: People
) -> None:
    receipt = gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    again = gateway.post_or_edit("C0STANDUP", REVISION.blocks, REVISION.text, receipt)
    (message,) = people.messages()
    assert again == receipt == {"channel": "C0STANDUP", "ts": message["ts"]}
    assert message["text"] == REVISION.text
    assert [{**block, "block_id": None} for block in message["blocks"]] == [
        {**block, "block_id": None} for block in REVISION.blocks
    ]


def test_a_message_that_someone_deleted_is_posted_anew(
    gateway: SlackGateway, people: People
) -> None:
    receipt = gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    with people.workspace.lock:
        people.workspace.channels["C0STANDUP"].messages.clear()
    again = gateway.post_or_edit("C0STANDUP", REVISION.blocks, REVISION.text, receipt)
    (message,) = people.messages()
    assert again["ts"] == message["ts"]
    assert message["text"] == REVISION.text


def test_a_notice_is_posted_into_a_thread(gateway: SlackGateway, people: People) -> None:
    digest = gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    spike = MESSAGES["spike_running"]()
    gateway.post_or_edit("C0STANDUP", spike.blocks, spike.text, thread_ts=digest["ts"])
    assert [message.get("thread_ts") for message in people.messages()][-1] == digest["ts"]


def test_a_chart_is_shared_with_words_for_those_who_cannot_see_it(
    gateway: SlackGateway, people: People
) -> None:
    picture = png(burn_up_spec(acme.sprint_report()), scale=1)
    review = gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    file_id, address = gateway.reserve_upload(
        picture, filename="burn-up.png", alt_text="$214.60 of $300"
    )
    assert not gateway.is_shared(file_id)
    gateway.send_bytes(address, picture)
    gateway.share(file_id, "C0STANDUP", title="Burn-up", thread_ts=review["ts"])
    assert gateway.is_shared(file_id)
    (file,) = people.look("state")["files"]
    assert (file["id"], file["title"], file["size"]) == (file_id, "Burn-up", len(picture))


def test_the_local_slack_takes_every_message(gateway: SlackGateway, people: People) -> None:
    for make in MESSAGES.values():
        message = make()
        gateway.post_or_edit("C0STANDUP", message.blocks, message.text)
    assert people.look("invalid")["count"] == 0
    assert len(people.messages()) == len(MESSAGES)


def test_the_local_slack_takes_every_view(gateway: SlackGateway, people: People) -> None:
    for make in VIEWS.values():
        view = make()
        if view["type"] == "home":
            gateway.publish_home("U0ANN", view)
            continue
        with people.workspace.lock:
            trigger = people.workspace.new_trigger("U0ANN")
        view_id = gateway.open_view(trigger, view)
        gateway.update_view(view_id, view)
    assert people.look("invalid")["count"] == 0


def test_only_one_person_sees_an_ephemeral_message(gateway: SlackGateway, people: People) -> None:
    gateway.post_ephemeral("C0STANDUP", "U0BO", REVIEW.blocks, REVIEW.text)
    (message,) = people.messages()
    assert message["visible_to"] == "U0BO"


def test_people_are_found_by_their_address_or_not_at_all(gateway: SlackGateway) -> None:
    assert gateway.user_by_email("ann@example.com") == "U0ANN"
    assert gateway.user_by_email("nobody@example.com") is None


@pytest.mark.parametrize("channel", ["C0OLD", "C0OTHER", "C0NOWHERE"])
def test_a_channel_that_cannot_be_posted_to_is_a_permanent_failure_of_that_message(
    channel: str, gateway: SlackGateway
) -> None:
    with pytest.raises(SlackChannelUnusable) as caught:
        gateway.post_or_edit(channel, REVIEW.blocks, REVIEW.text)
    assert caught.value.permanent
    assert not caught.value.workspace_wide


@pytest.mark.parametrize("reason", ["token_revoked", "account_inactive", "invalid_auth"])
def test_a_dead_token_is_permanent_and_stops_the_workspace(
    reason: str, gateway: SlackGateway, people: People
) -> None:
    people.act("revoke", error=reason)
    with pytest.raises(SlackConnectionDead, match=reason) as caught:
        gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    assert caught.value.permanent
    assert caught.value.workspace_wide


def test_a_rate_limit_says_when_to_come_back(gateway: SlackGateway, people: People) -> None:
    people.act("limits", method="chat.postMessage", times=1, retry_after=7)
    with pytest.raises(DeliveryFailed) as caught:
        gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    assert not caught.value.permanent
    assert caught.value.retry_after == timedelta(seconds=7)
    assert people.look("calls")["calls"]["chat.postMessage"] == 1
    gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)


def test_an_outage_of_slack_passes(gateway: SlackGateway, people: People) -> None:
    people.act("outage", on=True)
    with pytest.raises(DeliveryFailed) as caught:
        gateway.post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    assert not caught.value.permanent


def test_a_server_that_is_not_there_may_come_back(connection: SlackConnection) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/api/"
    with pytest.raises(DeliveryFailed) as caught:
        SlackGateway(replace(connection, api_base_url=nobody)).user_by_email("ann@example.com")
    assert not caught.value.permanent


@pytest.mark.parametrize(
    ("status", "body", "permanent"),
    [
        (502, "<html>Bad gateway</html>", False),
        (200, "<html>Sign in to this network</html>", False),
        (404, "<html>No such page</html>", True),
        (503, "", False),
        (200, '{"ok": false, "error": "internal_error"}', False),
        (200, '{"ok": false, "error": "invalid_blocks"}', True),
    ],
)
def test_answers_of_other_kinds_are_told_apart(
    status: int, body: str, permanent: bool, connection: SlackConnection
) -> None:
    app = Flask("proxy")

    @app.post("/api/chat.postMessage")
    def answer() -> tuple[str, int]:
        return body, status

    with serve(app, None) as running:
        elsewhere = replace(connection, api_base_url=f"{running.base_url}/api")
        with pytest.raises(DeliveryFailed) as caught:
            SlackGateway(elsewhere).post_or_edit("C0STANDUP", REVIEW.blocks, REVIEW.text)
    assert caught.value.permanent is permanent


def test_blocks_that_slack_refuses_are_permanent_and_say_where(gateway: SlackGateway) -> None:
    with pytest.raises(DeliveryFailed, match=r"invalid_blocks.*0") as caught:
        gateway.post_or_edit("C0STANDUP", [{"type": "header"}], "text")
    assert caught.value.permanent


def test_secrets_stay_out_of_the_connections_words(connection: SlackConnection) -> None:
    assert "xoxb" not in repr(connection)
    assert "signing" not in repr(connection)

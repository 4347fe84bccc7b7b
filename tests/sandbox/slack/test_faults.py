"""Rate limits and outages on demand, and what the SDK makes of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

if TYPE_CHECKING:
    from slack_sdk import WebClient

    from tests.sandbox.slack.world import Control, MovingClock


def test_a_rate_limited_call_is_repeated_by_the_sdk(client: WebClient, control: Control) -> None:
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=1))
    control.post("limits", method="chat.postMessage", times=1, retry_after=0)
    assert client.chat_postMessage(channel="C0STANDUP", text="x")["ok"]
    assert control.get("calls")["calls"]["chat.postMessage"] == 2


def test_one_post_per_second_and_channel_when_that_is_asked_for(
    client: WebClient, control: Control, clock: MovingClock
) -> None:
    control.post("limits", one_post_per_second=True)
    client.chat_postMessage(channel="C0STANDUP", text="1")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0STANDUP", text="2")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    clock.move(seconds=1)
    assert client.chat_postMessage(channel="C0STANDUP", text="2")["ok"]


def test_an_outage_answers_503_until_it_is_over(client: WebClient, control: Control) -> None:
    control.post("outage", on=True)
    with pytest.raises(SlackApiError) as caught:
        client.auth_test()
    assert caught.value.response.status_code == 503
    control.post("outage", on=False)
    assert client.auth_test()["ok"]


def test_an_archived_channel_takes_no_more_posts(client: WebClient, control: Control) -> None:
    control.post("archive", channel="C0STANDUP")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0STANDUP", text="x")
    assert caught.value.response["error"] == "is_archived"
    control.post("archive", channel="C0STANDUP", archived=False)
    assert client.chat_postMessage(channel="C0STANDUP", text="x")["ok"]


def test_an_app_that_was_removed_cannot_post(client: WebClient, control: Control) -> None:
    control.post("remove_from_channel", channel="C0STANDUP")
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel="C0STANDUP", text="x")
    assert caught.value.response["error"] == "not_in_channel"


def test_many_posts_at_once_all_arrive_each_with_its_own_timestamp(client: WebClient) -> None:
    with ThreadPoolExecutor(8) as pool:
        posted = list(
            pool.map(lambda n: client.chat_postMessage(channel="C0STANDUP", text=str(n)), range(40))
        )
    assert len({answer["ts"] for answer in posted}) == 40
    history = client.conversations_history(channel="C0STANDUP", limit=100)["messages"]
    assert {message["text"] for message in history} == {str(n) for n in range(40)}

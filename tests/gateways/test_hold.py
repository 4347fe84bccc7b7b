"""`with storymeter.hold(...)`: held inside the block, settled on leaving it, whatever happens."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

import storymeter
from tests.gateways.conftest import stands

if TYPE_CHECKING:
    from tests.doors.worlds import World
    from tests.gateways.conftest import Between

AUTHORIZE = "/v1/authorizations"
CALL: dict[str, Any] = {
    "story": "SHOP-1", "model": "gpt-4o-mini", "provider": "openai", "input_tokens": 100,
    "max_output_tokens": 500,
}  # fmt: skip


class ReadTimeout(Exception):
    """As client libraries have them."""


@pytest.fixture
def agent(stage: World, served: str) -> storymeter.Client:
    """A script with a key of its own, under a cap of a thousand tokens on its story."""
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens")
    return storymeter.Client(served, stage.key("agent", "authorize", "ingest"), timeout_s=20)


def test_what_is_held_in_the_block_is_spent_after_it(
    agent: storymeter.Client, stage: World
) -> None:
    with agent.hold(**CALL) as hold:
        assert hold.is_held
        assert hold.answer["worst_case"]["tokens"] == 600
        assert stands(stage, "story") == (0, 600)
        hold.capture(input_tokens=100, output_tokens=1)
        hold.capture(input_tokens=100, output_tokens=41, cache_read_input_tokens=60)
    assert stands(stage, "story") == (141, 0)


def test_the_same_in_a_coroutine(agent: storymeter.Client, stage: World) -> None:
    async def call() -> None:
        async with agent.hold(**CALL) as hold:
            assert stands(stage, "story") == (0, 600)
            hold.capture(input_tokens=100, output_tokens=41)

    asyncio.run(call())
    assert stands(stage, "story") == (141, 0)


def test_a_cap_that_is_reached_names_itself_and_every_figure(
    agent: storymeter.Client, stage: World
) -> None:
    with agent.hold(**CALL), pytest.raises(storymeter.CapReached) as caught:
        agent.hold(**CALL).__enter__()
    refused = caught.value
    assert (refused.cap, refused.reason, refused.unit) == ("story", "cap_reached", "tokens")
    assert (refused.limit, refused.spent, refused.held, refused.requested) == (
        Decimal(1000), Decimal(0), Decimal(600), Decimal(600),
    )  # fmt: skip
    assert refused.alternative is None
    assert str(refused).startswith("Cap story is reached: limit 1,000 tokens, spent 0 tokens")


def leaves_by(agent: storymeter.Client, kind: type[BaseException]) -> None:
    with agent.hold(**CALL):
        raise kind


@pytest.mark.parametrize("kind", [ValueError, ConnectionError])
def test_an_exception_releases_the_hold(
    agent: storymeter.Client, stage: World, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        leaves_by(agent, kind)
    assert stands(stage, "story") == (0, 0)


@pytest.mark.parametrize("kind", [ReadTimeout, TimeoutError, KeyboardInterrupt])
def test_what_was_cut_off_may_be_charged_and_stays_held(
    agent: storymeter.Client, stage: World, kind: type[BaseException]
) -> None:
    with pytest.raises(kind):
        leaves_by(agent, kind)
    assert stands(stage, "story") == (0, 600)


def test_what_was_captured_counts_also_when_the_block_fails_later(
    agent: storymeter.Client, stage: World
) -> None:
    def call() -> None:
        with agent.hold(**CALL) as hold:
            hold.capture(input_tokens=100, output_tokens=41)
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        call()
    assert stands(stage, "story") == (141, 0)


def test_a_call_that_was_not_made_is_released_and_one_left_unsaid_is_not(
    agent: storymeter.Client, stage: World
) -> None:
    with agent.hold(**CALL) as hold:
        hold.capture(input_tokens=1, output_tokens=1)
        hold.release()
    assert stands(stage, "story") == (0, 0)
    with agent.hold(**CALL):
        pass
    assert stands(stage, "story") == (0, 600)


def test_an_answer_that_was_lost_is_asked_for_again_and_counts_once(
    agent: storymeter.Client, stage: World, between: Between
) -> None:
    between.lose += [AUTHORIZE, "/capture"]
    with agent.hold(**CALL) as hold:
        assert stands(stage, "story") == (0, 600)
        hold.capture(input_tokens=100, output_tokens=41)
    assert between.lose == []
    assert stands(stage, "story") == (141, 0)


def test_a_repeated_run_with_its_own_id_holds_once(agent: storymeter.Client, stage: World) -> None:
    with agent.hold(**CALL, id="run-7"), agent.hold(**CALL, id="run-7"):
        assert stands(stage, "story") == (0, 600)


def test_without_an_answer_a_call_does_not_go_ahead_and_holds_nothing(
    agent: storymeter.Client, stage: World, between: Between
) -> None:
    """The answers got lost, so StoryMeter holds what nobody will use: it is told so."""
    between.lose += [AUTHORIZE, AUTHORIZE]
    released = between.passed["/void"] = Event()
    with pytest.raises(storymeter.Unavailable):
        agent.hold(**CALL).__enter__()
    assert released.wait(20)
    assert stands(stage, "story") == (0, 0)


def test_where_its_caps_fail_open_the_call_goes_ahead_and_is_reported(
    agent: storymeter.Client, stage: World, between: Between, caplog: pytest.LogCaptureFixture
) -> None:
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens", failure_policy="fail_open")
    with agent.hold(**CALL) as hold:
        hold.release()
    between.refuse[AUTHORIZE] = "503 Service Unavailable"
    with agent.hold(**CALL) as hold:
        assert not hold.is_held
        hold.capture(input_tokens=100, output_tokens=41, response_id="chatcmpl-1")
    assert "goes ahead without a hold" in caplog.text
    assert stands(stage, "story") == (141, 0)


def test_the_clients_own_word_is_above_that_of_the_caps(
    stage: World, served: str, between: Between
) -> None:
    between.refuse[AUTHORIZE] = "503 Service Unavailable"
    client = storymeter.Client(served, stage.key("a", "authorize"), on_failure="fail_open")
    with client.hold(**CALL) as hold:
        assert not hold.is_held


def test_a_settlement_that_fails_leaves_the_result_alone_and_is_logged(
    agent: storymeter.Client, stage: World, between: Between, caplog: pytest.LogCaptureFixture
) -> None:
    between.refuse["/capture"] = "403 Forbidden"
    with agent.hold(**CALL) as hold:
        hold.capture(input_tokens=100, output_tokens=41)
        result = "the answer"
    assert result == "the answer"
    assert "is not settled and will expire" in caplog.text
    assert stands(stage, "story") == (0, 600)


def test_a_task_cancelled_while_it_asks_gives_back_what_it_is_granted_later(
    agent: storymeter.Client, stage: World, between: Between
) -> None:
    go_on = between.wait[AUTHORIZE] = Event()
    released = between.passed["/void"] = Event()

    async def call() -> None:
        task = asyncio.ensure_future(agent.hold(**CALL).__aenter__())
        while not between.bodies:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        go_on.set()
        await asyncio.to_thread(released.wait, 20)

    asyncio.run(call())
    assert stands(stage, "story") == (0, 0)


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"model": ""}, 400, "model is required"),
        ({"model": "our-7b", "max_output_tokens": None}, 400, "give max_output_tokens"),
        ({"ttl_seconds": 0}, 400, "ttl_seconds must be from 1 to 86400"),
    ],
)
def test_what_has_to_be_mended_is_said(
    agent: storymeter.Client, changes: dict[str, Any], status: int, says: str
) -> None:
    with pytest.raises(storymeter.Refused, match=says) as caught:
        agent.hold(**CALL | changes).__enter__()
    assert (caught.value.status, caught.value.code) == (status, "invalid_input")


def test_a_key_is_sent_to_nobody_else(agent: storymeter.Client, between: Between) -> None:
    between.refuse[AUTHORIZE] = "307 Temporary Redirect"
    with pytest.raises(storymeter.Refused):
        agent.hold(**CALL).__enter__()


def test_a_wrong_key_is_named_as_such(served: str) -> None:
    with pytest.raises(storymeter.Refused, match="unknown or revoked") as caught:
        storymeter.Client(served, "smk_guessed").hold(**CALL).__enter__()
    assert caught.value.status == 401


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"STORYMETER_KEY": ""}, "Set STORYMETER_KEY"),
        ({"STORYMETER_URL": "storymeter:8080"}, "must begin with http"),
        ({"STORYMETER_TIMEOUT_S": "soon"}, "no number of seconds"),
        ({"STORYMETER_ON_FAILURE": "open"}, "fail_open or fail_closed"),
    ],
)
def test_a_wrong_environment_is_said(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], says: str
) -> None:
    for name, value in ({"STORYMETER_KEY": "smk_x"} | variables).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(storymeter.StoryMeterError, match=says):
        storymeter.hold(**CALL)


def test_the_environment_says_where_and_as_whom(
    monkeypatch: pytest.MonkeyPatch, stage: World, served: str
) -> None:
    monkeypatch.setenv("STORYMETER_URL", served)
    monkeypatch.setenv("STORYMETER_KEY", stage.key("agent", "authorize"))
    with storymeter.hold(**CALL) as hold:
        assert hold.is_held
        hold.release()

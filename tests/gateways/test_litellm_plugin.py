"""The LiteLLM plug-in, called as LiteLLM calls it, before the running web app."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.gateways.conftest import stands
from tests.gateways.litellm_stand_in import HTTPException, plugin

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from types import ModuleType

    from tests.doors.worlds import World
    from tests.gateways.conftest import Between

AUTHORIZE = "/v1/authorizations"
AWAY = "503 Service Unavailable"
SAID = "tell nobody of the merger"


def sent(call_id: str = "call-1", **changes: Any) -> dict[str, Any]:
    """What the pre-call hook gets: 5 words in, at most 595 tokens out, for SHOP-1."""
    metadata = {"tags": ["jira:SHOP-1", "User-Agent: curl"], **changes.pop("metadata", {})}
    return {
        "model": "fast", "messages": [{"role": "user", "content": SAID}], "max_tokens": 595,
        "litellm_call_id": call_id, "metadata": metadata, **changes,
    }  # fmt: skip


def used(call_id: str = "call-1", tokens: int = 36, **changes: Any) -> dict[str, Any]:
    """What the success hook gets."""
    record = {
        "id": f"chatcmpl-{call_id}", "litellm_call_id": call_id, "status": "success",
        "call_type": "acompletion", "custom_llm_provider": "openai", "model": "openai/gpt-4o-mini",
        "startTime": 1795176000.0, "endTime": 1795176001.0, "prompt_tokens": 5,
        "completion_tokens": tokens, "request_tags": ["jira:SHOP-1"], "response_cost": 0.00002,
        "messages": [{"role": "user", "content": SAID}],
        "response": {"model": "gpt-4o-mini", "choices": [{"message": {"content": SAID}}]},
        "metadata": {"requester_custom_headers": {"x-secret": "sk-caller"}, "usage_object": {}},
        **changes,
    }  # fmt: skip
    return {"litellm_call_id": call_id, "standard_logging_object": record}


class Proxy:
    """Calls the plug-in's hooks as the proxy does."""

    def __init__(self, module: ModuleType) -> None:
        self.gate = module.StoryMeterGate()

    async def before(self, data: dict[str, Any], call_type: str = "acompletion") -> None:
        await self.gate.async_pre_call_hook(
            user_api_key_dict=None, cache=None, data=data, call_type=call_type
        )

    async def attempt(self, model: str, call_id: str = "call-1", **more: Any) -> None:
        kwargs = {"litellm_call_id": call_id, "model": model, "max_tokens": 595, **more}
        await self.gate.async_pre_call_deployment_hook(kwargs, "acompletion")

    async def succeeds(self, kwargs: dict[str, Any]) -> None:
        await self.gate.async_log_success_event(
            kwargs=kwargs, response_obj=None, start_time=None, end_time=None
        )
        await self.told()

    async def fails(self, call_id: str = "call-1") -> None:
        await self.gate.async_post_call_failure_hook(
            request_data={"litellm_call_id": call_id}, original_exception=ValueError(),
            user_api_key_dict=None, traceback_str=None,
        )  # fmt: skip
        await self.told()

    async def told(self) -> None:
        """Wait until StoryMeter knows what it has to know."""
        if self.gate._delivery is not None:
            await self.gate._delivery


@pytest.fixture
def play(
    monkeypatch: pytest.MonkeyPatch, stage: World, served: str
) -> Callable[[Callable[[Proxy], Awaitable[None]]], None]:
    """Plays a scene with a proxy, under a cap of a thousand tokens on SHOP-1."""
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens")
    monkeypatch.setenv("STORYMETER_URL", served)
    monkeypatch.setenv("STORYMETER_KEY", stage.key("litellm", "authorize", "ingest"))
    monkeypatch.setenv("STORYMETER_TIMEOUT_S", "20")
    module = plugin(monkeypatch)

    def run(scene: Callable[[Proxy], Awaitable[None]]) -> None:
        async def whole() -> None:
            proxy = Proxy(module)
            try:
                await scene(proxy)
                await proxy.told()
            finally:
                await proxy.gate._http.aclose()

        asyncio.run(whole())

    return run


async def refused(call: Awaitable[None]) -> HTTPException:
    with pytest.raises(HTTPException) as caught:
        await call
    return caught.value


def test_a_call_is_held_then_captured_with_its_tokens(play: Any, stage: World) -> None:
    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent())
        assert stands(stage, "story") == (0, 600)
        await proxy.attempt("openai/gpt-4o-mini")
        await proxy.succeeds(used())
        assert stands(stage, "story") == (41, 0)

    play(scene)


def test_a_refused_call_is_a_429_that_says_everything(play: Any, stage: World) -> None:
    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent())
        error = await refused(proxy.before(sent("call-2")))
        assert error.status_code == 429
        sentence = error.detail.pop("error")
        assert sentence == (
            "Cap story is reached: limit 1,000 tokens, spent 0 tokens, held 600 tokens for "
            "calls still running; this call needs up to 600 tokens. Ask for the cap to be raised "
            "in Slack."
        )
        assert error.detail == {
            "story": "SHOP-1", "cap": "story", "reason": "cap_reached", "unit": "tokens",
            "limit": "1000", "spent": "0", "held": "600", "requested": "600", "alternative": None,
        }  # fmt: skip
        assert error.headers == {"x-should-retry": "false"}
        await proxy.fails("call-2")  # As LiteLLM reports the refusal: the first hold stays.
        assert stands(stage, "story") == (0, 600)

    play(scene)


def test_what_failed_or_was_cancelled_is_released(play: Any, stage: World) -> None:
    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent())
        await proxy.fails()
        assert stands(stage, "story") == (0, 0)

    play(scene)


def test_a_stream_is_passed_on_and_released_when_nobody_waits_for_its_first_piece(
    play: Any, stage: World
) -> None:
    async def pieces(count: int) -> Any:
        for number in range(count):
            yield number
        await asyncio.get_running_loop().create_future()

    async def scene(proxy: Proxy) -> None:
        for count, held in ((1, 600), (0, 0)):
            await proxy.before(sent(f"call-{count}"))
            stream = proxy.gate.async_post_call_streaming_iterator_hook(
                user_api_key_dict=None, response=pieces(count),
                request_data={"litellm_call_id": f"call-{count}"},
            )  # fmt: skip
            for number in range(count):
                assert await anext(stream) == number
            waits = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            waits.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waits
            await proxy.told()
            assert stands(stage, "story") == (0, held)
            await proxy.fails(f"call-{count}")

    play(scene)


def test_a_retry_keeps_the_hold_and_another_model_exchanges_it(play: Any, stage: World) -> None:
    stage.cap("dollars", "story", "SHOP-1", "1")

    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent())
        # (5 · $0.15 + 595 · $0.60) / 10⁶ and (5 · $2.50 + 595 · $10) / 10⁶, in nano-USD.
        assert stands(stage, "dollars") == (0, 357_750)
        await proxy.attempt("openai/gpt-4o-mini")
        await proxy.attempt("openai/gpt-4o-mini")
        assert stands(stage, "dollars") == (0, 357_750)
        await proxy.attempt("openai/gpt-4o")
        assert stands(stage, "dollars") == (0, 5_962_500)
        assert stands(stage, "story") == (0, 600)
        await proxy.succeeds(used(model="openai/gpt-4o", response={"model": "gpt-4o-2024-08-06"}))
        # (5 · $2.50 + 36 · $10) / 10⁶
        assert stands(stage, "dollars") == (372_500, 0)

    play(scene)


def test_a_fallback_that_does_not_fit_is_not_called_however_often_it_is_tried(
    play: Any, stage: World
) -> None:
    stage.cap("dollars", "story", "SHOP-1", "0.002")

    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent())
        for _ in range(2):
            error = await refused(proxy.attempt("openai/gpt-4o"))
            assert (error.status_code, error.detail["cap"]) == (429, "dollars")
        await proxy.fails()
        assert (stands(stage, "dollars"), stands(stage, "story")) == ((0, 0), (0, 0))

    play(scene)


def test_two_calls_under_one_id_of_their_clients_hold_twice(play: Any, stage: World) -> None:
    chosen = {"proxy_server_request": {"headers": {"X-LiteLLM-Call-Id": "mine"}}}

    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent("mine", **chosen, max_tokens=95))
        await proxy.before(sent("mine", **chosen, max_tokens=95))
        assert stands(stage, "story") == (0, 200)
        await proxy.succeeds(used("mine"))
        await proxy.succeeds(used("mine", id="chatcmpl-other"))
        assert stands(stage, "story") == (82, 0)

    play(scene)


def test_a_cache_hit_costs_nothing_and_holds_nothing(play: Any, stage: World) -> None:
    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent())
        await proxy.succeeds(used(cache_hit=True, id="chatcmpl-call-0_cache_hit1795176000.1"))
        assert stands(stage, "story") == (0, 0)

    play(scene)


def test_without_an_answer_a_call_is_stopped_where_its_caps_fail_closed(
    play: Any, stage: World, between: Between
) -> None:
    async def scene(proxy: Proxy) -> None:
        between.refuse[AUTHORIZE] = AWAY
        error = await refused(proxy.before(sent()))
        assert (error.status_code, error.detail["story"]) == (503, "SHOP-1")
        between.refuse.clear()
        proxy.gate._away_until = 0.0  # The pause is over.
        await proxy.before(sent("call-2"))
        assert stands(stage, "story") == (0, 600)

    play(scene)


def test_where_its_caps_fail_open_the_call_goes_ahead_and_counts_later(
    play: Any, stage: World, between: Between
) -> None:
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens", failure_policy="fail_open")

    async def scene(proxy: Proxy) -> None:
        await proxy.before(sent("call-0"))
        await proxy.fails("call-0")
        between.refuse |= {AUTHORIZE: AWAY, "/events": AWAY}
        await proxy.before(sent())
        await proxy.gate.async_log_success_event(kwargs=used())
        while not any(b"chatcmpl-call-1" in body for body in between.bodies):
            await asyncio.sleep(0)
        assert stands(stage, "story") == (0, 0)
        between.refuse.clear()
        await proxy.told()
        assert stands(stage, "story") == (41, 0)

    play(scene)


def test_a_story_that_nobody_asked_about_before_is_stopped_unless_told_otherwise(
    play: Any, monkeypatch: pytest.MonkeyPatch, between: Between
) -> None:
    monkeypatch.setenv("STORYMETER_ON_FAILURE", "fail_open")

    async def scene(proxy: Proxy) -> None:
        between.refuse[AUTHORIZE] = AWAY
        await proxy.before(sent())

    play(scene)


def test_what_the_sender_has_to_mend_is_a_400(play: Any) -> None:
    async def scene(proxy: Proxy) -> None:
        error = await refused(proxy.before(sent(model="")))
        assert error.status_code == 400
        assert "model is required" in error.detail["error"]

    play(scene)


def test_calls_that_are_not_paid_by_the_token_pass(play: Any, stage: World) -> None:
    async def scene(proxy: Proxy) -> None:
        await proxy.before({"model": "pictures", "prompt": SAID}, "aimage_generation")
        await proxy.before(sent())
        assert stands(stage, "story") == (0, 600)

    play(scene)


def test_neither_prompt_nor_key_nor_header_leaves_the_proxy(
    play: Any, between: Between, shared_dir: Path
) -> None:
    data = json.loads((shared_dir / "samples/litellm_pre_call_hook_data.json").read_text())
    data["secret_fields"]["raw_headers"]["authorization"] = "Bearer sk-caller"

    async def scene(proxy: Proxy) -> None:
        await proxy.before(data)
        await proxy.succeeds(used(data["litellm_call_id"]))
        await proxy.before(sent())
        await proxy.succeeds(used())

    play(scene)
    told = b"".join(between.bodies).decode() + " ".join(between.heads)
    assert "PROJ-2" in told
    assert "SHOP-1" in told
    for secret in ("merger", "say hi", "sk-caller", "PLACEHOLDER", "127.0.0.1:14000"):
        assert secret not in told


def test_a_captured_record_is_reduced_to_what_is_read(
    monkeypatch: pytest.MonkeyPatch, shared_dir: Path
) -> None:
    record = json.loads((shared_dir / "samples/litellm_custom_callback_success.json").read_text())
    kept = plugin(monkeypatch).reduced(record, {"story_key": "PROJ-2"})
    assert kept["prompt_tokens"] == record["prompt_tokens"]
    assert kept["metadata"]["spend_logs_metadata"] == {"story_key": "PROJ-2"}
    assert len(json.dumps(kept)) < 1_500
    assert "hello" not in json.dumps(kept)


PLACES: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"tags": ["jira:SHOP-1", "team:core"]}, {"story_key": "SHOP-1", "team": "core"}),
    ({"tags": ["User-Agent: curl/7.88", "SHOP-1"]}, {"story_key": "SHOP-1"}),
    ({"headers": {"x-jira-issue": "SHOP-1"}}, {"story_key": "SHOP-1"}),
    ({"requester_metadata": {"jira.issue": "SHOP-1", "feature": "chat"}},
     {"story_key": "SHOP-1", "feature": "chat"}),
    ({"spend_logs_metadata": {"jira_issue": "SHOP-1"}, "tags": ["jira:SHOP-2"]},
     {"story_key": "SHOP-1"}),
    ({"user_api_key_metadata": {"jira_issue": "SHOP-3"}}, {"story_key": "SHOP-3"}),
    ({"user_api_key_metadata": {"jira_issue": "SHOP-3"}, "tags": ["jira:SHOP-1"]},
     {"story_key": "SHOP-1"}),
    ({"user_api_key_team_metadata": {"story_key": "SHOP-4"}, "user_api_key_team_id": "t1"},
     {"story_key": "SHOP-4", "team": "t1"}),
    ({"user_api_key_team_alias": "core", "tags": ["team:other"]}, {"team": "core"}),
    ({"tags": ["jira:no key", 7, None], "headers": {"x-story": ["SHOP-1"]}}, {}),
    ({}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("metadata", "labels"), PLACES)
def test_the_story_is_found_where_it_stands(
    monkeypatch: pytest.MonkeyPatch, metadata: dict[str, Any], labels: dict[str, str]
) -> None:
    found = plugin(monkeypatch).labels_of({"metadata": metadata})
    names = ("story_key", "team", "feature")
    assert {name: found[name] for name in names if found.get(name)} == labels
    assert found == plugin(monkeypatch).labels_of({"litellm_metadata": metadata})


def test_the_worst_case_is_read_from_the_request_and_the_deployment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = plugin(monkeypatch)
    most = module.most_output
    assert most("gpt-4o", "openai", {"max_completion_tokens": 9, "n": 3}, "acompletion") == 27
    assert most("gpt-4o", "openai", {"max_tokens": 9, "best_of": "2"}, "atext_completion") == 18
    assert most("gpt-4o", "openai", {}, "acompletion") == 16_384
    assert most("our-7b", "", {}, "acompletion") == 131_072
    assert most("gpt-4o", "openai", {"max_tokens": "many"}, "acompletion") == 131_072
    assert most("text-embedding-3-small", "openai", {}, "aembedding") == 0
    assert module.deployment_of("good")["max_tokens"] == 700
    assert module.seller_of(module.deployment_of("ours")) == ("azure", "gpt-4o")
    assert module.seller_of(module.deployment_of("unknown")) == ("", "unknown")


def test_input_is_counted_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    module = plugin(monkeypatch)

    def count(data: dict[str, Any], model: str = "gpt-4o") -> int:
        found: int = asyncio.run(module.input_tokens(model, data))
        return found

    assert count({"messages": [{"content": "one two"}], "system": "three"}) == 3
    assert count({"prompt": "one two", "instructions": "three"}) == 3
    assert count({"input": ["one", "two"]}) == 2
    assert count({"prompt": "word " * 30_000}) == 30_000
    assert count({"prompt": "naïve"}, "uncountable") >= len("naïve".encode())

"""Keep StoryMeter's caps in a LiteLLM proxy: hold before each call, settle after it.

    litellm_settings: {callbacks: ["storymeter.litellm_plugin.gate"]}

Or copy this file beside the proxy's configuration: it needs nothing but what the proxy has. A hold
stands for a client's call: retries keep it, a fallback exchanges it for one of its own model first.
Prompts, answers, headers and keys stay inside. STORYMETER_URL, _KEY, _TIMEOUT_S, _ON_FAILURE.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import time
from collections import deque
from typing import Any
from uuid import uuid4

import httpx
import litellm
from fastapi import HTTPException
from litellm.integrations.custom_logger import CustomLogger

log = logging.getLogger("storymeter")
Json = dict[str, Any]
HELD = re.compile(r"a?(completion|text_completion|embeddings?|responses)|anthropic_messages")
"""Kinds of calls that are paid by the token; others pass, and are metered."""
PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0
"""How long nobody is asked after no answer came, and between tries to deliver."""
HOLD_S, MOST_WAITING, AT_ONCE, LONG_PROMPT, UNKNOWN_OUTPUT = 900, 20_000, 200, 20_000, 131_072
EVENTS, VOID = "/integrations/litellm/events", "/v1/authorizations/{}/void"
AWAY = "StoryMeter cannot answer, and the caps want calls stopped until it can (fail_closed)"
STORY = ("jira", "jira_issue", "story", "story_key", "storymeter_story_key")
LABELS = dict.fromkeys(STORY, "story_key") | {each: each for each in ("team", "feature", "branch")}
STORY_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]+")
RECORD = (
    "id", "litellm_call_id", "trace_id", "session_id", "call_type", "cache_hit", "status",
    "custom_llm_provider", "startTime", "endTime", "model", "response_cost", "prompt_tokens",
    "completion_tokens", "request_tags", "end_user",
)  # fmt: skip
OWNER = ("hash", "alias", "team_id", "team_alias", "user_id", "end_user_id")
METADATA = ("usage_object", *(f"user_api_key_{name}" for name in OWNER))


class StoryMeterGate(CustomLogger):  # type: ignore[misc]  # LiteLLM is not at hand where we check.
    """Asks before, tells after; what StoryMeter cannot be told now, it is told later."""

    def __init__(self) -> None:
        super().__init__()
        self._http = httpx.AsyncClient(
            base_url=os.environ.get("STORYMETER_URL", "http://127.0.0.1:8080"),
            headers={"Authorization": f"Bearer {os.environ.get('STORYMETER_KEY', '')}"},
            timeout=float(os.environ.get("STORYMETER_TIMEOUT_S") or 1.0),
            limits=httpx.Limits(keepalive_expiry=1.0),  # Gunicorn hangs up after two.
        )
        self._on_failure = os.environ.get("STORYMETER_ON_FAILURE", "")
        self._policies: dict[str, str] = {}
        self._held: dict[str, list[tuple[Json, HTTPException | None]]] = {}
        """What was asked, and why not where the latest model was refused, by LiteLLM's call id."""
        self._waiting: deque[Json | str] = deque()  # Usage to report, ids of holds to release.
        self._away_until = 0.0
        self._delivery: asyncio.Task[None] | None = None

    async def async_pre_call_hook(self, *, data: Json, call_type: str, **_b: Any) -> None:
        """Hold the call's worst case; a 429 names the cap that refuses it."""
        if not HELD.fullmatch(call_type):
            return
        params = deployment_of(str(data.get("model") or ""))
        provider, model = seller_of(params)
        asked = {
            "id": new_id(data), "provider_name": provider, "model": model,
            "input_tokens": await input_tokens(model, data),
            "max_output_tokens": most_output(model, provider, params | data, call_type),
            "ttl_seconds": HOLD_S, **labels_of(data),
        }  # fmt: skip
        await self._hold(str(data.get("litellm_call_id")), asked)

    async def async_pre_call_deployment_hook(self, kwargs: Json, call_type: Any) -> None:
        """Exchange the hold when another model is about to be asked than the one held for."""
        call_id = str(kwargs.get("litellm_call_id"))
        if call_id not in self._held:
            return
        (asked, refusal), (provider, model) = self._held[call_id][0], seller_of(kwargs)
        if (provider, model) == (asked["provider_name"], asked["model"]):
            if refusal:
                raise refusal
            return
        self._take(call_id)
        if not (refusal or await self._is_taken(VOID.format(asked["id"]))):
            self._tell(asked["id"])
        most = most_output(model, provider, kwargs, str(getattr(call_type, "value", call_type)))
        asked = asked | {"provider_name": provider, "model": model, "max_output_tokens": most}
        await self._hold(call_id, asked | {"id": uuid4().hex})

    async def async_log_success_event(self, kwargs: Json, *_a: Any, **_b: Any) -> None:
        """Report what a call used, also a stream that its client did not wait for."""
        record = kwargs.get("standard_logging_object")
        asked, _ = self._take(str(kwargs.get("litellm_call_id")))
        if isinstance(record, dict):
            self._tell(reduced(record, asked or labels_of(kwargs.get("litellm_params") or {})))

    async def async_post_call_failure_hook(self, request_data: Json, *_a: Any, **_b: Any) -> None:
        """Release what was held for a call that failed for good, was refused or was cancelled."""
        asked, refusal = self._take(str(request_data.get("litellm_call_id")))
        if asked and not refusal:
            self._tell(asked["id"])

    async def async_post_call_streaming_iterator_hook(self, **call: Any) -> Any:
        """Pass a stream on; LiteLLM tells nobody when its client leaves before the first piece."""
        has_begun = False
        try:
            async for piece in call["response"]:
                has_begun = True
                yield piece
        except (asyncio.CancelledError, GeneratorExit):
            if not has_begun:
                await self.async_post_call_failure_hook(call["request_data"])
            raise

    async def _hold(self, call_id: str, asked: Json) -> None:
        refusal = await self._refusal(asked)
        if len(self._held) >= MOST_WAITING:  # Calls whose end LiteLLM never told.
            del self._held[next(iter(self._held))]
        self._held.setdefault(call_id, []).append((asked, refusal))
        if refusal:
            raise refusal

    async def _refusal(self, asked: Json) -> HTTPException | None:
        """Ask; None lets the call go ahead."""
        story, is_asked = asked["story_key"], time.monotonic() >= self._away_until
        status, body = 0, {}
        try:
            if is_asked:
                response = await self._http.post("/v1/authorizations", json=asked)
                status, body = response.status_code, response.json()
        except (httpx.HTTPError, ValueError) as away:
            log.warning("StoryMeter cannot be reached: %s", type(away).__name__)
            self._away_until = time.monotonic() + PAUSE_S
        if status in {200, 201}:
            if len(self._policies) >= MOST_WAITING:
                self._policies.clear()
            self._policies[story] = body.get("failure_policy", "fail_closed")
            return None if body["decision"] == "granted" else too_many(story, body)
        why = "; ".join(each["message"] for each in body.get("errors", ())) or body.get("detail")
        if status in {400, 409}:
            return HTTPException(400, detail={"error": f"StoryMeter: {why}", "story": story})
        if status:
            log.error("StoryMeter answers %s: %s", status, why)
        if (self._on_failure or self._policies.get(story, "fail_closed")) == "fail_open":
            return None
        if is_asked:  # The answer may only be late, and would hold something for nobody.
            self._tell(asked["id"])
        return HTTPException(503, detail={"error": AWAY, "story": story})

    def _take(self, call_id: str) -> tuple[Json, HTTPException | None]:
        first, *others = self._held.pop(call_id, [({}, None)])
        self._held |= {call_id: others} if others else {}  # Clients may choose one id twice.
        return first

    def _tell(self, item: Json | str) -> None:
        if len(self._waiting) >= MOST_WAITING:
            log.error("StoryMeter is away for too long; lost: %s", self._waiting.popleft())
        self._waiting.append(item)
        if self._delivery is None or self._delivery.done():
            self._delivery = asyncio.get_running_loop().create_task(self._deliver())

    async def _deliver(self) -> None:
        pause = PAUSE_S
        while self._waiting:
            items = [self._waiting.popleft() for _ in range(min(len(self._waiting), AT_ONCE))]
            records = [item for item in items if isinstance(item, dict)]
            is_taken = not records or await self._is_taken(EVENTS, records)
            for name in (item for item in items if isinstance(item, str)):
                is_taken = await self._is_taken(VOID.format(name)) and is_taken
            if not is_taken:  # All of them again: what has come already is recognised.
                self._waiting.extendleft(reversed(items))
                await asyncio.sleep(pause)
            pause = PAUSE_S if is_taken else min(2 * pause, LONGEST_PAUSE_S)

    async def _is_taken(self, path: str, body: Any = None) -> bool:
        try:
            response = await self._http.post(path, json=body)
        except Exception:  # Whatever it is, it must not end the delivery of the others.
            log.warning("StoryMeter is not told now, but later", exc_info=True)
            return False
        if response.is_error and path == EVENTS:
            log.error("StoryMeter answers %s to usage: %s", response.status_code, response.text)
        return not response.is_server_error and bool(response.status_code != 429)


def too_many(story: str, answer: Json) -> HTTPException:
    """Make the client's 429, which OpenAI's libraries shall not repeat: no cap is that quick."""
    figures = {("cap" if name == "id" else name): each for name, each in answer["cap"].items()}
    detail = {"error": answer["message"], "story": story, **figures}
    detail["alternative"] = (answer.get("alternative") or {}).get("model")
    return HTTPException(429, detail=detail, headers={"x-should-retry": "false"})


def new_id(data: Json) -> str:
    """LiteLLM's id of the call, unless the client chose it: two calls must not share one hold."""
    sent = {name.lower() for name in (data.get("proxy_server_request") or {}).get("headers") or ()}
    return uuid4().hex if "x-litellm-call-id" in sent else str(data.get("litellm_call_id"))


def deployment_of(name: str) -> Json:
    """The parameters of the first deployment that a name of the gateway stands for."""
    from litellm.proxy.proxy_server import llm_router

    found = (llm_router.get_model_list(model_name=name) if llm_router else None) or [{}]
    params = {"model": name, **(found[0].get("litellm_params") or {})}
    return params | {"model_info": found[0].get("model_info")}


def seller_of(params: Json) -> tuple[str, str]:
    """Provider and model as prices know them."""
    model, provider = str(params.get("model") or ""), params.get("custom_llm_provider")
    try:
        model, provider, *_ = litellm.get_llm_provider(model=model, custom_llm_provider=provider)
    except Exception:  # LiteLLM will refuse the call itself, in its own words.
        provider = ""
    base = (params.get("model_info") or {}).get("base_model") or params.get("base_model")
    return str(provider or ""), str(base).rpartition("/")[2] if base else str(model)


async def input_tokens(model: str, data: Json) -> int:
    """Count the input; what cannot be counted is taken for a token a byte."""
    texts = [data[n] for n in ("prompt", "input", "system", "instructions") if data.get(n)]
    text = "\n".join(each if isinstance(each, str) else json.dumps(each) for each in texts)
    said = {name: data[name] for name in ("messages", "tools") if data.get(name)}

    def count() -> int:
        counted = litellm.token_counter(model=model, text=text) if text else 0
        if said.get("messages"):
            counted += litellm.token_counter(
                model=model, use_default_image_token_count=True, **said
            )
        return int(counted)

    try:
        long = len(text) + len(str(said)) > LONG_PROMPT
        return await asyncio.to_thread(count) if long else count()
    except Exception:  # Shapes that LiteLLM's counter does not know.
        return len(f"{text}{said}".encode())


def most_output(model: str, provider: str, data: Json, call_type: str) -> int:
    """The most tokens the call may write: as asked, else what the model can, else a great many."""
    if "embedding" in call_type:
        return 0
    asked = (data.get(f"max_{each}") for each in ("completion_tokens", "output_tokens", "tokens"))
    most = next((each for each in asked if each), None)
    try:
        most = most or litellm.get_model_info(model, provider or None)["max_output_tokens"]
        return int(most) * max(int(data.get("n") or 1), int(data.get("best_of") or 1))
    except Exception:  # LiteLLM does not list the model.
        return UNKNOWN_OUTPUT


def labels_of(data: Json) -> Json:
    """Story, team and feature: from the call, then from its key, then from the key's team."""
    metadata = data.get("metadata") or data.get("litellm_metadata") or {}
    own = {name: str(metadata.get(f"user_api_key_{name}") or "") for name in OWNER}
    found: Json = {"story_key": "", "team": own["team_alias"]}
    tags = [str(tag).rpartition(":") for tag in metadata.get("tags") or ()]
    told: list[tuple[str, Any]] = []
    for place in ("spend_logs_metadata", "requester_metadata", "headers"):
        told += (metadata.get(place) or {}).items()
    told += [(name or "jira", value) for name, _, value in tags]
    for place in ("user_api_key_metadata", "user_api_key_team_metadata"):
        told += (metadata.get(place) or {}).items()
    for name, value in told:
        field = LABELS.get(re.sub(r"[.-]", "_", name.lower()).removeprefix("x_"), "")
        fits = isinstance(value, str) and len(value) < 200 and value.isprintable()
        if field and fits and (field != "story_key" or STORY_KEY.search(value)):
            found[field] = found.get(field) or value.strip()
    found["team"], found["key_alias"] = found["team"] or own["team_id"], own["alias"] or own["hash"]
    kept = ["".join(tag) for tag in tags if tag[0] != "User-Agent"]
    return found | {"tags": [tag for tag in kept if len(tag) < 200 and tag.isprintable()][:32]}


def reduced(record: Json, asked: Json) -> Json:
    """What StoryMeter reads of a record: counts, names and labels; no text and no header."""
    answer, metadata = record.get("response"), record.get("metadata") or {}
    kept: Json = {name: record.get(name) for name in RECORD}
    kept["metadata"] = {name: metadata.get(name) for name in METADATA}
    head = answer if isinstance(answer, dict) else {}
    kept["response"] = {name: head.get(name) for name in ("model", "service_tier")}
    labels = {name: asked[name] for name in LABELS.values() if asked.get(name)}
    if "id" in asked:
        kept |= {"litellm_call_id": asked["id"], "model": asked["model"]}
        kept["custom_llm_provider"] = asked["provider_name"] or kept["custom_llm_provider"]
        labels["authorization_id"] = asked["id"]
    kept["metadata"]["spend_logs_metadata"] = labels
    return dict(json.loads(json.dumps(kept, default=str)))


gate = StoryMeterGate()

"""Ids as providers and gateways write them: taken apart where that can be, never too long."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from integration.metering.identity import identities
from integration.sources import bedrock, cloudevents, langfuse, litellm, otlp_traces, usage_events
from integration.sources.batch import Unreadable
from integration.sources.otlp_records import JSON
from integration.sources.response_ids import response_id
from tests.sources import small_payloads as small

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.metering.usage import UsageEvent
    from integration.sources.batch import Batch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ENCRYPTED = "resp_" + "6hPzu6-LntKydx5_" * 27
"""As long as LiteLLM's own ids of the Responses API are."""


def wrapped(provider_id: str) -> str:
    inside = f"litellm:custom_llm_provider:openai;model_id:{'3' * 64};response_id:{provider_id}"
    return "resp_" + b64encode(inside.encode()).decode()


def only_event(batch: Batch) -> UsageEvent:
    assert batch.rejected == []
    return batch.events[0][1]


def span(**attributes: Any) -> UsageEvent:
    told = small.attributes(
        gen_ai__request__model="gpt-4.1", gen_ai__usage__input_tokens=7, **attributes
    )
    body = small.traces({**small.SPAN, "attributes": told})
    return only_event(otlp_traces.read(body, now=NOW, content_type=JSON))


def callback(given: str) -> UsageEvent:
    return only_event(litellm.read(json.dumps([{**small.LITELLM, "id": given}]).encode(), now=NOW))


def test_the_gateways_wrapped_id_is_the_providers_own() -> None:
    assert callback(wrapped("resp_68af")).response_id == "resp_68af"
    assert span(gen_ai__response__id=wrapped("resp_68af")).response_id == "resp_68af"


@pytest.mark.parametrize("broken", [
    "resp_bGl0ZWxsbTpjdXN0b21f", "resp_bGl0ZWxsbTpjdXN0b21f*", wrapped(""), wrapped("a b"),
    wrapped("x" * 257)[:250],
])  # fmt: skip
def test_what_only_looks_wrapped_stays_as_it_is(broken: str) -> None:
    assert response_id(broken, "/id") == broken


def test_an_encrypted_id_is_kept_short_and_still_told_apart() -> None:
    client, gateway = span(gen_ai__response__id=ENCRYPTED), callback(ENCRYPTED)
    assert len(client.response_id) < 64
    assert client.response_id == gateway.response_id
    assert set(identities(client)) & set(identities(gateway))
    assert span(gen_ai__response__id=ENCRYPTED + "x").response_id != client.response_id


def test_openinferences_answer_may_have_a_long_id_too() -> None:
    told = span(llm__model_name="gpt-4.1", output__value=json.dumps({"id": ENCRYPTED}))
    assert told.response_id == callback(ENCRYPTED).response_id


SOURCES: dict[str, Callable[[str], Any]] = {
    "api": lambda given: usage_events.read(
        json.dumps([{**small.OUR_OWN, "response_id": given}]).encode(), now=NOW
    ),
    "cloudevents": lambda given: cloudevents.read(
        json.dumps({**small.CLOUDEVENT, "id": given}).encode(), now=NOW
    ),
    "bedrock": lambda given: bedrock.read(
        json.dumps({**small.BEDROCK, "requestId": given}).encode(), now=NOW
    ),
    "langfuse": lambda given: langfuse.read(
        json.dumps({**small.LANGFUSE, "id": given}).encode(), now=NOW
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_takes_long_ids_and_refuses_endless_ones(source: str) -> None:
    read = SOURCES[source]
    event = only_event(read(ENCRYPTED))
    assert all(len(each) <= 64 for each in (event.response_id, event.event_id))
    (refused,) = read("x" * 5000).rejected
    assert refused.code in {"too_long", "wrong_type"}


def test_no_id_of_a_response_is_endless() -> None:
    with pytest.raises(Unreadable):
        response_id("x" * 5000, "/id")

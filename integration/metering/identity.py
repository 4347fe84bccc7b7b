"""By which marks the same call is recognised when several observers report it.

One call can arrive four times: client span, gateway span, gateway callback, provider log. The
ladder, strongest first: the provider's response id; the gateway's call id; the source's own event
id; the span; and, where a record has no id at all, its whole content. All rungs an event has are
recorded, so that any later report sharing one is found. The provider's name is no part of the first
rung: observers disagree on it (`azure`, `openai`), while response ids are unique by themselves.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, get_args
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from integration.metering.usage import UsageEvent

Rung = Literal["response", "call", "event", "span", "content"]

GATEWAYS = {"litellm": 2, "bedrock": 2, "otlp.litellm": 1}
"""Sources that see what the provider answered, retries included; the higher one knows more."""
OPAQUE = "long-"
"""Begins what stands for an id that is too long to keep, such as an encrypted one."""
_VANTAGES = {
    "bedrock": 3, "litellm": 2, "otlp.litellm": 2, "claude_code": 1, "codex": 1, "gemini_cli": 1,
    "langfuse": 1,
}  # fmt: skip


def marks(event: UsageEvent) -> dict[Rung, bytes]:
    """Digest every rung the event stands on to 16 bytes, strongest first.

    There is always at least one. A gateway's cache hit repeats the response id of the call it
    saved; it is not that call.
    """
    found: dict[Rung, bytes] = {}
    if event.response_id and event.outcome != "cache_hit":
        found["response"] = _digest(_RESPONSE, event.response_id)
    if event.call_id:
        found["call"] = _digest(_CALL, event.call_id)
    if event.event_id:
        found["event"] = _digest(_EVENT, f"{event.source}\0{event.event_id}")
    if event.trace_id and event.span_id:
        found["span"] = _digest(_SPAN, f"{event.trace_id}\0{event.span_id}")
    if not found:
        found["content"] = _digest(_CONTENT, msgspec.json.encode(event).decode())
    return found


_OWN = ("api", "cloudevents", "codecarbon", "authorization")
"""Sources that watch no other's calls, but give their own an id."""


def vantage(source: str) -> int:
    """How near to the provider a source watches calls: 3 its own log, 2 a gateway, 1 a client.

    0 is a source that reports its own calls or jobs; what is not seen from elsewhere as well.
    """
    return _VANTAGES.get(source) or int(source.startswith("otlp"))


def marks_named(name: str) -> list[bytes]:
    """The marks of every call that may go by this id: the answer's, the gateway's, a source's."""
    events = [_digest(_EVENT, f"{source}\0{name}") for source in (*_VANTAGES, *_OWN)]
    return [_digest(_RESPONSE, name), _digest(_CALL, name), *events]


def identities(event: UsageEvent) -> list[UUID]:
    """The marks as UUIDs, strongest first."""
    return [UUID(bytes=mark) for mark in marks(event).values()]


# A digest that was begun and is copied costs two thirds of one that is made anew.
_RESPONSE, _CALL, _EVENT, _SPAN, _CONTENT = (
    blake2b(f"{rung}\0".encode(), digest_size=16) for rung in get_args(Rung)
)
_WHOLE = blake2b(digest_size=8)


def _digest(begun: blake2b, name: str) -> bytes:
    digest = begun.copy()
    digest.update(name.encode("utf-8", "surrogatepass"))
    return digest.digest()


def content_digest(event: UsageEvent) -> int:
    """Everything the record says, as 64 bits: a record sent again as it was has the same."""
    digest = _WHOLE.copy()
    digest.update(msgspec.json.encode(event))
    return int.from_bytes(digest.digest(), "big", signed=True)


def detail_of(
    outcome: str, source: str, *, input_tokens: int, output_tokens: int, cached_tokens: int,
    reasoning_output_tokens: int, accelerator_time: float,
) -> int:  # fmt: skip
    """Weigh a record: what came of the call, then input, output, cached and reasoning tokens.

    Of two reports the higher one counts.
    A report that the call failed or was blocked says nothing about tokens: the provider may have
    been asked again under the same id. A cache hit outweighs all: its client saw an answer too, and
    only the gateway knows that nobody was asked. At a draw the gateway's word counts, because it
    sees retries, and knows the model behind a name of its own; its callback before its span.
    """
    gateway = GATEWAYS.get(source, 0)
    if outcome == "cache_hit":
        return 256 + gateway
    if outcome != "completed":
        return gateway
    return (
        128
        + 64 * (input_tokens > 0 or accelerator_time > 0)
        + 32 * (output_tokens > 0 or accelerator_time > 0)
        + 16 * (cached_tokens > 0)
        + 8 * (reasoning_output_tokens > 0)
        + gateway
    )

"""By which marks the same call is recognised when several observers report it.

One call can arrive four times: client span, gateway span, gateway callback, provider log. The
ladder, strongest first: the provider's response id; the gateway's call id; the source's own event
id; the span; and, where a record has no id at all, its whole content. All rungs an event has are
recorded, so that any later report sharing one is found. The provider's name is no part of the first
rung: observers disagree on it (`azure`, `openai`), while response ids are unique by themselves.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from integration.metering.usage import UsageEvent


def identities(event: UsageEvent) -> list[UUID]:
    """Digest every rung the event stands on, strongest first; there is always at least one.

    A gateway's cache hit repeats the response id of the call it saved; it is not that call.
    """
    rungs = []
    if event.response_id and event.outcome != "cache_hit":
        rungs.append(f"response\0{event.response_id}")
    if event.call_id:
        rungs.append(f"call\0{event.call_id}")
    if event.event_id:
        rungs.append(f"event\0{event.source}\0{event.event_id}")
    if event.trace_id and event.span_id:
        rungs.append(f"span\0{event.trace_id}\0{event.span_id}")
    if not rungs:
        rungs.append("content\0" + msgspec.json.encode(event).decode())
    return [UUID(bytes=blake2b(rung.encode(), digest_size=16).digest()) for rung in rungs]


def detail(event: UsageEvent) -> int:
    """How much the record knows about the call's tokens; of two reports the more detailed wins.

    A gateway's callback outranks a client's span of equal detail, because gateways see retries.
    """
    return (
        4 * (event.cache_read_input_tokens > 0 or event.cache_write_input_tokens > 0)
        + 2 * (event.reasoning_output_tokens > 0)
        + 8 * (event.input_tokens > 0)
        + (event.source in {"litellm", "bedrock"})
    )

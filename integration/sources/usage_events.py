"""Our own JSON: `{"events": [{…}]}`, an array of events, one event, or one event per line.

The field names are those of `UsageEvent`. Only a model (or an accelerator) is required:
`occurred_at` is now when absent, `provider_name` is told by the model, `source` is `api`. A field
which we do not know is refused, because a misspelt count would silently cost nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from integration.foundation.errors import FieldError
from integration.metering.usage import Text, UsageEvent, pseudonym
from integration.sources.batch import Batch, Collector
from integration.sources.json_bodies import (
    DECODE_ERRORS,
    decode_items,
    describe,
    pointer_of,
    raw_items,
)
from integration.sources.provider_names import provider_of
from integration.sources.response_ids import identifier, response_id

_LONG_ID = 96  # The usual ids are shorter, even together; longer ones are looked at closely.
_ABSENT = datetime(1970, 1, 1, tzinfo=UTC)


class SentEvent(UsageEvent, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One event as it is sent to us: UsageEvent's fields, of which nearly all may be left out."""

    source: Text = "api"
    occurred_at: datetime = _ABSENT


class _Sent(msgspec.Struct):
    events: list[SentEvent]


_WRAPPED = msgspec.json.Decoder(_Sent)
_ARRAY = msgspec.json.Decoder(list[SentEvent])
_ONE = msgspec.json.Decoder(SentEvent)

# What other APIs call our fields; only used to name the right one in an error.
_OUR_NAMES = {
    "prompt_tokens": "input_tokens", "promptTokens": "input_tokens", "inputTokens": "input_tokens",
    "completion_tokens": "output_tokens", "completionTokens": "output_tokens",
    "outputTokens": "output_tokens", "cached_tokens": "cache_read_input_tokens",
    "cache_creation_input_tokens": "cache_write_input_tokens",
    "reasoning_tokens": "reasoning_output_tokens", "model": "request_model",
    "provider": "provider_name", "system": "provider_name", "timestamp": "occurred_at",
    "time": "occurred_at", "id": "event_id", "issue": "story_key", "jira_issue": "story_key",
    "jira.issue": "story_key", "story": "story_key", "cost": "source_cost_usd",
    "cost_usd": "source_cost_usd", "gpu_type": "accelerator", "gpu": "accelerator",
    "hours": "gpu_hours", "operation": "operation_name", "request_id": "call_id",
}  # fmt: skip


def read(body: bytes, *, now: datetime) -> Batch:
    """Read events in our own JSON. Raises InvalidInput when the body is no JSON of that shape."""
    collector = Collector(now, "/events")
    suspicious = b"\\u0000" in body
    events = None if suspicious else _all_at_once(body)
    if events is not None:
        for index, event in enumerate(events):
            collector.take(index, completed(event, now))
        return collector.batch()
    for index, raw in enumerate(raw_items(body, "events")):
        read_one(raw, index, collector)
    return collector.batch()


def _all_at_once(body: bytes) -> list[SentEvent] | None:
    if body.lstrip()[:1] == b"[":
        return decode_items(body, _ARRAY.decode)
    return decode_items(body, _unwrapped)


def _unwrapped(body: bytes) -> list[SentEvent]:
    return _WRAPPED.decode(body).events


def read_one(raw: bytes | msgspec.Raw, index: int, collector: Collector) -> None:
    """Read one event on its own, so that only it is rejected when it is not sound."""
    try:
        event = _ONE.decode(raw)
    except DECODE_ERRORS as error:
        collector.reject(index, _id_of(raw), field_error(error))
        return
    if b"\\u0000" in bytes(raw):
        wrong = FieldError("", "bad_character", "the character U+0000 is not allowed")
        collector.reject(index, event.event_id.replace("\0", ""), wrong)
        return
    collector.take(index, completed(event, collector.now))


def completed(sent: SentEvent, now: datetime) -> UsageEvent:
    """Fill in what a sender may leave out."""
    changes: dict[str, object] = {}
    if sent.occurred_at is _ABSENT:
        changes["occurred_at"] = now
    if not sent.provider_name and sent.model:
        changes["provider_name"] = provider_of(sent.model)
    if sent.user:
        changes["user"] = pseudonym(sent.user)
    if len(sent.response_id) + len(sent.call_id) + len(sent.event_id) > _LONG_ID:
        changes["response_id"] = response_id(sent.response_id, "/response_id")
        changes["call_id"] = identifier(sent.call_id, "/call_id")
        changes["event_id"] = identifier(sent.event_id, "/event_id")
    return msgspec.structs.replace(sent, **changes) if changes else sent


def field_error(error: BaseException) -> FieldError:
    """Say which field is wrong, and which of ours was probably meant."""
    message = describe(error)
    if "unknown field `" in message:
        name = message.split("unknown field `", 1)[1].split("`", 1)[0]
        meant = _OUR_NAMES.get(name)
        hint = f"the field is called {meant} here" if meant else "there is no such field"
        return FieldError(f"/{name}", "unknown_field", hint)
    what, _, _ = message.partition(" - at `")
    return FieldError(pointer_of(message), "wrong_type", what)


class _Named(msgspec.Struct):
    event_id: str = ""
    response_id: str = ""
    call_id: str = ""


_NAMED = msgspec.json.Decoder(_Named)


def _id_of(raw: bytes | msgspec.Raw) -> str:
    try:
        named = _NAMED.decode(raw)
    except DECODE_ERRORS:
        return ""
    return named.event_id or named.response_id or named.call_id

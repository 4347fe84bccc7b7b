"""CloudEvents 1.0 over HTTP: structured, batched and binary mode.

`data` is an event in our own JSON, or OpenMeter's `{tokens, model, type}`. `source` and `id`
together name an event, as the specification says; `time` is when the call was made, and `subject`
may name the story.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import msgspec

from integration.foundation.errors import FieldError
from integration.metering.usage import UsageEvent
from integration.sources.batch import Batch, Collector, Unreadable, malformed
from integration.sources.json_bodies import DECODE_ERRORS, each_item
from integration.sources.labels import clean_tags, labels
from integration.sources.provider_names import provider_of
from integration.sources.response_ids import identifier
from integration.sources.usage_events import SentEvent, completed, field_error
from integration.sources.values import count, instant, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


class Envelope(msgspec.Struct):
    """The context attributes which are read, and the data untouched."""

    specversion: str
    type: str
    source: str
    id: str
    time: str | None = None
    subject: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    storykey: str | None = None
    """Extension attribute: the story, where the data is not the sender's to change."""


class _OpenMeter(msgspec.Struct):
    """OpenMeter's quick-start data; the count may be a text."""

    tokens: int | float | str
    model: str
    type: str = "output"
    provider: str = ""


_ENVELOPE = msgspec.json.Decoder(Envelope)
_DATA = msgspec.json.Decoder(SentEvent)
_OPENMETER = msgspec.json.Decoder(_OpenMeter)


def is_cloudevent(content_type: str, headers: Mapping[str, str]) -> bool:
    """Whether a request is a CloudEvent in any mode; header names are compared without case."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind in {STRUCTURED, BATCHED} or any(name.lower() == "ce-id" for name in headers)


def read(
    body: bytes,
    *,
    now: datetime,
    content_type: str = STRUCTURED,
    headers: Mapping[str, str] | None = None,
) -> Batch:
    """Read one CloudEvent or a batch of them. Raises InvalidInput when the body is none."""
    kind = content_type.partition(";")[0].strip().lower()
    collector = Collector(now)
    if kind not in {STRUCTURED, BATCHED}:
        _take(0, _from_headers(body, headers or {}), collector)
        return collector.batch()
    for index, envelope in each_item(body, "", _ENVELOPE.decode, collector):
        _take(index, envelope, collector)
    return collector.batch()


def _from_headers(body: bytes, headers: Mapping[str, str]) -> Envelope:
    found = {
        name.lower().removeprefix("ce-"): unquote(value)
        for name, value in headers.items()
        if name.lower().startswith("ce-")
    }
    for name in ("specversion", "type", "source", "id"):
        if not found.get(name):
            raise malformed(f"/ce-{name}", "missing", f"the header ce-{name} is required")
    return Envelope(
        found["specversion"], found["type"], found["source"], found["id"], found.get("time"),
        found.get("subject"), msgspec.Raw(body or b"null"), found.get("storykey"),
    )  # fmt: skip


def _take(index: int, envelope: Envelope, collector: Collector) -> None:
    if envelope.specversion != "1.0":
        error = FieldError("/specversion", "unknown_version", "expected specversion 1.0")
        collector.reject(index, envelope.id, error)
        return
    try:
        event = _event(envelope, collector.now)
    except Unreadable as problem:
        collector.reject(index, envelope.id, problem.error)
        return
    collector.take(index, event)


def _event(envelope: Envelope, now: datetime) -> UsageEvent:
    event = _openmeter(envelope, now) or _own(envelope, now)
    named = labels({"story_key": envelope.storykey})
    subject = clean_tags([envelope.subject]) if envelope.subject else ()
    return msgspec.structs.replace(
        event,
        source="cloudevents",
        # A source is a URI, so it has no space.
        event_id=identifier(f"{envelope.source} {envelope.id}", "/id"),
        occurred_at=instant(envelope.time, "/time") if envelope.time else event.occurred_at,
        story_key=event.story_key or named.get("story_key", ""),
        tags=(*event.tags, *subject)[:32],
    )


def _own(envelope: Envelope, now: datetime) -> UsageEvent:
    try:
        sent = _DATA.decode(envelope.data)
    except DECODE_ERRORS as error:
        wrong = field_error(error)
        raise Unreadable(f"/data{wrong.pointer}", wrong.code, wrong.message) from None
    if b"\\u0000" in bytes(envelope.data):
        raise Unreadable("/data", "bad_character", "the character U+0000 is not allowed")
    return completed(sent, now)


def _openmeter(envelope: Envelope, now: datetime) -> UsageEvent | None:
    """Read `{tokens, model, type}`: an event for the input and another for the output of a call."""
    try:
        data = _OPENMETER.decode(envelope.data)
    except DECODE_ERRORS:
        return None
    tokens = count(data.tokens, "/data/tokens")
    model = text(data.model, "/data/model")
    if data.type not in {"input", "system", "output"}:
        raise Unreadable("/data/type", "unknown_type", "expected input, system or output")
    is_output = data.type == "output"
    return UsageEvent(
        source="cloudevents",
        occurred_at=now,
        provider_name=text(data.provider, "/data/provider") or provider_of(model),
        request_model=model,
        calls=int(is_output),
        input_tokens=0 if is_output else tokens,
        output_tokens=tokens if is_output else 0,
    )

"""OTLP metrics: what senders say they used in sum. Never events, never added to events.

A metric carries no id of a call, so it cannot be told from the spans and log events of the same
calls. Its totals are compared with what was metered, and a gap is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal

from integration.metering.check_total import CheckTotal, TokenType
from integration.sources import otlp_json, otlp_protobuf
from integration.sources.batch import MAX_ITEMS, RejectedItem, Unreadable, too_many
from integration.sources.labels import labels
from integration.sources.otlp_attributes import (
    PROVIDER,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    first_text,
)
from integration.sources.otlp_records import JSON, PROTOBUF, Point
from integration.sources.otlp_traces import source_of
from integration.sources.provider_names import provider_of
from integration.sources.values import instant_of_nanoseconds, label

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.errors import FieldError

MAX_AMOUNT = 1e15


@dataclass(frozen=True, slots=True)
class CheckTotals:
    """Totals with the index of the data point each came from."""

    totals: list[tuple[int, CheckTotal]]
    rejected: list[RejectedItem]
    ignored: int


_TYPES: dict[str, TokenType] = {
    "input": "input", "output": "output", "prompt": "input", "completion": "output",
    "cacheread": "cache_read", "cache": "cache_read", "cached": "cache_read",
    "cached_input": "cache_read", "cachecreation": "cache_write", "thought": "reasoning",
    "reasoning": "reasoning", "reasoning_output": "reasoning", "tool": "tool",
}  # fmt: skip
_METRICS: dict[str, tuple[str, Literal["tokens", "usd"], TokenType]] = {
    "gen_ai.client.token.usage": ("", "tokens", ""),
    "gen_ai.client.inference.operation.input_tokens": ("", "tokens", "input"),
    "gen_ai.client.inference.operation.output_tokens": ("", "tokens", "output"),
    "claude_code.token.usage": ("claude_code", "tokens", ""),
    "claude_code.cost.usage": ("claude_code", "usd", ""),
    "gemini_cli.token.usage": ("gemini_cli", "tokens", ""),
    "codex.turn.token_usage": ("codex", "tokens", ""),
}
_SKIPPED_TYPES = frozenset({"total"})  # The sum of the other types of the same metric.


def read(body: bytes, *, now: datetime, content_type: str = PROTOBUF) -> CheckTotals:
    """Read an ExportMetricsServiceRequest. Raises InvalidInput when the body is none."""
    points = otlp_json.points if content_type.startswith(JSON) else otlp_protobuf.points
    totals: list[tuple[int, CheckTotal]] = []
    rejected: list[RejectedItem] = []
    ignored = 0
    for index, point in enumerate(points(body)):
        if index >= MAX_ITEMS:
            raise too_many()
        try:
            if isinstance(point, Unreadable):
                raise point
            total = _total(point, now)
        except Unreadable as problem:
            rejected.append(_rejected(index, problem.error))
            continue
        if total is None:
            ignored += 1
        else:
            totals.append((index, total))
    return CheckTotals(totals, rejected, ignored)


def _rejected(index: int, error: FieldError) -> RejectedItem:
    message = f"/dataPoints/{index}{error.pointer}: {error.message}"
    return RejectedItem(index, "", error.code, message)


def _total(point: Point, now: datetime) -> CheckTotal | None:
    known = _METRICS.get(point.metric)
    attributes = point.attributes
    written = _written_type(point)
    if known is None or written in _SKIPPED_TYPES:
        return None
    if not 0 <= point.amount <= MAX_AMOUNT:
        raise Unreadable("/value", "out_of_range", "the amount is negative, not finite or absurd")
    source, unit, token_type = known
    model = first_text(attributes, RESPONSE_MODEL) or first_text(attributes, REQUEST_MODEL)
    model = label(model or attributes.get("model"))
    found = labels(attributes, point.resource)
    started = point.start_unix_nano
    at = point.time_unix_nano
    return CheckTotal(
        source=source or source_of(point.scope),
        metric=point.metric,
        series=_series(point),
        started_at=instant_of_nanoseconds(started, "/startTimeUnixNano") if started else None,
        at=instant_of_nanoseconds(at, "/timeUnixNano") if at else now,
        amount=Decimal(repr(point.amount)),
        unit=unit,
        token_type=token_type or _TYPES.get(written, ""),
        cumulative=point.cumulative,
        provider_name=label(first_text(attributes, PROVIDER)) or provider_of(model),
        model=model,
        story_key=found.get("story_key", ""),
        session=found.get("session", ""),
    )


def _written_type(point: Point) -> str:
    names = ("gen_ai.token.type", "type", "token_type")
    found = next((point.attributes[name] for name in names if name in point.attributes), "")
    return label(found).lower()


def _series(point: Point) -> str:
    named = f"{point.scope}\0{point.metric}\0{point.start_unix_nano}\0".encode(errors="replace")
    return blake2b(named + point.told_apart_by, digest_size=16).hexdigest()

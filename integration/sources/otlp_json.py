"""OTLP bodies in JSON: ids in hexadecimal, 64-bit integers as numbers or texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from integration.sources import otlp_wire as wire
from integration.sources.batch import MAX_ITEMS, Unreadable, malformed, too_many
from integration.sources.json_bodies import DECODE_ERRORS, MAX_BRACES, describe, pointer_of
from integration.sources.otlp_attributes import MAX_ELEMENTS, Attributes, Value, wanted
from integration.sources.otlp_records import Point, Record
from integration.sources.values import count, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")
_CUMULATIVE = 2  # AggregationTemporality in the OTLP metrics definition.
_ERROR = 2  # Status.StatusCode in the OTLP trace definition.
_MAX_NAME = 64


def _body(body: bytes, kind: type[T]) -> T:
    if body.count(b"{") > MAX_BRACES:
        raise too_many()
    try:
        return msgspec.json.decode(body, type=kind)
    except DECODE_ERRORS as error:
        message = describe(error)
        text = f"the body is no OTLP JSON message: {message}"
        raise malformed(pointer_of(message), "not_otlp", text) from None


def _item(raw: msgspec.Raw, kind: type[T]) -> T | Unreadable:
    try:
        return msgspec.json.decode(raw, type=kind)
    except DECODE_ERRORS as error:
        message = describe(error)
        return Unreadable(pointer_of(message), "wrong_type", message.partition(" - at `")[0])


class _Found(NamedTuple):
    raw: msgspec.Raw
    scope: str
    resource: Attributes
    pairs: list[wire.KeyValue]
    """The resource as it was written, also what is not read."""


def _found(groups: Iterable[wire.Group]) -> Iterator[_Found]:
    """Every item of a body with what stands around it. Raises InvalidInput when they are many."""
    for group in groups:
        pairs = group.resource.attributes if group.resource else []
        resource = _attributes(pairs)
        for scoped in group.scoped:
            _check(scoped.items)
            scope = scoped.scope.name[:256] if scoped.scope else ""
            for raw in scoped.items:
                yield _Found(raw, scope, resource, pairs)


def spans(body: bytes) -> Iterator[Record | Unreadable]:
    """Yield the spans of a traces body, or what is wrong with one. Raises InvalidInput."""
    for found in _found(_body(body, wire.Traces).resource_spans):
        span = _item(found.raw, wire.Span)
        yield span if isinstance(span, Unreadable) else _span(span, found)


def _span(span: wire.Span, found: _Found) -> Record | Unreadable:
    try:
        started = count(span.start_time_unix_nano, "/startTimeUnixNano")
        at = started or count(span.end_time_unix_nano, "/endTimeUnixNano")
    except Unreadable as problem:
        return problem
    failed = span.status is not None and span.status.code == _ERROR
    return Record(
        found.scope, found.resource, _attributes(span.attributes), span.name[:256],
        _hexadecimal(span.trace_id, 32), _hexadecimal(span.span_id, 16), at, failed,
    )  # fmt: skip


def logs(body: bytes) -> Iterator[Record | Unreadable]:
    """Yield the records of a logs body, or what is wrong with one. Raises InvalidInput."""
    for found in _found(_body(body, wire.Logs).resource_logs):
        log = _item(found.raw, wire.LogRecord)
        yield log if isinstance(log, Unreadable) else _log(log, found)


def _log(log: wire.LogRecord, found: _Found) -> Record | Unreadable:
    try:
        stated = count(log.time_unix_nano, "/timeUnixNano")
        at = stated or count(log.observed_time_unix_nano, "/observedTimeUnixNano")
    except Unreadable as problem:
        return problem
    attributes = _attributes(log.attributes)
    body = log.body.string_value if log.body else None
    name = log.event_name or attributes.get("event.name") or body or ""
    short = name if isinstance(name, str) and len(name) <= _MAX_NAME else ""
    return Record(
        found.scope, found.resource, attributes, short,
        _hexadecimal(log.trace_id, 32), _hexadecimal(log.span_id, 16), at,
    )  # fmt: skip


def points(body: bytes) -> Iterator[Point | Unreadable]:
    """Yield the points of a metrics body, or what is wrong with one. Raises InvalidInput."""
    for found in _found(_body(body, wire.Metrics).resource_metrics):
        metric = _item(found.raw, wire.Metric)
        if isinstance(metric, Unreadable):
            yield metric
            continue
        data = metric.sum or metric.histogram
        if data is not None:
            _check(data.data_points)
            written = _written(found.pairs)
            yield from (_point(raw, data, metric, found, written) for raw in data.data_points)


def _point(
    raw: msgspec.Raw, data: wire.Data, metric: wire.Metric, found: _Found, written: bytes
) -> Point | Unreadable:
    point = _item(raw, wire.DataPoint)
    if isinstance(point, Unreadable):
        return point
    try:
        amounts = (point.sum, point.as_double, point.as_int)
        amount = next((number(value, "/value") for value in amounts if value is not None), None)
        return Point(
            found.scope, found.resource, _attributes(point.attributes), metric.name[:256],
            count(point.start_time_unix_nano, "/startTimeUnixNano"),
            count(point.time_unix_nano, "/timeUnixNano"),
            amount or 0.0, data.aggregation_temporality == _CUMULATIVE,
            written + _written(point.attributes),
        )  # fmt: skip
    except Unreadable as problem:
        return problem


def _written(pairs: list[wire.KeyValue]) -> bytes:
    return b"\0".join(sorted(msgspec.json.encode(pair) for pair in pairs))


def _check(items: list[msgspec.Raw]) -> None:
    if len(items) > MAX_ITEMS:
        raise too_many()


def _attributes(pairs: list[wire.KeyValue]) -> Attributes:
    found: Attributes = {}
    for pair in pairs:
        if pair.value is not None and wanted(pair.key):
            value = _plain(pair.value)
            if value is not None:
                found[pair.key] = value
    return found


def _plain(value: wire.AnyValue) -> Value | None:
    if value.array_value is not None:
        elements = value.array_value.values[:MAX_ELEMENTS]
        return [element.string_value for element in elements if element.string_value]
    for scalar in (value.string_value, value.bool_value, value.int_value, value.double_value):
        if scalar is not None:
            return scalar
    return None


def _hexadecimal(written: str, length: int) -> str:
    plain = written.lower()
    return plain if len(plain) == length and set(plain) <= set("0123456789abcdef") else ""

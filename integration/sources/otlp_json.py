"""OTLP bodies in JSON: ids in hexadecimal, 64-bit integers as numbers or texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from integration.sources.batch import MAX_ITEMS, Unreadable, malformed, too_many
from integration.sources.json_bodies import DECODE_ERRORS, MAX_BRACES, describe, pointer_of
from integration.sources.otlp_attributes import MAX_ELEMENTS, Attributes, Value, wanted
from integration.sources.otlp_records import Point, Record
from integration.sources.values import count, number

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")
_CUMULATIVE = 2  # AggregationTemporality in the OTLP metrics definition.
_ERROR = 2  # Status.StatusCode in the OTLP trace definition.
_MAX_NAME = 64


class _Wire(msgspec.Struct, rename="camel"):
    """A message of the OTLP definition, its fields in lowerCamelCase."""


class _Shared(NamedTuple):
    resource: Attributes
    written: bytes


class _Array(_Wire):
    values: list[_AnyValue] = []


class _AnyValue(_Wire):
    string_value: str | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    bool_value: bool | None = None
    array_value: _Array | None = None


class _KeyValue(_Wire):
    key: str
    value: _AnyValue | None = None


class _Resource(_Wire):
    attributes: list[_KeyValue] = []


class _Scope(_Wire):
    name: str = ""


class _Status(_Wire):
    code: int = 0


class _Span(_Wire):
    trace_id: str = ""
    span_id: str = ""
    name: str = ""
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: list[_KeyValue] = []
    status: _Status | None = None


class _LogRecord(_Wire):
    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""
    time_unix_nano: int | str = 0
    observed_time_unix_nano: int | str = 0
    attributes: list[_KeyValue] = []
    body: _AnyValue | None = None


class _DataPoint(_Wire):
    attributes: list[_KeyValue] = []
    start_time_unix_nano: int | str = 0
    time_unix_nano: int | str = 0
    as_int: int | str | None = None
    as_double: float | str | None = None
    sum: float | str | None = None


class _Data(_Wire):
    data_points: list[msgspec.Raw] = []
    aggregation_temporality: int = 0


class _Metric(_Wire):
    name: str = ""
    sum: _Data | None = None
    histogram: _Data | None = None


class _ScopeSpans(_Wire):
    scope: _Scope | None = None
    spans: list[msgspec.Raw] = []


class _ScopeLogs(_Wire):
    scope: _Scope | None = None
    log_records: list[msgspec.Raw] = []


class _ScopeMetrics(_Wire):
    scope: _Scope | None = None
    metrics: list[_Metric] = []


class _ResourceSpans(_Wire):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] = []


class _ResourceLogs(_Wire):
    resource: _Resource | None = None
    scope_logs: list[_ScopeLogs] = []


class _ResourceMetrics(_Wire):
    resource: _Resource | None = None
    scope_metrics: list[_ScopeMetrics] = []


class _Traces(_Wire):
    resource_spans: list[_ResourceSpans]


class _Logs(_Wire):
    resource_logs: list[_ResourceLogs]


class _Metrics(_Wire):
    resource_metrics: list[_ResourceMetrics]


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


def spans(body: bytes) -> Iterator[Record | Unreadable]:
    """Yield the spans of a traces body, or what is wrong with one. Raises InvalidInput."""
    for group in _body(body, _Traces).resource_spans:
        resource = _attributes(group.resource.attributes if group.resource else [])
        for scoped in group.scope_spans:
            _check(scoped.spans)
            scope = scoped.scope.name[:256] if scoped.scope else ""
            for raw in scoped.spans:
                span = _item(raw, _Span)
                yield span if isinstance(span, Unreadable) else _span(span, scope, resource)


def _span(span: _Span, scope: str, resource: Attributes) -> Record | Unreadable:
    try:
        started = count(span.start_time_unix_nano, "/startTimeUnixNano")
        at = started or count(span.end_time_unix_nano, "/endTimeUnixNano")
    except Unreadable as problem:
        return problem
    failed = span.status is not None and span.status.code == _ERROR
    return Record(
        scope, resource, _attributes(span.attributes), span.name[:256],
        _hexadecimal(span.trace_id, 32), _hexadecimal(span.span_id, 16), at, failed,
    )  # fmt: skip


def logs(body: bytes) -> Iterator[Record | Unreadable]:
    """Yield the records of a logs body, or what is wrong with one. Raises InvalidInput."""
    for group in _body(body, _Logs).resource_logs:
        resource = _attributes(group.resource.attributes if group.resource else [])
        for scoped in group.scope_logs:
            _check(scoped.log_records)
            scope = scoped.scope.name[:256] if scoped.scope else ""
            for raw in scoped.log_records:
                log = _item(raw, _LogRecord)
                yield log if isinstance(log, Unreadable) else _log(log, scope, resource)


def _log(log: _LogRecord, scope: str, resource: Attributes) -> Record | Unreadable:
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
        scope, resource, attributes, short,
        _hexadecimal(log.trace_id, 32), _hexadecimal(log.span_id, 16), at,
    )  # fmt: skip


def points(body: bytes) -> Iterator[Point | Unreadable]:
    """Yield the points of a metrics body, or what is wrong with one. Raises InvalidInput."""
    for group in _body(body, _Metrics).resource_metrics:
        pairs = group.resource.attributes if group.resource else []
        shared = _Shared(_attributes(pairs), _written(pairs))
        for scoped in group.scope_metrics:
            scope = scoped.scope.name[:256] if scoped.scope else ""
            for metric in scoped.metrics:
                data = metric.sum or metric.histogram
                if data is None:
                    continue
                _check(data.data_points)
                for raw in data.data_points:
                    yield _point(raw, data, metric, scope, shared)


def _point(
    raw: msgspec.Raw, data: _Data, metric: _Metric, scope: str, shared: _Shared
) -> Point | Unreadable:
    point = _item(raw, _DataPoint)
    if isinstance(point, Unreadable):
        return point
    try:
        amounts = (point.sum, point.as_double, point.as_int)
        amount = next((number(value, "/value") for value in amounts if value is not None), None)
        return Point(
            scope, shared.resource, _attributes(point.attributes), metric.name[:256],
            count(point.start_time_unix_nano, "/startTimeUnixNano"),
            count(point.time_unix_nano, "/timeUnixNano"),
            amount or 0.0, data.aggregation_temporality == _CUMULATIVE,
            shared.written + _written(point.attributes),
        )  # fmt: skip
    except Unreadable as problem:
        return problem


def _written(pairs: list[_KeyValue]) -> bytes:
    return b"\0".join(sorted(msgspec.json.encode(pair) for pair in pairs))


def _check(items: list[msgspec.Raw]) -> None:
    if len(items) > MAX_ITEMS:
        raise too_many()


def _attributes(pairs: list[_KeyValue]) -> Attributes:
    found: Attributes = {}
    for pair in pairs:
        if pair.value is not None and wanted(pair.key):
            value = _plain(pair.value)
            if value is not None:
                found[pair.key] = value
    return found


def _plain(value: _AnyValue) -> Value | None:
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

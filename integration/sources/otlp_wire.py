"""The messages of OTLP/JSON, as far as they are read: the OTLP definition in lowerCamelCase.

What repeats by the thousand stays raw, so that one broken item is rejected alone.
"""

from __future__ import annotations

from collections.abc import Sequence  # msgspec reads the type.

import msgspec


class Wire(msgspec.Struct, rename="camel"):
    """A message of the OTLP definition, its fields in lowerCamelCase."""


class Array(Wire):
    """A list of values."""

    values: list[AnyValue] = []


class AnyValue(Wire):
    """A value of any kind; at most one field is there."""

    string_value: str | None = None
    int_value: int | str | None = None
    double_value: float | str | None = None
    bool_value: bool | None = None
    array_value: Array | None = None


class KeyValue(Wire):
    """One attribute."""

    key: str
    value: AnyValue | None = None


class Resource(Wire):
    """Who sent it."""

    attributes: list[KeyValue] = []


class Scope(Wire):
    """Which instrumentation saw it."""

    name: str = ""


class Status(Wire):
    """How a span ended."""

    code: int = 0


class Span(Wire):
    """One span."""

    trace_id: str = ""
    span_id: str = ""
    name: str = ""
    start_time_unix_nano: int | str = 0
    end_time_unix_nano: int | str = 0
    attributes: list[KeyValue] = []
    status: Status | None = None


class LogRecord(Wire):
    """One log record."""

    trace_id: str = ""
    span_id: str = ""
    event_name: str = ""
    time_unix_nano: int | str = 0
    observed_time_unix_nano: int | str = 0
    attributes: list[KeyValue] = []
    body: AnyValue | None = None


class DataPoint(Wire):
    """One value of a series."""

    attributes: list[KeyValue] = []
    start_time_unix_nano: int | str = 0
    time_unix_nano: int | str = 0
    as_int: int | str | None = None
    as_double: float | str | None = None
    sum: float | str | None = None


class Data(Wire):
    """The values of a sum or a histogram."""

    data_points: list[msgspec.Raw] = []
    aggregation_temporality: int = 0


class Metric(Wire):
    """One metric; other kinds than these hold no total."""

    name: str = ""
    sum: Data | None = None
    histogram: Data | None = None


class Scoped(Wire):
    """The items of one instrumentation; each kind of body has its own names for the lists."""

    scope: Scope | None = None
    items: list[msgspec.Raw] = []


class Group(Wire):
    """What one resource, such as a process, sent."""

    resource: Resource | None = None
    scoped: Sequence[Scoped] = []


class ScopeSpans(Scoped):
    """Spans of one instrumentation."""

    items: list[msgspec.Raw] = msgspec.field(name="spans", default_factory=list)


class ScopeLogs(Scoped):
    """Log records of one instrumentation."""

    items: list[msgspec.Raw] = msgspec.field(name="logRecords", default_factory=list)


class ScopeMetrics(Scoped):
    """Metrics of one instrumentation."""

    items: list[msgspec.Raw] = msgspec.field(name="metrics", default_factory=list)


class ResourceSpans(Group):
    """Spans of one resource."""

    scoped: list[ScopeSpans] = msgspec.field(name="scopeSpans", default_factory=list)


class ResourceLogs(Group):
    """Log records of one resource."""

    scoped: list[ScopeLogs] = msgspec.field(name="scopeLogs", default_factory=list)


class ResourceMetrics(Group):
    """Metrics of one resource."""

    scoped: list[ScopeMetrics] = msgspec.field(name="scopeMetrics", default_factory=list)


class Traces(Wire):
    """A body of /v1/traces."""

    resource_spans: list[ResourceSpans]


class Logs(Wire):
    """A body of /v1/logs."""

    resource_logs: list[ResourceLogs]


class Metrics(Wire):
    """A body of /v1/metrics."""

    resource_metrics: list[ResourceMetrics]

"""OTLP bodies in protobuf."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from integration.sources.batch import malformed
from integration.sources.otlp_attributes import from_protobuf
from integration.sources.otlp_records import Point, Record
from integration.sources.protobuf_size import check_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
    from opentelemetry.proto.metrics.v1.metrics_pb2 import (
        HistogramDataPoint,
        Metric,
        NumberDataPoint,
    )

M = TypeVar("M", bound=Message)
_MAX_NAME = 64


def _parsed(message: M, body: bytes) -> M:
    check_size(body)
    try:
        message.ParseFromString(body)
    except (DecodeError, ValueError, RecursionError):
        raise malformed("", "not_protobuf", "the body is no OTLP protobuf message") from None
    return message


def spans(body: bytes) -> Iterator[Record]:
    """Yield the spans of an ExportTraceServiceRequest. Raises InvalidInput when it is none."""
    for group in _parsed(ExportTraceServiceRequest(), body).resource_spans:
        resource = from_protobuf(group.resource.attributes)
        for scoped in group.scope_spans:
            scope = scoped.scope.name[:256]
            for span in scoped.spans:
                yield Record(
                    scope, resource, from_protobuf(span.attributes), span.name[:256],
                    span.trace_id[:16].hex(), span.span_id[:8].hex(),
                    span.start_time_unix_nano or span.end_time_unix_nano,
                    span.status.code == Status.STATUS_CODE_ERROR,
                )  # fmt: skip


def logs(body: bytes) -> Iterator[Record]:
    """Yield the records of an ExportLogsServiceRequest. Raises InvalidInput when it is none."""
    for group in _parsed(ExportLogsServiceRequest(), body).resource_logs:
        resource = from_protobuf(group.resource.attributes)
        for scoped in group.scope_logs:
            scope = scoped.scope.name[:256]
            for log in scoped.log_records:
                yield Record(
                    scope, resource, from_protobuf(log.attributes), _event_name(log),
                    log.trace_id[:16].hex(), log.span_id[:8].hex(),
                    log.time_unix_nano or log.observed_time_unix_nano,
                )  # fmt: skip


def _event_name(log: LogRecord) -> str:
    if log.event_name:
        return log.event_name[:_MAX_NAME]
    for attribute in log.attributes:
        if attribute.key == "event.name":
            return attribute.value.string_value[:_MAX_NAME]
    # Older senders put the name into the body; a longer body is content.
    body = log.body.string_value
    return body if len(body) <= _MAX_NAME else ""


def points(body: bytes) -> Iterator[Point]:
    """Yield the sums and histograms of an ExportMetricsServiceRequest; other kinds hold no total.

    Raises InvalidInput when the body is no such message.
    """
    for group in _parsed(ExportMetricsServiceRequest(), body).resource_metrics:
        resource = from_protobuf(group.resource.attributes)
        shared = _written(group.resource.attributes)
        for scoped in group.scope_metrics:
            for metric in scoped.metrics:
                for point, amount, cumulative in _amounts(metric):
                    yield Point(
                        scoped.scope.name[:256], resource, from_protobuf(point.attributes),
                        metric.name[:256], point.start_time_unix_nano, point.time_unix_nano,
                        amount, cumulative, shared + _written(point.attributes),
                    )  # fmt: skip


def _written(attributes: Iterable[KeyValue]) -> bytes:
    return b"\0".join(sorted(attribute.SerializeToString() for attribute in attributes))


def _amounts(
    metric: Metric,
) -> Iterator[tuple[NumberDataPoint | HistogramDataPoint, float, bool]]:
    if metric.WhichOneof("data") == "sum":
        total = metric.sum
        cumulative = total.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
        for number in total.data_points:
            amount = number.as_int if number.WhichOneof("value") == "as_int" else number.as_double
            yield number, amount, cumulative
    elif metric.WhichOneof("data") == "histogram":
        histogram = metric.histogram
        cumulative = histogram.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
        for bucketed in histogram.data_points:
            yield bucketed, bucketed.sum, cumulative

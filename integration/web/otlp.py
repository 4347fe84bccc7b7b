"""OTLP/HTTP: traces, logs and metrics, protobuf and JSON, with OTLP's partial-success answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from integration.journeys.check_totals import keep_totals
from integration.sources import otlp_logs, otlp_metrics, otlp_traces
from integration.sources.otlp_records import PROTOBUF
from integration.web.access import caller, needs
from integration.web.bodies import sent_body
from integration.web.service import service
from integration.web.usage import take

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from integration.sources.batch import RejectedItem

otlp = Blueprint("otlp", __name__)


@otlp.post("/v1/traces")
@needs("ingest")
def post_traces() -> Response:
    """Meter the model calls among the spans; other spans are left aside."""
    batch = otlp_traces.read(sent_body(), now=service().clock.now(), content_type=_kind())
    take(batch)
    return _answer(ExportTraceServiceResponse(), "rejectedSpans", batch.rejected)


@otlp.post("/v1/logs")
@needs("ingest")
def post_logs() -> Response:
    """Meter the model calls among the log events, as coding agents send them."""
    batch = otlp_logs.read(sent_body(), now=service().clock.now(), content_type=_kind())
    take(batch)
    return _answer(ExportLogsServiceResponse(), "rejectedLogRecords", batch.rejected)


@otlp.post("/v1/metrics")
@needs("ingest")
def post_metrics() -> Response:
    """Keep token metrics. They are check totals: never added to what calls have spent."""
    here = service()
    totals = otlp_metrics.read(sent_body(), now=here.clock.now(), content_type=_kind())
    found = [total for _, total in totals.totals]
    keep_totals(here.transactions, caller().workspace_id, found)
    return _answer(ExportMetricsServiceResponse(), "rejectedDataPoints", totals.rejected)


def _kind() -> str:
    return request.content_type or PROTOBUF


def _answer(message: Message, counter: str, rejected: Sequence[RejectedItem]) -> Response:
    """Answer in the encoding that was sent; senders must not send rejected items again."""
    why = "; ".join(each.message for each in rejected[:5])
    if _kind().startswith("application/json"):
        partial = {counter: str(len(rejected)), "errorMessage": why} if rejected else {}
        body = json.dumps({"partialSuccess": partial} if partial else {})
        return Response(body, content_type="application/json")
    if rejected:
        partial_success = message.partial_success  # type: ignore[attr-defined]  # All three have it.
        snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in counter)
        setattr(partial_success, snake, len(rejected))
        partial_success.error_message = why
    return Response(message.SerializeToString(), content_type="application/x-protobuf")

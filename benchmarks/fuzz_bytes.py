"""One reader of foreign bytes under a coverage-guided fuzzer; `fuzz.py` starts it.

    python benchmarks/fuzz_bytes.py NAME FOLDER -atheris_runs=100000

FOLDER is filled with a small sound body first, from which the fuzzer goes on.

Whatever comes in, a reader answers with what it read or with an error of ours; anything else is a
fault, and the fuzzer stops with the bytes that caused it.
"""

from __future__ import annotations

import gzip
import json
import sys
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import atheris
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

with atheris.instrument_imports(include=["integration"]):
    from integration.estimation.workload_table import read_workloads
    from integration.foundation.errors import StoryMeterError
    from integration.jira.signature import check_hmac
    from integration.sources import (
        bedrock,
        cloudevents,
        gpu_jobs,
        langfuse,
        litellm,
        otlp_logs,
        otlp_metrics,
        otlp_traces,
        usage_events,
    )
    from integration.sources.compression import decompress

from tests.sources import small_payloads as small

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LIMIT_BYTES = 1 << 20

READERS: dict[str, Callable[[bytes], object]] = {
    "usage_events": lambda body: usage_events.read(body, now=NOW),
    "cloudevents": lambda body: cloudevents.read(body, now=NOW),
    "litellm": lambda body: litellm.read(body, now=NOW),
    "bedrock": lambda body: bedrock.read(body, now=NOW),
    "langfuse": lambda body: langfuse.read(body, now=NOW),
    "gpu_jobs": lambda body: gpu_jobs.read(body, now=NOW),
    "otlp_traces": lambda body: otlp_traces.read(body, now=NOW),
    "otlp_logs": lambda body: otlp_logs.read(body, now=NOW),
    "otlp_metrics": lambda body: otlp_metrics.read(body, now=NOW),
    "otlp_traces_json": lambda body: otlp_traces.read(
        body, now=NOW, content_type="application/json"
    ),
    "gzip": lambda body: decompress(body, "gzip", LIMIT_BYTES),
    "deflate": lambda body: decompress(body, "deflate", LIMIT_BYTES),
    "signature": lambda body: check_hmac("secret", body, body.decode("latin-1")),
    "workload_table": lambda body: read_workloads(
        [line.split("|") for line in body.decode("utf-8", "replace").splitlines()]
    ),
}

SPANS = small.traces(small.SPAN)
SOUND: dict[str, bytes] = {
    "usage_events": json.dumps({"events": [small.OUR_OWN]}).encode(),
    "cloudevents": json.dumps(small.CLOUDEVENT).encode(),
    "litellm": json.dumps([small.LITELLM]).encode(),
    "bedrock": json.dumps(small.BEDROCK).encode(),
    "langfuse": json.dumps([small.LANGFUSE]).encode(),
    "gpu_jobs": small.EMISSIONS_CSV,
    "otlp_traces": json_format.Parse(SPANS, ExportTraceServiceRequest()).SerializeToString(),
    "otlp_logs": json_format.Parse(
        small.logs(small.LOG), ExportLogsServiceRequest()
    ).SerializeToString(),
    "otlp_metrics": json_format.Parse(
        small.metrics("gen_ai.client.token.usage", small.POINT), ExportMetricsServiceRequest()
    ).SerializeToString(),
    "otlp_traces_json": SPANS,
    "gzip": gzip.compress(SPANS),
    "deflate": zlib.compress(SPANS),
    "signature": b"sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9",
    "workload_table": b"Model|Calls per Sprint|Input tokens|Cached share\ngpt-4o|1.2k|4,000|40 %",
}


def reading(name: str) -> Callable[[bytes], None]:
    """Return what the fuzzer calls: reads, and takes our own errors for an answer."""
    read = READERS[name]

    def one(body: bytes) -> None:
        with suppress(StoryMeterError):
            read(body)

    return one


def main(arguments: list[str]) -> None:
    """Fuzz the reader that is named first; the rest is the fuzzer's."""
    program, name, folder, *options = arguments
    (Path(folder) / "sound").write_bytes(SOUND[name])
    setup: Any = atheris.Setup
    setup([program, folder, *options], reading(name))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)

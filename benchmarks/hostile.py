"""How much memory hostile bodies take: 32 MB of each kind, in turn, at every usage door.

    python benchmarks/hostile.py

A real web process is sent bodies that were made to be large in memory and small on the wire. Each
must be refused, or read within bounds, with a clear answer; the peak of the process's memory is
read for each from the kernel. The last line is JSON.
"""

from __future__ import annotations

import gzip
import json
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks import acme_world, processes
from integration.foundation.embedded_database import running

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 32 * 1024 * 1024
MOST_MB = 300
"""What one 32 MB body may take at its peak, above what the process had before."""
JSON, PROTOBUF, CSV = "application/json", "application/x-protobuf", "text/csv"
JSON_DOORS = {
    "/v1/usage-events": b'{"events":', "/integrations/litellm/events": b"",
    "/integrations/bedrock/invocations": b"", "/integrations/langfuse/observations": b'{"data":',
    "/v1/traces": b'{"resourceSpans":', "/v1/logs": b'{"resourceLogs":',
    "/v1/metrics": b'{"resourceMetrics":',
}  # fmt: skip


class Body(NamedTuple):
    """One hostile body and the door it is sent to."""

    door: str
    what: str
    content_type: str
    data: bytes
    encoding: str = ""


class Answered(NamedTuple):
    """What a body was answered with, and what it took."""

    status: int
    seconds: float
    peak_mb: float


def filled(beginning: bytes, item: bytes, end: bytes = b"") -> bytes:
    """Repeat an item until the body is as large as the door takes."""
    times = (SIZE - len(beginning) - len(end)) // len(item)
    return beginning + item * times + end


def bodies() -> Iterator[Body]:
    """Every kind of body for every door; made one at a time, because each is large."""
    bomb = gzip.compress(b" " * (1 << 30), 1)
    for door, opening in JSON_DOORS.items():
        end = b"}" if opening else b""
        yield Body(door, "empty objects", JSON, filled(opening + b"[{}", b",{}", b"]" + end))
        yield Body(door, "nothing but depth", JSON, filled(opening, b"["))
        yield Body(door, "objects in objects", JSON, filled(opening + b"[", b'{"a":'))
        yield Body(door, "empty arrays", JSON, filled(opening + b"[[]", b",[]", b"]" + end))
        yield Body(door, "one long text", JSON, filled(opening + b'["', b"x", b'"]' + end))
        fields = b"".join(b',"k%d":0' % number for number in range(2_000_000))
        yield Body(door, "two million fields", JSON, opening + b'[{"a":0' + fields + b"}]" + end)
        yield Body(door, "a gigabyte zipped", JSON, bomb, "gzip")
    attributes = filled(
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"a"}',
        b',{"key":"a","value":{"intValue":1}}', b"]}]}]}]}",
    )  # fmt: skip
    yield Body("/v1/traces", "one span of attributes", JSON, attributes)
    for door in ("/v1/traces", "/v1/logs", "/v1/metrics"):
        yield Body(door, "empty groups", PROTOBUF, filled(b"", b"\x0a\x02\x12\x00"))
        yield Body(door, "field after field", PROTOBUF, filled(b"", b"\x0a\x00"))
        yield Body(door, "a gigabyte zipped", PROTOBUF, bomb, "gzip")
    heading = b"timestamp,duration,energy_consumed\n"
    door = "/integrations/codecarbon/emissions"
    yield Body(door, "empty rows", CSV, filled(heading, b",,\n"))
    yield Body(door, "one endless row", CSV, filled(heading, b","))
    yield Body(door, "a gigabyte zipped", CSV, bomb, "gzip")


def allowed() -> Iterator[Body]:
    """As much as is taken at once, for comparison."""
    yield Body("/v1/usage-events", "20,000 calls", JSON, next(acme_world.bodies(20_000, 1)))
    record = {
        "status": "success", "startTime": time.time(), "model": "gpt-4o", "prompt_tokens": 9,
        "completion_tokens": 1, "messages": [{"content": "x" * 60_000}],
    }  # fmt: skip
    calls = [record | {"id": f"r{number}"} for number in range(512)]
    yield Body("/integrations/litellm/events", "512 prompts", JSON, json.dumps(calls).encode())


def send(port: int, worker: int, key: str, body: Body) -> Answered:
    """Send a body; read how far the process's memory went meanwhile."""
    Path(f"/proc/{worker}/clear_refs").write_text("5")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": body.content_type}
    if body.encoding:
        headers["Content-Encoding"] = body.encoding
    request = urllib.request.Request(f"http://127.0.0.1:{port}{body.door}", body.data, headers)
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            status = answer.status
            answer.read()
    except urllib.error.HTTPError as error:
        status = error.code
        error.read()
    return Answered(status, time.perf_counter() - began, memory_mb(worker, "VmHWM"))


def memory_mb(process: int, name: str) -> float:
    """The peak (VmHWM) or the present size (VmRSS) of a process."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def main() -> int:
    """Send everything to one web process; 1 when one is not refused, or takes too much."""
    table = Table("door", "body", "MB", "answer", "s", "peak MB above before")
    found: list[tuple[Body, Answered, float]] = []
    with tempfile.TemporaryDirectory(prefix="sm-hostile-") as name:
        folder = Path(name)
        with running(folder / "pg") as url:
            engine, key = acme_world.found(url)
            with (
                acme_world.disposed(engine),
                processes.web(url, workers=1, threads=4, folder=folder) as (port, process),
            ):
                (worker,) = processes.children(process.pid)
                send(port, worker, key, next(iter(allowed())))
                base = memory_mb(worker, "VmRSS")
                for body in (*allowed(), *bodies()):
                    before = memory_mb(worker, "VmRSS")
                    answered = send(port, worker, key, body)
                    found.append((body._replace(data=b""), answered, before))
                    table.add_row(
                        body.door, body.what, f"{len(body.data) / 2**20:.1f}",
                        str(answered.status), f"{answered.seconds:.2f}",
                        f"{answered.peak_mb - before:.0f}",
                    )  # fmt: skip
                after = memory_mb(worker, "VmRSS")
    Console(stderr=True).print(table)
    hostile = found[2:]
    peak = max(answered.peak_mb - before for _, answered, before in found)
    result = {
        "bodies": len(hostile),
        "refused": sum(400 <= answered.status < 500 for _, answered, _ in hostile),
        "failed": sum(answered.status >= 500 for _, answered, _ in found),
        "peak_mb": round(peak), "base_mb": round(base), "after_mb": round(after),
    }  # fmt: skip
    print(json.dumps(result))
    return 0 if not result["failed"] and peak <= MOST_MB else 1


if __name__ == "__main__":
    sys.exit(main())

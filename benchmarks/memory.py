"""How much memory a web process takes for bodies that are as large as they may be, or larger.

    python benchmarks/memory.py

One web process on an embedded PostgreSQL. The peak is what the kernel noted (VmHWM), set back
before each body. The last line is JSON.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import acme_world, processes
from integration.foundation.embedded_database import running

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1024 * 1024
DOOR, LITELLM = "/v1/usage-events", "/integrations/litellm/events"


def bodies() -> Iterator[tuple[str, str, bytes, str]]:
    """What is sent, where to, and with which Content-Encoding."""
    events = list(islice(acme_world.events(1), 20_000))
    whole = json.dumps({"events": events}).encode()
    yield f"20,000 events, {len(whole) / MIB:.0f} MiB", DOOR, whole, ""
    yield "the same, gzip", DOOR, gzip.compress(whole, 1), "gzip"
    yield "32 MiB of one text", DOOR, b'[{"request_model": "' + b"x" * (32 * MIB - 24) + b'"}]', ""
    yield "32 MiB of brackets", DOOR, b"[" * (32 * MIB), ""
    yield "32 MiB of empty objects", LITELLM, b"[" + b"{}," * (10 * MIB) + b"{}]", ""
    yield "32 MiB of numbers", LITELLM, b'[{"a": [' + b"1," * (16 * MIB - 8) + b"1]}]", ""
    yield "64 MiB", DOOR, b" " * (64 * MIB), ""
    yield "a gzip bomb of 1 GiB", DOOR, bomb(1024), "gzip"


def bomb(mebibytes: int) -> bytes:
    """Pack so many MiB of blanks, each as a gzip member of its own."""
    return gzip.compress(b" " * MIB) * mebibytes


def main() -> None:
    """Send each body, print the status and the peak, and the figures as one JSON line."""
    with tempfile.TemporaryDirectory(prefix="sm-memory-") as name:
        folder = Path(name)
        with running(folder / "pg") as url:
            engine, key = acme_world.found(url)
            with (
                acme_world.disposed(engine),
                processes.web(url, folder=folder, workers=1, threads=4) as (port, process),
            ):
                measure(port, key, processes.children(process.pid)[0])


def measure(port: int, key: str, worker: int) -> None:
    """Send a usual body first, so that code and tables are loaded, then each of the large ones."""
    send(
        port,
        key,
        DOOR,
        json.dumps({"events": list(islice(acme_world.events(2), 100))}).encode(),
        "",
    )
    at_rest = peak_mib(worker)
    print(f"{'':<32}{'status':>7}{'peak MiB':>10}")
    print(f"{'at rest':<32}{'':>7}{at_rest:>10.0f}")
    highest = at_rest
    for label, path, body, encoding in bodies():
        Path(f"/proc/{worker}/clear_refs").write_text("5")
        status = send(port, key, path, body, encoding)
        peak = peak_mib(worker)
        highest = max(highest, peak)
        print(f"{label:<32}{status:>7}{peak:>10.0f}", flush=True)
    print(json.dumps({"at_rest_mib": round(at_rest), "peak_mib": round(highest)}))


def send(port: int, key: str, path: str, body: bytes, encoding: str) -> int:
    """Post a body; a server that answers and closes before all of it has come counts as well."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    if encoding:
        headers["Content-Encoding"] = encoding
    # A server that had read enough may have closed; its answer is there all the same.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        connection.request("POST", path, body, headers)
    try:
        return connection.getresponse().status
    except (http.client.HTTPException, ConnectionError):
        return 0
    finally:
        connection.close()


def peak_mib(process: int) -> float:
    """The most memory a process has held since its peak was last set back."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process)


if __name__ == "__main__":
    main()

"""Web processes under measure, and how much processor time processes have used."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from integration.cli.run_commands import web_arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
START_TIMEOUT_S = 120


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def web(
    url: str, *, app: str = "integration.app:create_app", threads: int = 16, workers: int = 2,
    folder: Path | None = None,
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:  # fmt: skip
    """Run web processes for the length of the block; yields their port and their parent."""
    port = free_port()
    process = subprocess.Popen(
        web_arguments("127.0.0.1", port, processes=workers, threads=threads, app=app),
        cwd=ROOT, start_new_session=True,
        env=os.environ | {
            "DATABASE_URL": url, "STORYMETER_WEB_THREADS": str(threads),
            "STORYMETER_DATA_DIR": str(folder or ROOT / ".storymeter" / "bench-data"),
        },
    )  # fmt: skip
    try:
        wait_until_ready(port, process)
        yield port, process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once the server answers that it is ready."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as answer:
                if answer.status == 200:
                    return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def children(parent: int) -> list[int]:
    """Return the process ids of a process's children."""
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(each) for each in found.split()]


def cpu_seconds(parent: int) -> float:
    """Return the processor time that a process and its children have used, ended ones included."""
    total = 0
    for process in (parent, *children(parent)):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # It ended just now and counts among its parent's ended children.
        total += sum(int(fields[place]) for place in (11, 12, 13, 14))
    return total / TICKS


def postmaster(folder: Path) -> int:
    """Return the process id of the PostgreSQL whose embedded folder this is."""
    return int((folder / "data" / "postmaster.pid").read_text().split()[0])

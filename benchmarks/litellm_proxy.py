"""A real LiteLLM proxy, installed from the package index, in front of a provider on loopback."""

from __future__ import annotations

import os
import secrets
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.peer_venvs import CannotRun, kept_venv
from benchmarks.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

VERSION = "1.106.2"
PACKAGES = (
    f"litellm[proxy]=={VERSION}", "opentelemetry-sdk==1.45.2",
    "opentelemetry-exporter-otlp-proto-http==1.45.2",
)  # fmt: skip
START_TIMEOUT_S = 240
"""The first start compiles all of it, which takes a minute on a small machine."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that answers. `key` is its master key."""

    url: str
    key: str
    log: Path


@contextmanager
def running(
    config: str, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Proxy]:
    """Run the proxy with this configuration for the length of the block. Raises CannotRun."""
    bin_folder = kept_venv("peers-litellm", VERSION, PACKAGES)
    key, port = f"sk-{secrets.token_hex(24)}", free_port()
    (folder / "litellm.yaml").write_text(config)
    log = folder / "litellm.log"
    own = {
        "LITELLM_MASTER_KEY": key, "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "DEFAULT_FLUSH_INTERVAL_SECONDS": "1", "PYTHONPATH": "",
    }  # fmt: skip
    with log.open("wb") as lines:
        process = subprocess.Popen(
            [
                bin_folder / "litellm", "--config", folder / "litellm.yaml",
                "--host", "127.0.0.1", "--port", str(port), "--telemetry", "False",
            ],
            env=os.environ | own | dict(environment or {}), cwd=folder,
            stdout=lines, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        _wait(port, process, log)
        yield Proxy(f"http://127.0.0.1:{port}", key, log)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/health/liveliness", timeout=5
            ) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            raise CannotRun(f"the LiteLLM proxy does not start: {''.join(last)[:300]}")
        time.sleep(0.2)

"""Debian's nginx with the configuration of docs/connect/nginx.conf, on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = Path(__file__).resolve().parents[1] / "docs" / "connect" / "nginx.conf"
OPEN = "#   proxy_intercept_errors on;", "#   error_page 500 502 503 504 = @storymeter_open;"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
START_TIMEOUT_S = 20


class NotInstalled(Exception):
    """There is no nginx here; the message says how to get one."""


def program() -> str:
    """Return nginx, also where only root has its folder in the path. Raises NotInstalled."""
    path = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
    found = shutil.which("nginx", path=path)
    if found is None:
        raise NotInstalled("nginx is not installed: apt-get install -y nginx-light")
    return found


@contextmanager
def running(
    folder: Path, storymeter_url: str, models_url: str, key: str, *, fails_open: bool = False
) -> Iterator[str]:
    """Run nginx before a StoryMeter and a provider for the length of the block; its address."""
    nginx, port = program(), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    text = CONFIGURATION.read_text()
    for ours, theirs in (
        ("127.0.0.1:8080", urlsplit(storymeter_url).netloc),
        ("127.0.0.1:8000", urlsplit(models_url).netloc),
        ("127.0.0.1:4080", f"127.0.0.1:{port}"),
        ("smk_…", key),
        *(((line, line.lstrip("# ")) for line in OPEN) if fails_open else ()),
        # Only because this one may run without root, beside another, on a busy machine.
        ("proxy_read_timeout 1s;", "proxy_read_timeout 20s;"),
        ("http {", "http {\n    access_log off;\n" + "".join(
            f"    {name}_temp_path {folder}/{name};\n" for name in TEMPORARY
        )),
    ):  # fmt: skip
        assert ours in text, ours
        text = text.replace(ours, theirs)
    (folder / "nginx.conf").write_text(text)
    process = subprocess.Popen(
        [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "log"),
         "-g", f"daemon off; pid {folder}/pid; worker_processes 1;"],
    )  # fmt: skip
    try:
        _wait(folder, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (folder / "pid").is_file() or not (folder / "pid").read_text().strip():
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotInstalled(f"nginx does not start: {(folder / 'log').read_text()[-300:]}")
        time.sleep(0.02)

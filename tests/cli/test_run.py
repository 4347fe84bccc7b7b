"""`storymeter run`: everything in one go, stopped in order, and its data kept."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from integration.foundation.embedded_database import running
from tests.house.house import ROOT
from tests.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

STOPS_WITHIN_S = 60
EVENT = {"request_model": "gpt-4o-mini", "input_tokens": 10}


def environment(data_dir: Path, port: int) -> dict[str, str]:
    ours = ("STORYMETER_", "DATABASE_URL", "COV_CORE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "STORYMETER_DATA_DIR": str(data_dir), "STORYMETER_PORT": str(port),
        "STORYMETER_WEB_PROCESSES": "1", "PYTHONPATH": str(ROOT),
    }  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_service(variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start `storymeter run`, and kill it should the test leave it running."""
    service = subprocess.Popen(
        [sys.executable, "-m", "integration.cli", "run"],
        env=variables, cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield service
    finally:
        if service.poll() is None:
            service.terminate()
        service.communicate(timeout=STOPS_WITHIN_S)


def patient() -> requests.Session:
    """A client that asks again while nobody answers yet."""
    session = requests.Session()
    again = Retry(
        connect=3000, total=3000, backoff_factor=0.1, backoff_max=0.1, status_forcelist=[503]
    )
    session.mount("http://", HTTPAdapter(max_retries=again))
    return session


def storymeter(variables: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "integration.cli", *arguments],
        env=variables, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def reported(url: str, key: str, event_id: str = "call-1") -> dict[str, Any]:
    answer = requests.post(
        f"{url}/v1/usage-events", json={"events": [EVENT | {"event_id": event_id}]},
        headers={"Authorization": f"Bearer {key}"}, timeout=20,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    counts: dict[str, Any] = answer.json()
    return counts


@contextmanager
def held_up(database: Path) -> Iterator[Callable[[], bool]]:
    """Let nobody record usage meanwhile; yields what says whether somebody waits to."""
    with running(database) as url, psycopg.connect(url) as line:
        line.execute("LOCK TABLE ledger_entry")
        waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'ledger_entry'::regclass"
        yield lambda: line.execute(waits).fetchone() is not None


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def assert_headers_have_limits(client: requests.Session, url: str) -> None:
    """The server refuses by itself what is too much, before any of our code reads it."""
    many = {f"x-header-{number}": "1" for number in range(120)}
    for headers in ({"x-long": "a" * 40_000}, many):
        assert client.get(f"{url}/healthz", headers=headers, timeout=20).status_code == 431
    assert client.get(f"{url}/healthz?{'a' * 40_000}", timeout=20).status_code in {414, 431}


def test_run_serves_stops_with_its_database_and_keeps_its_data(tmp_path: Path) -> None:
    port = free_port()
    url, variables = f"http://127.0.0.1:{port}", environment(tmp_path / "data", port)
    pid_file = tmp_path / "data" / "postgres" / "data" / "postmaster.pid"

    with running_service(variables) as service, patient() as client:
        assert client.get(f"{url}/readyz", timeout=20).json() == {"status": "ready"}
        assert pid_file.exists()
        assert_headers_have_limits(client, url)
        storymeter(variables, "workspace", "create", "acme", "--name", "Acme")
        made = storymeter(
            variables, "keys", "create", "acme", "--name", "gateway", "--scope", "ingest", "--json"
        )
        key = json.loads(made)["key"]
        assert reported(url, key)["accepted"] == 1
        with ThreadPoolExecutor(1) as another, held_up(tmp_path / "data" / "postgres") as waits:
            in_hand = another.submit(reported, url, key, "call-2")
            wait_until(waits)
            service.send_signal(signal.SIGTERM)
            wait_until(lambda: not listens(port))
        assert in_hand.result()["accepted"] == 1, "what is in hand is answered first"
        _, said = service.communicate(timeout=STOPS_WITHIN_S)
    assert service.returncode == 0, said
    assert url in said
    assert "Traceback" not in said
    assert not pid_file.exists(), "the database stops too"

    with running_service(variables) as service, patient() as client:
        assert client.get(f"{url}/readyz", timeout=20).status_code == 200
        assert reported(url, key)["duplicates"] == 1
        service.send_signal(signal.SIGINT)
        _, said = service.communicate(timeout=STOPS_WITHIN_S)
    assert service.returncode == 0, said
    assert not pid_file.exists()


def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        variables = environment(tmp_path / "data", int(taken.getsockname()[1]))
        with running_service(variables) as service:
            _, said = service.communicate(timeout=STOPS_WITHIN_S)
    assert service.returncode == 1
    assert "STORYMETER_PORT" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()


def test_bad_settings_are_all_named_before_anything_starts(tmp_path: Path) -> None:
    variables = environment(tmp_path / "data", 1) | {
        "STORYMETER_PORT": "x", "STORYMETER_WEB_THREADS": "none",
    }  # fmt: skip
    with running_service(variables) as service:
        _, said = service.communicate(timeout=STOPS_WITHIN_S)
    assert service.returncode == 1
    assert "STORYMETER_PORT" in said
    assert "STORYMETER_WEB_THREADS" in said
    assert "Traceback" not in said
    assert not (tmp_path / "data").exists()

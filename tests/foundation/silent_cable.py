"""Two machines of a network: a worker's cable is pulled in the middle of its transactions.

One of its connections holds a row's lock and says nothing; another waits for an answer. It says
who noticed. Run with `-m`, as root, where network namespaces can be made.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from benchmarks.faults import machines
from benchmarks.faults.replicated import DatabaseMachine, address_of
from integration.foundation import database

DATABASE, WORKER = "10.91.0.2", "10.91.0.3"
LONGEST_S = 60
"""Then it counts as unnoticed; the system's own patience is two hours."""
AWAITED = 7
"""The advisory lock that the worker waits for."""
WAITING = (
    "SELECT count(*) FROM pg_sleep(0.05), pg_locks WHERE locktype = 'advisory' AND NOT granted"
)


def hurry() -> None:
    """Let whatever patience is set be a second, so that nobody waits for ten."""
    database.NOTICED_LOST = dict.fromkeys(database.NOTICED_LOST, 1) | {
        name: 1000 for name in database.NOTICED_LOST if name.endswith("timeout")
    }
    hurried = re.sub(r"(?<==)\d+", "1", database.LOCKS_LET_GO)
    database.LOCKS_LET_GO = re.sub(r"(?<=timeout=)\d+", "1000", hurried)


def work(url: str) -> None:
    """On the worker's machine: hold a row's lock, then wait for an answer that never comes."""
    hurry()
    engine = database.connect(url)
    holding, waiting = engine.connect(), engine.connect()
    holding.execute(text("SELECT 1 FROM book FOR UPDATE"))
    try:
        waiting.execute(text(f"SELECT pg_advisory_lock({AWAITED})"))
    except OperationalError:
        os.write(1, b"the worker noticed\n")
    os._exit(0)  # There is nobody to say goodbye to.


def main(folder: Path) -> None:
    """Build the machines, let the worker work, and pull its cable."""
    machines.build_switch()
    home, away = machines.Machine("db1", DATABASE), machines.Machine("worker1", WORKER)
    server = DatabaseMachine(home, folder / "db1", folder / "log")
    server.initialise()
    url = address_of([home])
    with server.asked("storymeter") as ours, server.asked("storymeter") as looking:
        ours.execute("CREATE TABLE book AS SELECT 1 AS line")
        ours.execute(f"SELECT pg_advisory_lock({AWAITED})")
        command = away.command(sys.executable, "-m", "tests.foundation.silent_cable", "--work", url)
        worker = subprocess.Popen(command)
        while looking.execute(WAITING).fetchone() == (0,) and worker.poll() is None:
            pass
        away.pull_cable()
        looking.execute(f"SET statement_timeout = '{LONGEST_S}s'")
        looking.execute("SELECT 1 FROM book FOR UPDATE")
        os.write(1, b"the server noticed\n")
        worker.wait(LONGEST_S)
    server.kill(for_good=True)


if __name__ == "__main__":
    if sys.argv[1] == "--work":
        work(sys.argv[2])
    elif sys.argv[1] == "--inside":
        with tempfile.TemporaryDirectory(prefix="smf-", ignore_cleanup_errors=True) as name:
            Path(name).chmod(0o755)
            main(Path(name))
    else:
        machines.go_inside("tests.foundation.silent_cable", ["--inside"])

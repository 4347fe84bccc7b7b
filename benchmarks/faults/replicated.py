"""Two PostgreSQL machines, one of which follows the other and can take its place."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TYPE_CHECKING

import psycopg

from benchmarks.faults.machines import NETWORK
from benchmarks.faults.processes import KeptProcess
from integration.foundation.postgres_programs import Programs, binaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.faults.machines import Machine

PORT = 5432
USER = "storymeter"
DATABASE = "storymeter"
PATIENCE_S = 60.0
LOOK_AGAIN_S = 0.1
SERVER = {
    "port": PORT, "unix_socket_directories": "", "max_connections": 200, "wal_keep_size": "1GB",
    "wal_retrieve_retry_interval": "1s", "wal_sender_timeout": "5s", "wal_receiver_timeout": "5s",
}  # fmt: skip


class DatabaseMachine:
    """A machine with a PostgreSQL on it."""

    def __init__(self, machine: Machine, folder: Path, log: Path) -> None:
        folder.mkdir()
        folder.chmod(0o755)
        self.machine = machine
        self._data = folder / "data"
        self._log = log
        self._programs = Programs(self._data, folder / "programs.log")
        if user := self._programs.user:
            shutil.chown(folder, user.pw_uid, user.pw_gid)
        self._server: KeptProcess | None = None

    def initialise(self) -> None:
        """Make an empty database."""
        self._programs.run(
            "initdb", "-D", str(self._data), "-U", USER, "--auth=trust", "--encoding=UTF8",
            "--locale=C", "--no-sync",
        )  # fmt: skip
        with (self._data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host all,replication all {NETWORK} trust\n")
        self.start()
        with self.asked("postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    def follow(self, primary: DatabaseMachine) -> None:
        """Copy the primary and receive from it whatever it writes."""
        shutil.rmtree(self._data, ignore_errors=True)
        source = f"host={primary.machine.address} port={PORT} user={USER} connect_timeout=5"
        self._programs.run(
            "pg_basebackup", "-D", str(self._data), "--write-recovery-conf", "--wal-method=stream",
            "--checkpoint=fast", "--no-sync",
            "--dbname", f"{source} application_name={self.machine.name}",
        )  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start the server, and keep it alive from now on."""
        options = SERVER | {"listen_addresses": self.machine.address}
        words = [str(binaries() / "postgres"), "-D", str(self._data)]
        for name, value in options.items():
            words += ["-c", f"{name}={value}"]
        if user := self._programs.user:
            owner = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
            words = ["setpriv", *owner, *words]
        self._server = KeptProcess(self.machine.command(*words), {"LC_ALL": "C"}, self._log)
        self._wait_until_it_answers()

    def look_after(self) -> None:
        """Start the server again where it has ended and is wanted."""
        if self._server:
            self._server.look_after()

    def kill(self, *, for_good: bool) -> None:
        """Let the machine's power fail; for good, or until the server is started again."""
        if self._server:
            self._server.is_wanted = not for_good
        self.machine.kill_all()

    def promote(self) -> None:
        """Let it take writes from now on."""
        with self.asked("postgres") as connection:
            connection.execute("SELECT pg_promote(wait_seconds => 30)")

    def wait_for_standby(self, name: str) -> None:
        """Return once that machine receives what this one writes.

        Raises:
            TimeoutError: it does not.
        """
        deadline = time.monotonic() + PATIENCE_S
        query = (
            "SELECT 1 FROM pg_stat_replication WHERE application_name = %s "
            "AND state = 'streaming' AND replay_lsn IS NOT NULL"
        )
        while time.monotonic() < deadline:
            with contextlib.suppress(psycopg.OperationalError), self.asked("postgres") as asked:
                if asked.execute(query, [name]).fetchone():
                    return
            time.sleep(LOOK_AGAIN_S)
        raise TimeoutError(f"{name} does not follow {self.machine.name}")

    @contextlib.contextmanager
    def asked(self, database: str) -> Iterator[psycopg.Connection]:
        """A connection to it for the length of the block; each statement is a transaction."""
        with psycopg.connect(
            host=self.machine.address, port=PORT, user=USER, dbname=database, connect_timeout=5,
            autocommit=True,
        ) as connection:  # fmt: skip
            yield connection

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with self.asked("postgres"):
                    return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_AGAIN_S)


def address_of(machines: list[Machine]) -> str:
    """The address under which clients find whichever of these takes writes."""
    hosts = ",".join(f"{each.address}:{PORT}" for each in machines)
    return f"postgresql://{USER}@{hosts}/{DATABASE}?target_session_attrs=read-write"

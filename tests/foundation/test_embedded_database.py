"""The PostgreSQL that the program brings along: it starts, survives, and says why it cannot."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from integration.foundation.embedded_database import discard, running
from integration.foundation.postgres_programs import DatabaseWillNotStart
from tests.house.house import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

IS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def once_initialised() -> Iterator[Path]:
    """A stopped server's folder with one table in it; copied for each test, as initdb is slow."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        with running(Path(folder) / "db") as url, psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (words text)")
            connection.execute("INSERT INTO kept VALUES ('before')")
        yield Path(folder) / "db"


@pytest.fixture
def folder(once_initialised: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "db"
    subprocess.run(["cp", "-a", once_initialised, copy], check=True)
    return copy


def words_in(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT words FROM kept ORDER BY 1")]


def postmaster(folder: Path) -> int:
    return int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])


def is_up(pid: int) -> bool:
    """Whether a process works; one that has ended and was not yet collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_data_survives_a_restart_and_the_server_stops_with_the_program(folder: Path) -> None:
    with running(folder) as url:
        pid = postmaster(folder)
        assert is_up(pid)
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO kept VALUES ('since')")
    assert not is_up(pid)
    with running(folder) as url:
        assert words_in(url) == ["before", "since"]


def test_a_second_database_is_made_on_the_same_server(folder: Path) -> None:
    with running(folder, "another") as url, psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_database()").fetchone()
    assert row == ("another",)


def test_the_first_program_starts_the_server_and_the_last_one_stops_it(folder: Path) -> None:
    first, second = running(folder), running(folder)
    url = first.__enter__()
    pid = postmaster(folder)
    assert second.__enter__() == url
    first.__exit__(None, None, None)
    assert is_up(pid)
    assert words_in(url) == ["before"]
    second.__exit__(None, None, None)
    assert not is_up(pid)


def test_a_killed_server_is_started_again_with_its_data(folder: Path) -> None:
    with running(folder) as url:
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO kept VALUES ('committed')")
        killed = postmaster(folder)
        os.kill(killed, signal.SIGKILL)
        assert (folder / "data" / "postmaster.pid").exists()
        with running(folder) as again:
            assert postmaster(folder) != killed
            assert words_in(again) == ["before", "committed"]


def test_a_pid_file_that_names_a_stranger_does_not_count_as_a_server(folder: Path) -> None:
    pid_file = folder / "data" / "postmaster.pid"
    pid_file.write_text(
        f"{os.getppid()}\n{folder / 'data'}\n1\n5432\n\n\n       1         1\nready\n"
    )
    with running(folder) as url:
        assert words_in(url) == ["before"]


def test_a_server_left_by_a_killed_program_is_used_and_then_stopped(folder: Path) -> None:
    program = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from integration.foundation.embedded_database import running\n"
        f"kept = running(Path({str(folder)!r}))\n"
        "kept.__enter__()\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    pid = postmaster(folder)
    assert is_up(pid)
    with running(folder) as url:
        assert postmaster(folder) == pid
        assert words_in(url) == ["before"]
    assert not is_up(pid)


def test_discarding_stops_what_was_left_but_not_what_is_used(folder: Path) -> None:
    with running(folder) as url:
        with pytest.raises(DatabaseWillNotStart, match="Another program is using"):
            discard(folder)
        assert words_in(url) == ["before"]
    discard(folder)
    assert not folder.exists()
    discard(folder)


@pytest.mark.parametrize("name", ["with space & 'quoted' +100%", "x" * 120])
def test_odd_and_long_folder_names_work(folder: Path, name: str) -> None:
    odd = folder.rename(folder.parent / name)
    with running(odd) as url:
        assert words_in(url) == ["before"]


def test_postgresqls_own_variables_change_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "6543", "PGDATA": "/nowhere", "PGUSER": "ada"}.items():
        monkeypatch.setenv(name, value)
    with running(folder) as url:
        assert words_in(url) == ["before"]


def test_only_its_own_user_may_open_the_socket(folder: Path) -> None:
    with running(folder):
        socket = next(folder.glob(".s.PGSQL.*[0-9]"))
        assert socket.stat().st_mode & 0o077 == 0


def test_damaged_data_is_refused_with_the_servers_words(folder: Path) -> None:
    (folder / "data" / "PG_VERSION").write_text("7.4\n")
    with pytest.raises(DatabaseWillNotStart, match=r"PostgreSQL version 7\.4"):
        running(folder).__enter__()


def test_a_full_folder_without_a_database_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("years of work")
    with pytest.raises(DatabaseWillNotStart, match="holds no PostgreSQL data"):
        running(tmp_path).__enter__()
    assert (tmp_path / "data" / "thesis.txt").read_text() == "years of work"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(DatabaseWillNotStart, match="taken"):
        running(tmp_path / "taken" / "db").__enter__()


def test_a_socket_path_that_is_too_long_everywhere_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    with pytest.raises(DatabaseWillNotStart, match="shorter one"):
        running(deep / "db").__enter__()


USE = """
import os, pwd, sys
from pathlib import Path
import psycopg, psycopg.sql
from integration.foundation.embedded_database import running
from integration.foundation.errors import StoryMeterError

# Everything is imported: from here on the interpreter itself need not be readable.
nobody = pwd.getpwnam("nobody")
os.setgroups([])
os.setgid(nobody.pw_gid)
os.setuid(nobody.pw_uid)
try:
    with running(Path(sys.argv[1])) as url, psycopg.connect(url) as connection:
        print("user", connection.execute("SELECT current_user").fetchone()[0])
        print("uid", (Path(sys.argv[1]) / "data" / "postmaster.pid").stat().st_uid)
except StoryMeterError as error:
    print("refused", error.message)
"""


@pytest.fixture
def commons() -> Iterator[Path]:
    """A folder that every user may enter: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="sm"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


def as_nobody(folder: Path) -> str:
    """Run a PostgreSQL on a folder as an unprivileged user; returns what it said."""
    done = subprocess.run(
        [sys.executable, "-c", USE, str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not IS_ROOT, reason="only root may become another user")
def test_an_unprivileged_user_needs_nobody_else(commons: Path) -> None:
    mine = commons / "mine"
    mine.mkdir()
    nobody = pwd.getpwnam("nobody")
    os.chown(mine, nobody.pw_uid, nobody.pw_gid)
    assert as_nobody(mine) == f"user storymeter\nuid {nobody.pw_uid}\n"
    # Root may use it in between, and takes nothing away by that.
    with running(mine):
        assert (mine / "data" / "postmaster.pid").stat().st_uid == nobody.pw_uid
    assert as_nobody(mine) == f"user storymeter\nuid {nobody.pw_uid}\n"


@pytest.mark.skipif(not IS_ROOT, reason="only root may become another user")
def test_a_folder_that_may_not_be_written_is_named(commons: Path) -> None:
    said = as_nobody(commons / "not-mine")
    assert said.startswith("refused")
    assert "Permission denied" in said
    assert str(commons / "not-mine") in said


@pytest.mark.skipif(not IS_ROOT, reason="tells what happens under root")
def test_under_root_the_server_runs_as_somebody_else(folder: Path) -> None:
    with running(folder):
        assert Path(f"/proc/{postmaster(folder)}").stat().st_uid != 0

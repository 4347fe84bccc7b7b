"""`storymeter backup` and `restore`: the whole database in one file, by PostgreSQL's programs."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import click

from integration.cli.start_up import database
from integration.foundation.errors import StoryMeterError
from integration.foundation.postgres_programs import binaries

EMPTY = "DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC"
"""pg_restore's own way of cleaning up cannot take partitions apart."""


class ProgramFailed(StoryMeterError):
    """One of PostgreSQL's programs ended with an error; the message holds its last words."""

    code = "program_failed"


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the whole database, as of now, to FILE, while everything goes on.

    Keep STORYMETER_SECRET_KEY (or `secret.key` in the data folder) too, elsewhere: without it the
    tokens of Jira and Slack in the backup cannot be read.
    """
    partial = file.with_name(f"{file.name}.partial")
    with database() as settings:
        url = _plain(settings.database_url)
        _run("pg_dump", url, "--format=custom", "--no-owner", "--file", str(partial), url)
    # Only a whole backup gets the name that was asked for.
    partial.replace(file)
    click.echo(f"{file} holds the database ({file.stat().st_size / 1e6:,.1f} MB).")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--confirm", is_flag=True, help="Without it, nothing is done.")
def restore(file: Path, confirm: bool) -> None:
    """Put the database back to what FILE holds. Stop web and worker first; what came since is lost.

    All or nothing: an error leaves the database as it was. Then it gets the newest schema.
    """
    from integration.foundation.database import connect
    from integration.foundation.migration import upgrade
    from integration.foundation.row_wall import raise_wall

    if not confirm:
        raise click.ClickException(
            f"This replaces everything in the database by what {file} holds. Say --confirm."
        )
    with database() as settings:
        engine = connect(settings.database_url)
        raise_wall(engine)  # The role that the policies in the file name.
        url = _plain(settings.database_url)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "restore.sql"
            _run("pg_restore", url, "--no-owner", "--file", str(script), str(file))
            _run("psql", url, "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1",
                 "--command", EMPTY, "--file", str(script), url)  # fmt: skip
        upgrade(engine)
        engine.dispose()
    click.echo(f"The database is as {file} holds it.")


def _plain(url: str) -> str:
    """The address as PostgreSQL's programs read it, without a driver's name."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _run(program: str, url: str, *arguments: str) -> None:
    ended = subprocess.run(
        [str(_fitting(program, url)), *arguments], check=False, text=True, capture_output=True,
        env=os.environ | {"PGAPPNAME": "storymeter"},
        umask=0o077,  # What it writes holds everything, for nobody else to read.
    )  # fmt: skip
    if ended.returncode:
        raise ProgramFailed(f"{program} failed: {ended.stderr.strip()[-600:]}")


def _fitting(program: str, url: str) -> Path:
    """The program of the server's own major version where there is one, else ours.

    A newer pg_restore sets what an older server does not know; an older pg_dump refuses.
    """
    import psycopg

    with psycopg.connect(url) as connection:
        major = connection.info.server_version // 10_000
    ours = binaries() / program
    theirs = [Path(f"/usr/lib/postgresql/{major}/bin/{program}"), Path(shutil.which(program) or "")]
    for each in (ours, *theirs):
        if each.is_file() and _major(each) == major:
            return each
    return ours


def _major(program: Path) -> int:
    told = subprocess.run([str(program), "--version"], check=True, text=True, capture_output=True)
    found = re.search(r"\) (\d+)", told.stdout)
    return int(found[1]) if found else 0

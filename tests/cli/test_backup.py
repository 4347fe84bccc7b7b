"""A backup, what happened since, and the way back: by the commands an operator types."""

from __future__ import annotations

import gc
import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from integration.cli import commands
from integration.foundation.database import transactions_on
from integration.foundation.row_wall import stands
from integration.journeys.keep_partitions import keep_partitions
from tests.conftest import NOON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

# A command ends with its process, and leaves its connections to that.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def run(*words: str) -> str:
    ended = CliRunner().invoke(commands, words, catch_exceptions=False)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


@pytest.fixture(autouse=True)
def here(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("STORYMETER_DATA_DIR", str(tmp_path / "data"))
    yield
    gc.collect()


def test_what_happened_since_the_backup_is_gone_after_the_way_back(
    engine: Engine, tmp_path: Path
) -> None:
    file = tmp_path / "night.backup"
    keep_partitions(transactions_on(engine), now=NOON)
    run("workspace", "create", "acme", "--name", "Acme")
    run("keys", "create", "acme", "--name", "gateway", "--scope", "ingest")
    assert "holds the database" in run("backup", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    run("workspace", "create", "umbrella", "--name", "Umbrella")
    refused = CliRunner().invoke(commands, ["restore", str(file)])
    assert refused.exit_code == 1
    assert "--confirm" in refused.output
    run("restore", str(file), "--confirm")
    with engine.connect() as connection:
        names = connection.execute(text("SELECT workspace_id FROM workspace")).scalars().all()
        policies = connection.execute(text("SELECT count(*) FROM pg_policy")).scalar_one()
        assert names == ["acme"]
        assert policies > 20
        assert stands(connection)
    (key,) = json.loads(run("keys", "list", "acme", "--json"))
    assert key["name"] == "gateway"


def test_a_file_that_is_no_backup_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    run("workspace", "create", "acme", "--name", "Acme")
    wrong = tmp_path / "wrong.backup"
    wrong.write_text("no backup")
    ended = CliRunner().invoke(commands, ["restore", str(wrong), "--confirm"])
    assert "pg_restore failed" in str(ended.exception)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM workspace")).scalar_one() == 1

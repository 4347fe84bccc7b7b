"""`usage import` and `export`, `attribute` and `reprice` from the command line, on a database."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from sqlalchemy import text

from integration.cli import commands
from integration.foundation.errors import NotFound
from integration.journeys.check_totals import keep_totals
from integration.ledger.entry import LedgerEntry
from integration.metering.check_total import CheckTotal
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.journeys.ledger_recount import totals

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine

    from integration.foundation.database import Transactions

AT = datetime.now(UTC) - timedelta(days=1)
PLAIN = 3_500_000  # gpt-4o: 1,000 in at 2,500 and 100 out at 10,000 nano-USD.


@pytest.fixture
def run(
    engine: Engine, transactions: Transactions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Any:
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("STORYMETER_DATA_DIR", str(tmp_path / "data"))
    with transactions.begin() as session:
        workspaces.create(session, Workspace("acme", "Acme"), AT)

    def run(*arguments: str) -> Any:
        done = CliRunner().invoke(commands, [*arguments, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    return run


def write(file: Path, rows: int) -> str:
    row = {
        "request_model": "gpt-4o", "occurred_at": AT.isoformat(), "input_tokens": 1000,
        "output_tokens": 100, "team": "assist",
    }  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for _ in range(rows)) + "{broken\n")
    return str(file)


def test_a_file_is_imported_once_goes_on_where_it_grew_and_may_be_read_again(
    run: Any, transactions: Transactions, tmp_path: Path
) -> None:
    file = write(tmp_path / "calls.ndjson", 30)
    first = run("usage", "import", file)
    assert (first["accepted"], first["rejected"]) == (30, 1)
    assert run("usage", "import", file)["skipped_lines"] == 31
    again = run("usage", "import", file, "--again")
    assert (again["accepted"], again["duplicate"]) == (0, 30)
    assert totals(transactions, "calls", "list_cost_nanousd") == (30, 30 * PLAIN)


def test_a_file_that_grows_and_is_zipped_counts_each_row_once(
    run: Any, transactions: Transactions, tmp_path: Path
) -> None:
    file = tmp_path / "calls.ndjson"
    row = {"request_model": "gpt-4o", "occurred_at": AT.isoformat(), "input_tokens": 1000}
    line = json.dumps(row) + "\n"
    file.write_text(line * 3)
    assert run("usage", "import", str(file))["accepted"] == 3
    file.write_text(line * 5)
    grown = run("usage", "import", str(file))
    assert (grown["accepted"], grown["skipped_lines"]) == (2, 3)
    zipped = tmp_path / "calls.ndjson.gz"
    zipped.write_bytes(gzip.compress(file.read_bytes()))
    assert run("usage", "import", str(zipped))["accepted"] == 5  # Another file, other calls.
    assert totals(transactions, "calls") == (10,)


def test_the_book_goes_to_parquet_with_its_types_and_nulls(
    run: Any, transactions: Transactions, tmp_path: Path
) -> None:
    events = tmp_path / "calls.parquet"
    columns = {
        "request_model": ["gpt-4o", "acme-voice-1"], "input_tokens": [1000, 10],
        "output_tokens": [100, 1], "occurred_at": [AT, AT], "story_key": [None, "SHOP-1"],
    }  # fmt: skip
    pq.write_table(pa.table(columns), events)
    assert run("usage", "import", str(events))["accepted"] == 2
    assert run("usage", "import", str(events))["skipped_lines"] == 2
    book = tmp_path / "book.parquet"
    day = AT.date().isoformat()
    done = CliRunner().invoke(commands, ["usage", "export", str(book), "--from", day])
    assert done.exit_code == 0, done.output
    table = pq.read_table(book)
    assert table.column_names == list(LedgerEntry._fields)
    rows = sorted(table.to_pylist(), key=lambda row: str(row["model"]))
    assert [row["list_cost_nanousd"] for row in rows] == [None, PLAIN]
    assert [row["occurred_at"] for row in rows] == [AT, AT]
    assert [row["occurred_on"] for row in rows] == [AT.date()] * 2
    assert [row["reverses"] for row in rows] == [None, None]


def test_what_was_imported_is_moved_repriced_and_exported(
    run: Any, transactions: Transactions, tmp_path: Path
) -> None:
    run("usage", "import", write(tmp_path / "calls.ndjson", 3))
    day = AT.date().isoformat()
    shown = run("attribute", "move", "unattributed", "SHOP-1", "--from", day)
    assert (shown["applied"], shown["entries"]) == (False, 3)
    run("attribute", "move", "unattributed", "SHOP-1", "--from", day, "--apply", "--reason", "x")
    assert run("reprice", "--from", day)["entries"] == 0
    out = tmp_path / "book.ndjson"
    done = CliRunner().invoke(commands, ["usage", "export", str(out), "--from", day])
    assert done.exit_code == 0, done.output
    kinds = [json.loads(line)["kind"] for line in out.read_text().splitlines()]
    assert sorted(kinds) == ["reversal"] * 3 + ["usage"] * 6


def test_metrics_that_no_call_accounts_for_make_the_check_fail(
    run: Any, transactions: Transactions
) -> None:
    day = AT.date().isoformat()
    assert run("usage", "check", "--from", day) == []
    total = CheckTotal(
        "codex", "codex.turn.token_usage", "0" * 32, None, AT, Decimal(9), "tokens", "input", False
    )
    keep_totals(transactions, "acme", [total])
    done = CliRunner().invoke(commands, ["usage", "check", "--from", day])
    assert done.exit_code == 1
    assert "codex: told 9 in and 0 out; metered from everybody 0 in and 0 out" in done.output
    assert "MISSING: 9 in and 0 out" in done.output


def test_an_attribution_is_explained_by_the_workspaces_rules(run: Any) -> None:
    done = CliRunner().invoke(
        commands,
        ["attribute", "add-rule", "ci", "--kind", "key", "--pattern", "ci-*", "--story", "SHOP-2"],
    )
    assert done.exit_code == 0, done.output
    event = json.dumps({"request_model": "gpt-4o", "key_alias": "ci-bot"})
    told = run("attribute", "explain", event)
    assert (told["story_key"], told["reason"]) == ("SHOP-2", "rule:ci")
    assert run("attribute", "--explain", event) == told
    (rule,) = run("attribute", "rules")
    assert (rule["rule_id"], rule["kind"], rule["valid_to"]) == ("ci", "key", None)


def test_a_booked_call_tells_how_it_came_to_its_story(
    run: Any, transactions: Transactions, tmp_path: Path
) -> None:
    run("usage", "import", write(tmp_path / "calls.ndjson", 1))
    with transactions.begin() as session:
        name = session.execute(
            text("SELECT attributes->>'event_id' FROM ledger_entry")
        ).scalar_one()
    day = AT.date().isoformat()
    move = ["attribute", "move", "unattributed", "SHOP-1", "--from", day, "--apply"]
    refused = CliRunner().invoke(commands, move)
    assert refused.exit_code == 2
    assert "--reason" in refused.output
    run(*move, "--reason", "agreed in the Review")
    ((first, gone, last),) = run("attribute", "explain", name)["calls"]
    assert (first["story_key"], first["because"]) == ("", "none")
    assert (gone["kind"], gone["because"]) == ("reversal", "usage.moved")
    assert last["story_key"] == "SHOP-1"
    assert last["because"].startswith("by:cli:")
    said = CliRunner().invoke(commands, ["attribute", "explain", last["entry_id"]]).output
    assert "taken back: usage.moved" in said
    assert "told by api: SHOP-1, because: by:cli:" in said
    unknown = CliRunner().invoke(commands, ["attribute", "explain", "never-sent"])
    assert isinstance(unknown.exception, NotFound)

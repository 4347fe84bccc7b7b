"""`storymeter usage import` and `usage export`: whole files, in and out of the book."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from integration.cli.start_up import database
from integration.cli.workspace_choice import chosen, connected
from integration.foundation.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.settings import Settings
    from integration.sources.batch import RejectedItem

FORMATS = ("ndjson", "csv", "codecarbon", "bedrock", "langfuse")
DAY = click.DateTime(["%Y-%m-%d"])
SHOWN_REJECTED = 10
BEGINNING = 64 * 1024


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "kind", type=click.Choice(FORMATS), default="ndjson", show_default=True)
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
@click.option("--again", is_flag=True, help="Read the file from its first line once more.")
@click.option("--json", "as_json", is_flag=True)
def import_file(file: Path, kind: Any, workspace_id: str, again: bool, as_json: bool) -> None:
    """Record the usage in FILE, one row on each line. Interrupted, it goes on where it was.

    The same file again adds nothing: calls are recognised.
    """
    from rich.progress import Progress

    from integration.sources.usage_files import mark_of, parts

    counts: Counter[str] = Counter()
    rejected: list[tuple[int, RejectedItem]] = []
    with database() as settings, connected(settings) as transactions, file.open("rb") as rows:
        with transactions.begin() as session:
            workspace_id = chosen(session, workspace_id)
        mark = mark_of(file.name, rows.read(BEGINNING))
        rows.seek(0)
        place = settings.data_dir / "imports" / f"{workspace_id}-{mark}"
        skip = int(place.read_text()) if place.exists() and not again else 0
        record = _recorder(settings, transactions, workspace_id)
        with Progress(disable=as_json or not sys.stderr.isatty()) as progress:
            bar = progress.add_task("importing", total=file.stat().st_size)
            first = skip
            for part in parts(rows, kind, mark, now=datetime.now(UTC), skip=skip):
                counts += record([event for _, event in part.batch.events])
                counts["rejected"] += len(part.batch.rejected)
                counts["ignored"] += part.batch.ignored
                room = SHOWN_REJECTED - len(rejected)
                rejected += [(first + each.index + 1, each) for each in part.batch.rejected[:room]]
                first = part.lines_done
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(str(part.lines_done))
                progress.update(bar, completed=part.bytes_done)
    _say(counts, rejected, skip, as_json=as_json)


def _recorder(settings: Settings, transactions: Any, workspace_id: str) -> Any:
    from integration.assembly import book_shelf
    from integration.journeys.record_usage import Submission, UsageRecorder

    recorder = UsageRecorder(transactions)
    books = book_shelf(settings, transactions)

    def record(events: list[Any]) -> Counter[str]:
        own = books.for_workspace(workspace_id)
        submission = Submission(workspace_id, events, own, datetime.now(UTC))
        recorder.record([submission])
        return Counter(submission.outcomes)

    return record


def _say(
    counts: Counter[str], rejected: list[tuple[int, RejectedItem]], skip: int, *, as_json: bool
) -> None:
    names = ("accepted", "duplicate", "improved", "rejected", "ignored")
    if as_json:
        told = {name: counts[name] for name in names} | {"skipped_lines": skip}
        click.echo(json.dumps(told))
        return
    if skip:
        click.echo(f"Went on after {skip} rows that an earlier run had read.")
    click.echo(", ".join(f"{counts[name]} {name}" for name in names) + ".")
    for line, each in rejected:
        click.echo(f"  row {line}: {each.code}: {each.message.partition(': ')[2]}", err=True)


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--from", "first", type=DAY, required=True, help="First UTC day.")
@click.option("--to", "last", type=DAY, default=None, help="Last UTC day; today when left out.")
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
def export_file(file: Path, first: datetime, last: datetime | None, workspace_id: str) -> None:
    """Write the ledger's entries of some days to FILE: .parquet, or one JSON object a line."""
    from rich.progress import track

    end = last.date() if last else datetime.now(UTC).date()
    with database() as settings, connected(settings) as transactions:
        with transactions.begin() as session:
            workspace_id = chosen(session, workspace_id)
        rows = _entries(transactions, workspace_id, first.date(), end)
        if file.suffix == ".parquet":
            written = _write_parquet(file, rows)
        else:
            written = 0
            with file.open("w") as lines:
                for row in track(rows, "exporting", disable=not sys.stderr.isatty()):
                    lines.write(json.dumps(row, default=str) + "\n")
                    written += 1
    click.echo(f"{written} entries written to {file}.")


def _entries(
    transactions: Any, workspace_id: str, first: date, last: date
) -> Iterator[dict[str, Any]]:
    from integration.ledger.queries import days_between
    from integration.ledger.store import entries_of_day

    with transactions.begin() as session:
        days = days_between(session, workspace_id, first, last)
    for day in days:
        with transactions.begin() as session:
            for entry in entries_of_day(session, workspace_id, day):
                yield entry._asdict()


def _write_parquet(file: Path, rows: Iterator[dict[str, Any]]) -> int:
    from itertools import islice

    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as missing:
        raise InvalidInput(
            "Parquet needs pyarrow: install storymeter[parquet], or export to .ndjson"
        ) from missing
    written, writer = 0, None
    while part := list(islice(rows, 50_000)):
        texts = [{name: _plain(cell) for name, cell in row.items()} for row in part]
        table = pa.Table.from_pylist(texts, schema=writer.schema if writer else None)
        writer = writer or pq.ParquetWriter(file, table.schema)
        writer.write_table(table)
        written += len(part)
    if writer is not None:
        writer.close()
    return written


def _plain(cell: object) -> object:
    return cell if cell is None or isinstance(cell, (int, str, date)) else str(cell)

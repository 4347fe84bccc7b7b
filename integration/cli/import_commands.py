"""`storymeter usage import` and `usage export`: whole files, in and out of the book."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from integration.cli.start_up import database
from integration.cli.workspace_choice import chosen, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.ledger.entry import LedgerEntry
    from integration.settings import Settings
    from integration.sources.batch import RejectedItem

DAY = click.DateTime(["%Y-%m-%d"])
SHOWN_REJECTED = 10
FORMATS = ("ndjson", "csv", "parquet", "codecarbon", "bedrock", "langfuse")
BY_NAME = "By the file's ending when left out: csv, parquet, else ndjson."


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--format", "kind", type=click.Choice(FORMATS), help=BY_NAME)
@click.option("--workspace", "workspace_id", default="", help="Needed where there are several.")
@click.option("--again", is_flag=True, help="Read the file from its first line once more.")
@click.option("--json", "as_json", is_flag=True)
def import_file(file: Path, kind: Any, workspace_id: str, again: bool, as_json: bool) -> None:
    """Record the usage in FILE: one row on each line, or Parquet; either may be gzipped (.gz).

    Interrupted, it goes on where it was. The same file again adds nothing: calls are recognised.
    """
    from rich.progress import Progress

    from integration.sources.usage_files import format_of, mark_of, parts

    counts: Counter[str] = Counter()
    rejected: list[tuple[int, RejectedItem]] = []
    kind = kind or format_of(file.name)
    with (
        database() as settings, connected(settings) as transactions, file.open("rb") as raw,
        _opened(file, raw) as rows,
    ):  # fmt: skip
        with transactions.begin() as session:
            workspace_id = chosen(session, workspace_id)
        mark = mark_of(file.name, rows, kind)
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
                progress.update(bar, completed=raw.tell())
    _say(counts, rejected, skip, as_json=as_json)


def _opened(file: Path, raw: BinaryIO) -> BinaryIO:
    """The file as it was before it was zipped."""
    import gzip

    return cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if file.suffix == ".gz" else raw


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

    from integration.cli.entry_files import write_lines, write_parquet

    end = last.date() if last else datetime.now(UTC).date()
    with database() as settings, connected(settings) as transactions:
        with transactions.begin() as session:
            workspace_id = chosen(session, workspace_id)
        entries = _entries(transactions, workspace_id, first.date(), end)
        shown = track(entries, "exporting", disable=not sys.stderr.isatty())
        write = write_parquet if file.suffix == ".parquet" else write_lines
        written = write(file, shown)
    click.echo(f"{written} entries written to {file}.")


def _entries(
    transactions: Any, workspace_id: str, first: date, last: date
) -> Iterator[LedgerEntry]:
    from integration.ledger.queries import days_between
    from integration.ledger.store import entries_of_day

    with transactions.begin() as session:
        days = days_between(session, workspace_id, first, last)
    for day in days:
        with transactions.begin() as session:
            yield from entries_of_day(session, workspace_id, day)

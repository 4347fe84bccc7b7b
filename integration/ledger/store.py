"""Writes of the ledger room. Callers own the transaction; reads are in `queries.py`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from integration.foundation.packed_arrays import bigints, dates, uuids
from integration.foundation.round_trip import Statement, ask, driver_of
from integration.foundation.row_wall import is_bound
from integration.ledger.blocks import blocks_of
from integration.ledger.copy_rows import COLUMNS, copy_rows
from integration.ledger.entry import LedgerEntry, first_of, last_possible
from integration.ledger.roll_up_store import adding_up

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from integration.ledger.blocks import Block

_COPY = f"COPY ledger_entry ({', '.join(COLUMNS)}) FROM STDIN (FORMAT binary)"
_INSERT = (
    f"INSERT INTO ledger_entry (workspace_id, recorded_at, {', '.join(LedgerEntry._fields)}) "  # noqa: S608
    f"VALUES (%s, %s, {', '.join(['%s'] * len(LedgerEntry._fields))})"
)


def write(
    session: Session, workspace_id: str, entries: Sequence[LedgerEntry], recorded_at: datetime
) -> None:
    """Add entries to the book and to both roll-ups.

    Raises:
        IntegrityError: an entry to be reversed was reversed by someone else meanwhile; or the book
            has no partition of an entry's day.
    """
    if entries:
        blocks = blocks_of(entries)
        copy_in(session, workspace_id, blocks, recorded_at)
        for statement in adding_up(workspace_id, blocks, recorded_at):
            ask(session, statement)


def copy_in(
    session: Session, workspace_id: str, blocks: Sequence[Block], recorded_at: datetime
) -> None:
    """Add entries to the book alone; `adding_up` has to follow. Raises as `write` does.

    PostgreSQL copies nothing into a table for whom row-level security binds: there, row by row.
    """
    if is_bound(session):
        entries = [entry for block in blocks for entry in block.entries()]
        values = [(workspace_id, recorded_at, *entry) for entry in entries]
        with driver_of(session) as driver, driver.cursor() as cursor:
            cursor.executemany(_INSERT, values)
        return
    rows = copy_rows(workspace_id, recorded_at, blocks)
    with driver_of(session) as driver, driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(rows)


class Mark(NamedTuple):
    """One identity of one call, in 16 bytes, and the first entry about that call.

    `digest` stands for everything the record said; see `metering.identity.content_digest`.
    """

    identity: bytes
    entry_id: UUID
    occurred_on: date
    digest: int


_REMEMBER = """
SELECT uuid_send(known) FROM keep_marks(
    %(workspace_id)s::text, %(identity)s::uuid[], %(entry_id)s::uuid[], %(occurred_on)s::date[],
    %(digest)s::bigint[], %(all_new_probably)s::boolean) AS known
"""


def remembering(
    workspace_id: str, marks: Mapping[bytes, tuple[bytes, date, int]], *, all_new_probably: bool
) -> Statement[list[bytes]]:
    """Keep the marks that are new, with first entry, day and digest; tell those known before.

    Marks and entry ids are given as their 16 bytes. Where all are new it costs a third less to have
    expected so, and more otherwise. A mark that another transaction is adding right now is waited
    for, so that of two observers reporting at once exactly one is first. All take them in one
    order: nobody waits in a circle.
    """
    ordered = sorted(marks)
    entry_ids, days, digests = zip(*[marks[mark] for mark in ordered], strict=True)
    return Statement(
        _REMEMBER,
        {
            "workspace_id": workspace_id,
            "identity": uuids(ordered),
            "entry_id": uuids(entry_ids),
            "occurred_on": dates(days),
            "digest": bigints(digests),
            "all_new_probably": all_new_probably,
        },
        lambda rows: [row[0] for row in rows],
    )


def recognise(
    session: Session, workspace_id: str, identities: Collection[bytes]
) -> dict[bytes, Mark]:
    """Look known marks up."""
    rows = session.connection().exec_driver_sql(
        "SELECT uuid_send(identity), entry_id, occurred_on, digest "
        "FROM call_identity WHERE workspace_id = %s AND identity = ANY(%s::uuid[])",
        (workspace_id, uuids(list(identities))),
    )
    return {row[0]: Mark(*row) for row in rows}


def point_to(session: Session, workspace_id: str, marks: Mapping[bytes, tuple[UUID, date]]) -> None:
    """Let marks stand for these calls from now on, each known by its first entry."""
    if not marks:
        return
    ordered = sorted(marks.items())
    session.connection().exec_driver_sql(
        "UPDATE call_identity AS known "
        "SET entry_id = sent.entry_id, occurred_on = sent.occurred_on "
        "FROM unnest(%(identity)s::uuid[], %(entry_id)s::uuid[], %(occurred_on)s::date[]) "
        "AS sent(identity, entry_id, occurred_on) "
        "WHERE known.workspace_id = %(workspace_id)s AND known.identity = sent.identity",
        {
            "workspace_id": workspace_id,
            "identity": uuids([identity for identity, _ in ordered]),
            "entry_id": uuids([first.bytes for _, (first, _) in ordered]),
            "occurred_on": dates([day for _, (_, day) in ordered]),
        },
    )


def lock_calls(session: Session, workspace_id: str, calls: Iterable[tuple[UUID, date]]) -> None:
    """Let nobody else correct these calls until the transaction ends; each by its first entry."""
    ordered = sorted(set(calls))
    if not ordered:
        return
    session.connection().exec_driver_sql(
        "SELECT 1 FROM ledger_entry WHERE workspace_id = %s AND entry_id = ANY(%s::uuid[]) "
        "AND occurred_on = ANY(%s::date[]) ORDER BY entry_id FOR UPDATE",
        (
            workspace_id,
            uuids([first.bytes for first, _ in ordered]),
            dates(sorted({day for _, day in ordered})),
        ),
    ).all()


_COLUMNS = f"{', '.join(LedgerEntry._fields[:-1])}, attributes::text"
_HISTORIES = f"""
SELECT line.* FROM unnest(%(first)s::uuid[], %(last)s::uuid[], %(day)s::date[])
    AS call(first, last, day),
    LATERAL (
        SELECT {_COLUMNS} FROM ledger_entry
        WHERE workspace_id = %(workspace_id)s AND occurred_on = day
            AND entry_id BETWEEN first AND last AND occurred_on = ANY(%(day)s::date[])
        OFFSET 0) AS line
ORDER BY entry_id
"""  # noqa: S608
"""OFFSET 0 has each call looked up in the key. As a join, PostgreSQL compared it with all entries
of its day: a hundred calls took seconds once a day had many."""


def histories(
    session: Session, workspace_id: str, calls: Iterable[tuple[UUID, date]]
) -> dict[UUID, list[LedgerEntry]]:
    """Everything the book says about these calls, in order; nothing where retention dropped it.

    Calls are named, and returned, by their first entry.
    """
    ordered = sorted(set(calls))
    found: dict[UUID, list[LedgerEntry]] = {first: [] for first, _ in ordered}
    if not ordered:
        return found
    rows = session.connection().exec_driver_sql(
        _HISTORIES,
        {
            "workspace_id": workspace_id,
            "first": uuids([first.bytes for first, _ in ordered]),
            "last": uuids([last_possible(first).bytes for first, _ in ordered]),
            "day": dates([day for _, day in ordered]),
        },
    )
    for row in rows:
        found[first_of(row[0])].append(LedgerEntry(*row))
    return found


def entries_of_day(session: Session, workspace_id: str, day: date) -> Iterator[LedgerEntry]:
    """Every entry of a day, reversals included, in order of their ids."""
    rows = session.connection(execution_options={"yield_per": 1000}).exec_driver_sql(
        f"SELECT {_COLUMNS} FROM ledger_entry "  # noqa: S608
        "WHERE workspace_id = %s AND occurred_on = %s ORDER BY entry_id",
        (workspace_id, day),
    )
    for row in rows:
        yield LedgerEntry(*row)


class Contradiction(NamedTuple):
    """A record that contradicts the one that counts for its call, which its first entry names."""

    first: UUID
    occurred_on: date
    digest: int
    record: str
    """JSON."""


def keep_conflicts(
    session: Session, workspace_id: str, conflicts: Iterable[Contradiction], now: datetime
) -> None:
    """Keep records that contradict those that count; the same one once.

    In one statement: a batch that is sent again with other counts contradicts all its calls.
    """
    firsts, days, digests, records = zip(*sorted(set(conflicts)), strict=True)
    session.connection().exec_driver_sql(
        "INSERT INTO usage_conflict "
        "(workspace_id, entry_id, occurred_on, digest, seen_at, record) "
        "SELECT %(workspace_id)s::text, entry_id, occurred_on, digest, %(now)s, record::jsonb "
        "FROM unnest(%(first)s::uuid[], %(day)s::date[], %(digest)s::bigint[], "
        "%(record)s::text[]) AS sent(entry_id, occurred_on, digest, record) "
        "ON CONFLICT DO NOTHING",
        {
            "workspace_id": workspace_id, "now": now, "digest": bigints(digests),
            "first": uuids([first.bytes for first in firsts]), "day": dates(days),
            "record": list(records),
        },
    )  # fmt: skip


def missing_days(session: Session, days: Iterable[date]) -> list[date]:
    """Return those of these days for which the book has no partition yet."""
    wanted = sorted(set(days))
    rows = session.connection().exec_driver_sql(
        "SELECT to_regclass('ledger_entry_' || to_char(day, 'YYYYMMDD')) IS NULL "
        "FROM unnest(%s::date[]) WITH ORDINALITY AS wanted(day, place) ORDER BY place",
        (wanted,),
    )
    return [day for day, (is_missing,) in zip(wanted, rows, strict=True) if is_missing]


def make_partitions(session: Session, days: Iterable[date]) -> None:
    """Make the book's partitions of these days, where they are missing.

    Takes a heavy lock on the book for a moment: a transaction of its own, made ahead by the worker.
    """
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext('ledger_entry partitions'))"))
    for day in sorted(set(days)):
        session.execute(
            text(
                f"CREATE TABLE IF NOT EXISTS ledger_entry_{day:%Y%m%d} "
                "PARTITION OF ledger_entry "
                f"FOR VALUES FROM ('{day}') TO ('{day + timedelta(days=1)}')"
            )
        )

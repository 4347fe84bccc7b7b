"""All that may be wrong in the database and with the workers: looked at, not mended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from integration.caps import recount_queries
from integration.foundation.clock import SystemClock
from integration.foundation.findings import Finding
from integration.foundation.migration import is_current
from integration.foundation.row_wall import ROLE, across, stands
from integration.foundation.wording import environment
from integration.ledger import store as ledger
from integration.ledger.entry import day_of
from integration.mailbox import queries as mailbox
from integration.reconciliation import queries as reconciliation
from integration.turns import store as turns
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from integration.jobs.house import House

WORKER_SILENT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(minutes=15)
OLDEST_SERVER = 14
CLOCKS_APART = timedelta(seconds=30)
LONGEST_TRANSACTION = timedelta(minutes=1)
"""Until the oldest transaction ends, PostgreSQL keeps every older version of rows that are changed
many times a second, and each change of a roll-up or a cap walks through them."""


def diagnose_database(house: House, longest: timedelta = LONGEST_TRANSACTION) -> list[Finding]:
    """Look at server, schema, partitions, workers, queues, caps and recounts.

    A transaction that is open for more than `longest` is no longer well.
    """
    engine: Engine = house.transactions.kw["bind"]
    try:
        is_newest = is_current(engine)
    except OperationalError as away:
        said = str(away.orig).strip().splitlines()[0]
        return [_finding("connection", is_well=False, message=said)]
    with across(house.transactions).begin() as session:
        found = [*_server(session), _transaction(session, longest)]
        found.append(_finding("schema", is_well=is_newest))
        is_walled = stands(session.connection())
        found.append(_finding("wall", is_well=is_walled, role=ROLE, user=engine.url.username))
        if is_newest:
            found += [*_work(session, house.clock.now()), *_books(session, house.clock.now())]
    return found


def _server(session: Session) -> Iterator[Finding]:
    version, size, now = session.execute(
        text(
            "SELECT current_setting('server_version_num')::int / 10000, "
            "pg_size_pretty(pg_database_size(current_database())), clock_timestamp()"
        )
    ).one()
    yield _finding("server", is_well=version >= OLDEST_SERVER, version=version, size=size)
    # Not by the house's clock, which the demo moves: this is about the two machines.
    apart = abs(now - SystemClock().now())
    yield _finding("clock", is_well=apart <= CLOCKS_APART, seconds=round(apart.total_seconds()))


def _transaction(session: Session, longest: timedelta) -> Finding:
    oldest = session.execute(
        text(
            "SELECT coalesce(max(clock_timestamp() - xact_start), '0') FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL)"
        )
    ).scalar_one()
    minutes = round(oldest / timedelta(minutes=1))
    return _finding("transaction", is_well=oldest <= longest, minutes=minutes)


def _work(session: Session, now: datetime) -> Iterator[Finding]:
    tick = turns.newest_tick(session)
    is_working = tick is not None and now - tick <= WORKER_SILENT
    yield _finding("worker", is_well=is_working, tick=tick)
    waited = mailbox.longest_overdue(session, now)
    minutes = round(waited.total_seconds() / 60)
    yield _finding("outbox", is_well=waited <= LONGEST_WAIT, minutes=minutes)
    for workspace_id in workspaces.all_ids(session):
        counts = mailbox.inbox_counts(session, workspace_id)
        failed = counts.get("failed", 0)
        if failed:
            yield _finding("inbox", is_well=False, workspace_id=workspace_id, failed=failed)


def _books(session: Session, now: datetime) -> Iterator[Finding]:
    today = day_of(now)
    missing = ledger.missing_days(session, [today, today + timedelta(days=1)])
    yield _finding("partitions", is_well=not missing, missing=missing)
    drifts = [(drift.workspace_id, drift.cap_id) for drift in recount_queries.drifts(session)]
    yield _finding("caps", is_well=not drifts, drifts=drifts)
    wrong = [
        (workspace_id, *each)
        for workspace_id in workspaces.all_ids(session)
        for each in reconciliation.disagreeing(session, workspace_id)
    ]
    yield _finding("recounts", is_well=not wrong, wrong=wrong)


def _finding(kind: str, *, is_well: bool, **values: object) -> Finding:
    template = environment("cli").get_template("database_finding.txt.j2")
    words = template.render(kind=kind, is_well=is_well, **values)
    return Finding(kind, is_well, " ".join(words.split()), kind)

"""Closing a Sprint and showing it, with 10⁵ and with 10⁷ metered calls behind 2,000 stories.

    python -m benchmarks.pages [--events 100000 10000000] [--stories 2000]

Both worlds are made in SQL by `generate_series`: the same stories, estimates and roll-ups, and so
many ledger entries. Measured are the Sprint page and the closing itself, each the median of several
(server time), on a database at rest. The recount of the entries, which grows with their number,
runs after the closing in `jobs/audit_reports.py`; its time is printed beside.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from integration.app import app_with, tune
from integration.assembly import default_books
from integration.backlog import store as backlog
from integration.backlog.story import Membership, Sprint, Story
from integration.foundation.clock import FixedClock
from integration.foundation.database import connect, transactions_on
from integration.foundation.embedded_database import running
from integration.foundation.migration import upgrade
from integration.foundation.secrets import SecretBox
from integration.journeys.audit_report import audit_report
from integration.journeys.book_shelf import BookShelf
from integration.journeys.close_sprint import close_sprint
from integration.journeys.keep_backlog import take_in_story
from integration.ledger import store as ledger
from integration.ledger.entry import AMOUNTS
from integration.web.service import Service
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Team, Workspace

if TYPE_CHECKING:
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
END = START + timedelta(days=11)
DAYS = [(START + timedelta(days=passed)).date() for passed in range(11)]
MODELS = ("gpt-4o", "gpt-4o-mini", "gpt-4.1")
WORKSPACE, SPRINT = "acme", 14
HEADINGS = ["Workload", "Model", "Calls per Sprint", "Input tokens", "Output tokens", "Region"]
PAGE_REQUESTS = 7
CLOSINGS = 3


def main() -> None:
    """Measure both worlds and print the last line for machines."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--events", type=int, nargs=2, default=[100_000, 10_000_000])
    asked.add_argument("--stories", type=int, default=2000)
    options = asked.parse_args()
    page_ms, close_s = [], []
    for events in options.events:
        page, close, audit = measured(events, options.stories)
        print(
            f"{events:>11,} events: page {page:.0f} ms, close {close:.2f} s, recount {audit:.1f} s"
        )
        page_ms.append(round(page, 1))
        close_s.append(round(close, 3))
    print(
        json.dumps(
            {
                "sprint_page_ms_1e5": page_ms[0], "sprint_page_ms_1e7": page_ms[1],
                "close_s_1e5": close_s[0], "close_s_1e7": close_s[1],
            }
        )
    )  # fmt: skip


def measured(events: int, stories: int) -> tuple[float, float, float]:
    """Return page milliseconds, closing seconds and recount seconds of one world."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), database="pages") as url:
        engine = connect(url)
        upgrade(engine)
        transactions = transactions_on(engine)
        clock = FixedClock(END - timedelta(hours=3))
        service = Service(
            engine=engine, transactions=transactions,
            books=BookShelf(transactions, default_books()),
            box=SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="), clock=clock,
            public_url="http://localhost", max_body_bytes=10**6,
        )  # fmt: skip
        furnish(service, stories)
        meter(transactions, events, stories)
        page = page_time(service)
        close_in_jira(transactions)
        books = service.books.for_workspace(WORKSPACE)
        close = statistics.median(close_time(transactions, books) for _ in range(CLOSINGS))
        began = time.perf_counter()
        agrees = audit_report(transactions, WORKSPACE, SPRINT, 1, books, now=END)
        audit = time.perf_counter() - began
        if not agrees:
            raise SystemExit("The recount does not agree: the benchmark's own data is wrong.")
        engine.dispose()
        return page, close, audit


def furnish(service: Service, stories: int) -> None:
    """Make the workspace, the Sprint and one estimated story; the others are its copies."""
    with service.transactions.begin() as session:
        workspaces.create(session, Workspace(WORKSPACE, "Acme", "UTC", "us-east-1"), START)
        workspaces.save_team(session, Team(WORKSPACE, "assist", "Acme Assist", 7, "C0"))
        backlog.save_sprint(
            session, WORKSPACE, Sprint(SPRINT, 7, "Acme Sprint 14", "active", "", START, END)
        )
    take_in_story(
        service.transactions, WORKSPACE, _story(), service.books.for_workspace(WORKSPACE),
        rows=[HEADINGS, ["Chat", "gpt-4o", "500", "1200", "300", "us-east-1"]], has_section=True,
        now=START - timedelta(days=1),
    )  # fmt: skip
    copies = {
        "story": {"issue_id": "(10000 + n)::text", "story_key": "'SHOP-' || n"},
        "sprint_membership": {"story_key": "'SHOP-' || n"},
        "estimate": {"story_key": "'SHOP-' || n"},
    }
    with service.transactions.begin() as session:
        for table, changed in copies.items():
            columns = session.scalars(
                text(
                    "SELECT column_name FROM information_schema.columns WHERE table_name = :t "
                    "AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY ordinal_position"
                ),
                {"t": table},
            ).all()
            values = ", ".join(changed.get(name, f"one.{name}") for name in columns)
            session.execute(
                text(
                    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} "
                    f"FROM {table} one, generate_series(2, {stories}) n "
                    "WHERE one.story_key = 'SHOP-1'"
                )
            )


def _story() -> Story:
    return Story(
        "10001", "SHOP-1", "SHOP", "Answer questions", "Story", "Done", "done", START, START,
        labels=("ai",), memberships=(Membership(SPRINT, START),),
    )  # fmt: skip


def meter(transactions: Transactions, events: int, stories: int) -> None:
    """Write the entries day by day, then both roll-ups as sums of them."""
    with transactions.begin() as session:
        ledger.make_partitions(session, DAYS)
    models = ", ".join(f"'{model}'" for model in MODELS)
    for place, day in enumerate(DAYS):
        here = events // len(DAYS) + (place < events % len(DAYS))
        with transactions.begin() as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(
                text(
                    f"""INSERT INTO ledger_entry ({_ENTRY_COLUMNS})
                    SELECT '{WORKSPACE}', gen_random_uuid(), DATE '{day}',
                      TIMESTAMPTZ '{day} 09:00+00' + (n % 28800)::int * interval '1 second',
                      TIMESTAMPTZ '{day} 20:00+00', 'usage', 'api', 'ok', 'openai',
                      (ARRAY[{models}])[1 + n % {len(MODELS)}], 'us-east-1',
                      'SHOP-' || (1 + (n * 7919) % {stories}), 'key', {SPRINT}, 'Acme Assist', '',
                      '', 1, 1200, 400, 0, 300, 0, 0, 5500000, 5500000, 300, 90, 120, 200, NULL,
                      0, 0, 0, 1, '', '{{}}'
                    FROM generate_series(1::bigint, {here}) n"""
                )
            )
    sums = ", ".join(f"coalesce(sum({name}), 0)" for name in AMOUNTS)
    for table, keys in (
        ("day_spend", "occurred_on, story_key, provider_name, model, sprint_id"),
        ("sprint_spend", "sprint_id, story_key, provider_name, model"),
    ):
        columns = keys.replace("occurred_on", "day")
        with transactions.begin() as session:
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(
                text(
                    f"INSERT INTO {table} (workspace_id, {columns}, slot, {', '.join(AMOUNTS)}) "
                    f"SELECT '{WORKSPACE}', {keys}, 0, {sums} FROM ledger_entry GROUP BY {keys}"
                )
            )
    settle(transactions)


def settle(transactions: Transactions) -> None:
    """Bring the database to rest: what the loading left to do is none of what is measured."""
    with transactions.kw["bind"].connect() as connection:
        at_once = connection.execution_options(isolation_level="AUTOCOMMIT")
        for statement in ("SET statement_timeout = 0", "VACUUM (ANALYZE)", "CHECKPOINT"):
            at_once.execute(text(statement))


_ENTRY_COLUMNS = (
    "workspace_id, entry_id, occurred_on, occurred_at, recorded_at, kind, source, outcome, "
    "provider_name, model, region, story_key, attribution, sprint_id, team, feature, "
    "authorization_id, calls, input_tokens, cache_read_input_tokens, cache_write_input_tokens, "
    "output_tokens, reasoning_output_tokens, accelerator_seconds, list_cost_nanousd, "
    "contracted_cost_nanousd, energy_uwh, location_low_ugco2e, location_central_ugco2e, "
    "location_high_ugco2e, market_ugco2e, unpriced_calls, calls_without_factor, avoided_calls, "
    "books_version, unpriced_reason, attributes"
)


def page_time(service: Service) -> float:
    """Ask the web app for the Sprint page; return the median milliseconds after a first one."""
    tune()
    client = app_with(service).test_client()
    times = []
    for _ in range(PAGE_REQUESTS + 1):
        began = time.perf_counter()
        answer = client.get(f"/{WORKSPACE}/sprints/{SPRINT}")
        times.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"The Sprint page answered {answer.status_code}.")
    return statistics.median(times[1:])


def close_time(transactions: Transactions, books: Books) -> float:
    """Close the Sprint as if for the first time; return the seconds."""
    with transactions.begin() as session:
        session.execute(text("DELETE FROM outbox"))
        session.execute(text("ALTER TABLE sprint_reconciliation DISABLE TRIGGER ALL"))
        session.execute(text("DELETE FROM sprint_reconciliation"))
    began = time.perf_counter()
    close_sprint(transactions, WORKSPACE, SPRINT, books, reason="closed", now=END)
    return time.perf_counter() - began


def close_in_jira(transactions: Transactions) -> None:
    """Take in that the Sprint is complete."""
    sprint = Sprint(SPRINT, 7, "Acme Sprint 14", "closed", "", START, END, END)
    with transactions.begin() as session:
        backlog.save_sprint(session, WORKSPACE, sprint)


if __name__ == "__main__":
    main()

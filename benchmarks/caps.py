"""How many calls a cap decides in a second, and that it never grants more than its limit.

64 clients on one hot cap, in this run: the journey (no HTTP) in 1, 2 and 8 processes, beside one
atomic UPDATE per call and SELECT … FOR UPDATE, both bare psycopg with prepared statements writing
the same rows; then over HTTP with two gunicorn workers, beside the same door with an atomic UPDATE.
The machine's cores are shared by clients, deciders and PostgreSQL: read the ratios.

    python -m benchmarks.caps [--seconds 2]
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from multiprocessing import get_context
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import text

from integration.app import THREAD_SWITCH_S
from integration.assembly import default_books
from integration.backlog.story import Membership, Sprint, Story
from integration.caps.policy import Amounts, Cap, Denied, Granted
from integration.caps.request import AuthorizationRequest
from integration.foundation.clock import SystemClock
from integration.foundation.database import connect, transactions_on
from integration.foundation.embedded_database import running
from integration.journeys.authorize_call import Answer
from integration.journeys.authorize_together import Authorizer
from integration.journeys.book_shelf import BookShelf
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

CLIENTS = 64
KEYS = 16
TOKENS = 100
COST = 1_000_000
"""Nano-USD of a call: 100 output tokens of gpt-4o at $10 per million."""
STORIES = 100
SMALL = STORIES + 1
"""The story under the small cap."""
FITTING = 500
"""How many calls fit under the small cap that every design is run against to its end."""
START = datetime.now(UTC) - timedelta(days=1)


@dataclass(frozen=True)
class Load:
    """Who asks, for how long, and under which caps."""

    url: str
    design: str
    processes: int
    seconds: float
    stories: int = 1
    warm_up: float = 0.5

    @property
    def threads(self) -> int:
        """Clients in each process."""
        return CLIENTS // self.processes


@dataclass(frozen=True)
class Result:
    """What came of a load."""

    grants_per_s: float
    p50_ms: float
    p99_ms: float
    granted: int


def say(line: str) -> None:
    """Tell a person how far the run is."""
    print(line, file=sys.stderr, flush=True)


# The designs: each gives a thread a function that asks for one call and says whether it may go.


def journey(url: str, threads: int) -> Iterator[Callable[[str, int], bool]]:
    """The product: one combiner for all threads of the process, which switch as a web process's."""
    sys.setswitchinterval(THREAD_SWITCH_S)
    engine = connect(url, pool_size=4)
    transactions = transactions_on(engine)
    authorizer = Authorizer(transactions, BookShelf(transactions, default_books()), SystemClock())

    def ask(name: str, story: int) -> bool:
        answer = authorizer.authorize("acme", request(name, story))
        return isinstance(answer.decision, Granted)

    for _ in range(threads):
        yield ask
    authorizer.stop()
    engine.dispose()


ATOMIC = (
    "UPDATE cap SET held = held + %s WHERE workspace_id = 'acme' AND cap_id = %s "
    "AND held + %s <= limit_amount RETURNING held"
)
KEEP = (
    'WITH a AS (INSERT INTO "authorization" (workspace_id, authorization_id, state, request, '
    "created_at, expires_at) VALUES ('acme', %s, 'held', %s::jsonb, now(), now() + interval '5 "
    "minutes')) INSERT INTO hold (workspace_id, authorization_id, cap_id, amount) "
    "VALUES ('acme', %s, %s, %s)"
)


def atomic(url: str, threads: int) -> Iterator[Callable[[str, int], bool]]:
    """One conditional UPDATE and its rows for each call, on a connection of the thread's own."""
    yield from _bare(url, threads, _atomic_call)


def _atomic_call(connection: psycopg.Connection[Any], name: str, cap_id: str) -> bool:
    with connection.transaction():
        if connection.execute(ATOMIC, (COST, cap_id, COST)).fetchone() is None:
            return False
        connection.execute(KEEP, (name, stored(name), name, cap_id, COST))
        return True


def for_update(url: str, threads: int) -> Iterator[Callable[[str, int], bool]]:
    """Lock the row, read it, decide here, write."""
    yield from _bare(url, threads, _for_update_call)


def _for_update_call(connection: psycopg.Connection[Any], name: str, cap_id: str) -> bool:
    with connection.transaction():
        found = connection.execute(
            "SELECT held, limit_amount FROM cap WHERE workspace_id = 'acme' AND cap_id = %s "
            "FOR UPDATE",
            (cap_id,),
        ).fetchone()
        if found is None or found[0] + COST > found[1]:
            return False
        connection.execute(
            "UPDATE cap SET held = held + %s WHERE workspace_id = 'acme' AND cap_id = %s",
            (COST, cap_id),
        )
        connection.execute(KEEP, (name, stored(name), name, cap_id, COST))
        return True


def _bare(
    url: str, threads: int, call: Callable[[psycopg.Connection[Any], str, str], bool]
) -> Iterator[Callable[[str, int], bool]]:
    connections = []
    for _ in range(threads):
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=1)
        connections.append(connection)
        yield lambda name, story, c=connection: call(c, name, cap_of(story))  # type: ignore[misc]
    for connection in connections:
        connection.close()


DESIGNS: dict[str, Callable[[str, int], Iterator[Callable[[str, int], bool]]]] = {
    "journey": journey, "atomic UPDATE": atomic, "SELECT FOR UPDATE": for_update,
}  # fmt: skip


def cap_of(story: int) -> str:
    """The cap that stands over a story: the hot one, or one of the hundred."""
    if story == SMALL:
        return "small"
    return "hot" if story == 0 else f"story-{story}"


def story_of(story: int) -> str:
    """The key of a story."""
    return f"SHOP-{story + 1}"


def request(name: str, story: int) -> AuthorizationRequest:
    """A call of a hundred tokens."""
    return AuthorizationRequest(name, "gpt-4o", 0, TOKENS, "openai", story_of(story))


def stored(name: str) -> str:
    """What the bare designs keep of a call, about as long as the journey's."""
    return json.dumps({"asked": {"authorization_id": name, "model": "gpt-4o"}, "scope": "x" * 300})


# The load.


def clients(load: Load, prefix: str, gate: Any, results: Any) -> None:
    """Ask from this process's threads until the time is up; durations of the grants, in seconds.

    The warm-up's are left out.
    """
    makes = DESIGNS[load.design](load.url, load.threads)
    asks = [next(makes) for _ in range(load.threads)]
    gate.wait()
    starts_at = time.monotonic() + load.warm_up
    ends_at = starts_at + load.seconds

    def client(number: int, ask: Callable[[str, int], bool]) -> list[float]:
        took = []
        count = 0
        while (began := time.monotonic()) < ends_at:
            story = 0 if load.stories == 1 else 1 + (number * 7 + count) % load.stories
            is_granted = ask(f"{prefix}-{number}-{count}", story)
            count += 1
            if is_granted and began >= starts_at:
                took.append(time.monotonic() - began)
        while ask(f"{prefix}-{number}-{count}", SMALL):
            count += 1
        return took

    with ThreadPoolExecutor(load.threads) as pool:
        parts = list(pool.map(client, range(load.threads), asks))
    next(makes, None)
    results.put([each for part in parts for each in part])


def run(load: Load) -> Result:
    """Start the processes, let them ask, and add up."""
    context = get_context("spawn")
    results, gate = context.Queue(), context.Barrier(load.processes)
    prefix = f"{time.time_ns():x}"
    processes = [
        context.Process(target=clients, args=(load, f"{prefix}-{number}", gate, results))
        for number in range(load.processes)
    ]
    for process in processes:
        process.start()
    took = sorted(each for _ in processes for each in results.get(timeout=120))
    for process in processes:
        process.join()
    result = summed(took, load.seconds)
    say(f"  {result.grants_per_s:,.0f} grants/s, p99 {result.p99_ms:.1f} ms")
    return result


def summed(took: list[float], seconds: float) -> Result:
    """Rate and percentiles of grants' durations."""
    if not took:
        return Result(0, 0, 0, 0)
    ordered = sorted(took)
    return Result(
        len(ordered) / seconds,
        1000 * ordered[len(ordered) // 2],
        1000 * ordered[int(len(ordered) * 0.99)],
        len(ordered),
    )


# The stage.


def build(url: str) -> None:
    """A workspace with a Sprint, a hundred and one stories, a hot cap and a cap on each story."""
    from integration.foundation.migration import upgrade
    from integration.journeys.keep_backlog import take_in_sprint, take_in_story

    engine = connect(url)
    upgrade(engine)
    transactions = transactions_on(engine)
    books = default_books()
    now = datetime.now(UTC)
    with transactions.begin() as session:
        workspaces.create(session, Workspace("acme", "Acme", "UTC", "eu-west-1"), START)
    for sprint_id in (14, 15):
        sprint = Sprint(sprint_id, 7, "Sprint", "active", "", START, START + timedelta(days=14))
        take_in_sprint(transactions, "acme", sprint, now=now)
    for number in range(SMALL + 1):
        sprint_id = 15 if number == SMALL else 14
        story = Story(
            str(number + 1000), story_of(number), "SHOP", "Story", "Story",
            "To do", "new", now, START, memberships=(Membership(sprint_id, START),),
        )  # fmt: skip
        take_in_story(transactions, "acme", story, books, rows=None, has_section=False, now=now)
    engine.dispose()


def caps(url: str, limit: int, stories: int = 1) -> None:
    """Set the caps anew and forget all holds. The small one lets FITTING and a half calls in."""
    from integration.journeys.set_cap import set_cap

    engine = connect(url)
    with engine.begin() as connection:
        for table in ('"authorization"', "hold", "cap", "cap_denial", "cap_spend"):
            connection.execute(text(f"TRUNCATE {table}"))
    transactions = transactions_on(engine)
    hot = Cap("acme", "hot", "sprint", "14", "usd", limit)
    wanted = [hot] if stories == 1 else [
        replace(hot, cap_id=cap_of(n), scope_kind="story", scope_value=story_of(n))
        for n in range(1, stories + 1)
    ]  # fmt: skip
    small = replace(hot, cap_id="small", scope_value="15", limit=FITTING * COST + COST // 2)
    for cap in (*wanted, small):
        set_cap(transactions, cap, actor="bench", now=datetime.now(UTC))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def overspend(url: str) -> int:
    """By how much the open holds exceed the limits, recounted; `held` must agree with them."""
    engine = connect(url)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT cap_id, limit_amount, held, (SELECT coalesce(sum(amount), 0) FROM hold h "
                "WHERE h.cap_id = cap.cap_id AND h.is_open) FROM cap"
            )
        ).all()
    engine.dispose()
    assert all(held == recounted for _, _, held, recounted in rows), rows
    # The small cap was asked until it was full: not one call less than fit.
    assert any(cap_id == "small" and held == FITTING * COST for cap_id, _, held, _ in rows), rows
    return int(sum(max(0, recounted - limit) for _, limit, _, recounted in rows))


# Over HTTP: two gunicorn workers with 32 threads each, 64 clients with connections kept alive.


class AtomicAuthorizer:
    """Stands in for the product's authorizer behind the same door: one atomic UPDATE per call."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._of_thread = local()

    def authorize(self, _: str, asked: AuthorizationRequest) -> Answer:
        """Hold the call's cost on the hot cap."""
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = psycopg.connect(self._url, autocommit=True, prepare_threshold=1)
            self._of_thread.connection = connection
        cap_id = "small" if asked.story_key == story_of(SMALL) else "hot"
        is_granted = _atomic_call(connection, asked.authorization_id, cap_id)
        decision: Granted | Denied = (
            Granted({"hot": COST}) if is_granted
            else Denied("hot", "cap_reached", 0, 0, 0, COST, "usd")
        )  # fmt: skip
        state = "held" if is_granted else "denied"
        amounts = Amounts(COST, TOKENS, None)
        return Answer(asked.authorization_id, decision, amounts, state, datetime.now(UTC))

    def stop(self) -> None:
        """Nothing runs here."""


def door(design: str) -> Flask:
    """The web app of the product, or with the atomic UPDATE in the place of its authorizer."""
    from integration.app import app_with
    from integration.foundation.secrets import SecretBox
    from integration.web.service import Service

    url = os.environ["DATABASE_URL"]
    engine = connect(url, pool_size=32)
    transactions = transactions_on(engine)
    service = Service(
        engine=engine, transactions=transactions, books=BookShelf(transactions, default_books()),
        box=SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="), clock=SystemClock(),
        public_url="http://localhost", max_body_bytes=10**6,
    )  # fmt: skip
    if design == "atomic UPDATE":
        object.__setattr__(service, "authorizer", AtomicAuthorizer(url))
    return app_with(service)


@contextmanager
def serving(url: str, design: str) -> Iterator[int]:
    """Run gunicorn on a free port until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", f"benchmarks.caps:door({design!r})", "-k", "gthread",
        "--workers", "2", "--threads", "32", "--bind", f"127.0.0.1:{port}", "--log-level", "error",
    ]  # fmt: skip
    server = subprocess.Popen(command, env=os.environ | {"DATABASE_URL": url})
    try:
        for _ in range(200):
            try:
                connection = HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)


def http_client(target: str, threads: int) -> Iterator[Callable[[str, int], bool]]:
    """Clients with a connection each; `target` is the port and the keys that they share."""
    port, *keys = target.split("/")
    for number in range(threads):
        connection = HTTPConnection("127.0.0.1", int(port), timeout=30)
        key = keys[number % len(keys)]
        yield lambda name, story, c=connection, k=key: _post(c, k, name, story)  # type: ignore[misc]


def _post(connection: HTTPConnection, key: str, name: str, story: int) -> bool:
    body = json.dumps(
        {
            "id": name, "model": "gpt-4o", "provider_name": "openai", "input_tokens": 0,
            "max_output_tokens": TOKENS, "story_key": story_of(story),
        }
    )  # fmt: skip
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/authorizations", body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in {200, 201}:
        message = f"HTTP {answer.status}"
        raise RuntimeError(message)
    return answer.status == 201


DESIGNS["http"] = http_client


def new_keys(url: str) -> str:
    """API keys that may authorize, joined by slashes: one alone may not ask so often."""
    engine = connect(url)
    with transactions_on(engine).begin() as session:
        keys = [
            workspaces.create_key(session, "acme", f"bench {n}", ["authorize"], datetime.now(UTC))
            for n in range(KEYS)
        ]
    engine.dispose()
    return "/".join(keys)


def commit_ms(url: str) -> tuple[float, float]:
    """Median and p99 of committing one row alone: what the disk costs whoever waits for it."""
    took = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS committed (n int)")
        for number in range(300):
            began = time.monotonic()
            connection.execute("INSERT INTO committed VALUES (%s)", (number,))
            took.append(time.monotonic() - began)
        connection.execute("DROP TABLE committed")
    alone = summed(took, 1.0)
    return alone.p50_ms, alone.p99_ms


# The table.


def main() -> None:
    """Run everything and print the table; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds
    rows: dict[tuple[str, str], Result] = {}
    over = 0
    with tempfile.TemporaryDirectory(prefix="caps-") as folder, running(Path(folder)) as url:
        build(url)
        alone = commit_ms(url)
        for processes in (1, 2, 8):
            for design in ("atomic UPDATE", "SELECT FOR UPDATE", "journey"):
                say(f"{design}, {processes} processes")
                caps(url, 10**18)
                load = Load(url, design, processes, seconds)
                rows[design, f"{processes} × {load.threads}"] = run(load)
                over += overspend(url)
        for processes in (1, 2):
            say(f"journey on a hundred caps, {processes} processes")
            caps(url, 10**18, STORIES)
            load = Load(url, "journey", processes, seconds, STORIES)
            rows["journey, 100 caps", f"{processes} × {load.threads}"] = run(load)
            over += overspend(url)
        keys = new_keys(url)
        for design in ("atomic UPDATE", "journey"):
            say(f"{design} over HTTP")
            caps(url, 10**18)
            with serving(url, design) as port:
                load = Load(f"{port}/{keys}", "http", 2, seconds)
                rows[f"HTTP: {design}", "2 × 32"] = run(load)
            over += overspend(url)
    report(rows, over, alone)


def report(rows: dict[tuple[str, str], Result], over: int, alone: tuple[float, float]) -> None:
    """Print the table and the line of figures."""
    print(f"one row committed alone: p50 {alone[0]:.2f} ms, p99 {alone[1]:.2f} ms")
    print(f"{'design':<22} {'clients':>8} {'grants/s':>9} {'p50 ms':>8} {'p99 ms':>8}")
    for (design, shape), row in rows.items():
        print(
            f"{design:<22} {shape:>8} {row.grants_per_s:>9,.0f} {row.p50_ms:>8.1f} "
            f"{row.p99_ms:>8.1f}"
        )
    ours, theirs = rows["journey", "2 × 32"], rows["atomic UPDATE", "2 × 32"]
    http, http_atomic = rows["HTTP: journey", "2 × 32"], rows["HTTP: atomic UPDATE", "2 × 32"]
    print(
        json.dumps(
            {
                "atomic_ratio_2p": round(ours.grants_per_s / theirs.grants_per_s, 2),
                "journey_p99_ms": round(ours.p99_ms, 1),
                "http_ratio": round(http.grants_per_s / http_atomic.grants_per_s, 2),
                "http_p99_ms": round(http.p99_ms, 1),
                "overspend_nanousd": over,
            }
        )
    )


if __name__ == "__main__":
    main()

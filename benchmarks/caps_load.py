"""Who asks for calls under caps: the product, and two bare designs that write the same rows."""

from __future__ import annotations

import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

import psycopg

from benchmarks.processes import children, cpu_seconds
from integration.app import THREAD_SWITCH_S
from integration.assembly import default_books
from integration.caps.policy import Granted
from integration.caps.request import AuthorizationRequest
from integration.foundation.clock import SystemClock
from integration.foundation.database import connect, transactions_on
from integration.journeys.authorize_together import Authorizer
from integration.journeys.book_shelf import BookShelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Ask = Callable[[str, int], bool]

ALL_CORES = sorted(os.sched_getaffinity(0))
CLIENTS = 64
TOKENS = 100
COST = 1_000_000
"""Nano-USD of a call: 100 output tokens of gpt-4o at $10 per million."""
STORIES = 100
SMALL = STORIES + 1
"""The story under the small cap."""
FITTING = 500
"""How many calls fit under the small cap that every design is run against to its end."""


@dataclass(frozen=True)
class Load:
    """Who asks, for how long, and under which caps."""

    url: str
    server: int
    """PostgreSQL's process."""
    design: str
    processes: int
    seconds: float
    stories: int = 1
    cores: int | None = None
    """How many cores clients, deciders and PostgreSQL share; all there are when not said."""
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
    python_us: float = 0
    """Processor time of clients and deciders, for each grant; over HTTP without the clients'."""
    database_us: float = 0
    """Processor time of PostgreSQL, for each grant."""


# The designs: each gives a thread a function that asks for one call and says whether it may go.


def journey(url: str, threads: int) -> Iterator[Ask]:
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


def atomic(url: str, threads: int) -> Iterator[Ask]:
    """One conditional UPDATE and its rows for each call, on a connection of the thread's own."""
    yield from _bare(url, threads, atomic_call)


def atomic_call(connection: psycopg.Connection[Any], name: str, cap_id: str) -> bool:
    """Hold a call's cost where it fits; False where it does not."""
    with connection.transaction():
        if connection.execute(ATOMIC, (COST, cap_id, COST)).fetchone() is None:
            return False
        connection.execute(KEEP, (name, stored(name), name, cap_id, COST))
        return True


def for_update(url: str, threads: int) -> Iterator[Ask]:
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
) -> Iterator[Ask]:
    connections = []
    for _ in range(threads):
        connection = psycopg.connect(url, autocommit=True, prepare_threshold=1)
        connections.append(connection)
        yield lambda name, story, c=connection: call(c, name, cap_of(story))  # type: ignore[misc]
    for connection in connections:
        connection.close()


DESIGNS: dict[str, Callable[[str, int], Iterator[Ask]]] = {
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
    """Ask from this process's threads until the time is up, then until the small cap is full.

    Tells the durations of the grants in seconds, without the warm-up's, and the processor time.
    Prices and Sprints are read before the time starts, as a web process reads them before it is
    ready.
    """
    keep_to(load.cores, os.getpid())
    makes = DESIGNS[load.design](load.url, load.threads)
    asks = [next(makes) for _ in range(load.threads)]
    asks[0](f"{prefix}-first", 0 if load.stories == 1 else 1)
    gate.wait()
    starts_at = time.monotonic() + load.warm_up
    ends_at = starts_at + load.seconds

    def client(number: int, ask: Ask) -> list[float]:
        took = []
        count = 0
        while (began := time.monotonic()) < ends_at:
            story = 0 if load.stories == 1 else 1 + (number * 7 + count) % load.stories
            is_granted = ask(f"{prefix}-{number}-{count}", story)
            count += 1
            if is_granted and began >= starts_at:
                took.append(time.monotonic() - began)
        return took

    def fill(number: int, ask: Ask) -> None:
        count = 0
        while ask(f"{prefix}-{number}-small-{count}", SMALL):
            count += 1

    with ThreadPoolExecutor(load.threads) as pool:
        parts = pool.map(client, range(load.threads), asks)
        time.sleep(load.warm_up)
        used = -time.process_time()
        took = [each for part in parts for each in part]
        used += time.process_time()
        list(pool.map(fill, range(load.threads), asks))
    next(makes, None)
    results.put((took, used))


def run(load: Load) -> Result:
    """Start the processes, let them ask, and add up."""
    context = get_context("spawn")
    results, gate = context.Queue(), context.Barrier(load.processes + 1)
    prefix = f"{time.time_ns():x}"
    asking = [
        context.Process(target=clients, args=(load, f"{prefix}-{number}", gate, results))
        for number in range(load.processes)
    ]
    servers = [load.server, *children(load.server)]
    keep_to(load.cores, *servers)  # Those it starts for new connections keep to them as well.
    for process in asking:
        process.start()
    gate.wait(60)
    time.sleep(load.warm_up)
    database_s = -cpu_seconds(load.server)
    time.sleep(load.seconds)
    database_s += cpu_seconds(load.server)
    told = [results.get(timeout=120) for _ in asking]
    for process in asking:
        process.join()
    keep_to(None, *servers)
    took = [each for durations, _ in told for each in durations]
    return summed(took, load.seconds, sum(used for _, used in told), database_s)


def keep_to(cores: int | None, *processes: int) -> None:
    """Let processes run on the first so many of this machine's cores; on all of them for None."""
    for process in processes:
        with suppress(ProcessLookupError):  # A server's child may have ended meanwhile.
            os.sched_setaffinity(process, ALL_CORES[:cores])


def summed(took: list[float], seconds: float, python_s: float = 0, database_s: float = 0) -> Result:
    """Rate and percentiles of grants' durations, and the processor time of each."""
    if not took:
        return Result(0, 0, 0)
    ordered = sorted(took)
    return Result(
        len(ordered) / seconds,
        1000 * ordered[len(ordered) // 2],
        1000 * ordered[int(len(ordered) * 0.99)],
        1e6 * python_s / len(ordered),
        1e6 * database_s / len(ordered),
    )

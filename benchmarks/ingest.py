"""How fast usage comes in over HTTP, beside bare COPY into the same table, in one run.

    python benchmarks/ingest.py [--rounds 3] [--seconds 3]

Everything shares this machine: the load, two web processes and an embedded PostgreSQL with its
default durability. So ratios count; COPY and HTTP take turns, and the medians of the rounds are
compared. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import statistics
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import acme_world, http_load, price_carbon, processes
from integration.foundation.embedded_database import running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

SIZES = (100, 500)
BATCH_CLIENTS = 32
"""As many as both web processes have threads, so that each always finds requests that wait."""
MOST_RENDERED_EVENTS = 300_000
SINGLE_CLIENTS = 64
ONE_BY_ONE = "benchmarks.ingest_one_by_one:app"


@dataclass(frozen=True, slots=True)
class Measured:
    """One way of bringing events in, over all its rounds."""

    name: str
    per_second: list[float]
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    python_us: float = 0.0
    postgres_us: float = 0.0

    @property
    def median(self) -> float:
        """Events per second."""
        return statistics.median(self.per_second)


def main() -> None:
    """Measure everything, print a table, and the figures as one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one measurement")
    chosen = parser.parse_args()
    logging.getLogger("ecologits").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="sm-bench-") as name:
        folder = Path(name)
        with running(folder / "pg") as url:
            engine, key = acme_world.found(url)
            with acme_world.disposed(engine):
                found = measure(url, engine, key, folder, chosen.rounds, chosen.seconds)
    report(found, price_and_carbon())


def measure(
    url: str, engine: Engine, key: str, folder: Path, rounds: int, seconds: float
) -> dict[str, Measured]:
    """Measure batches beside COPY, then single events with and without group commit."""
    found: dict[str, Measured] = {}
    server = processes.postmaster(folder / "pg")
    with processes.web(url, folder=folder) as (port, process):
        warm_up(port, key)
        lines = copied_lines(engine)
        for size in SIZES:
            copies, loads = [], []
            for number in range(rounds):
                say(f"batches of {size}: round {number + 1} of {rounds}")
                copies.append(copied(engine, lines, size, seconds, server))
                loads.append(http(port, key, size, BATCH_CLIENTS, seconds, (process.pid, server)))
            found[f"copy_{size}"] = merged(f"bare COPY, {size} a transaction", copies)
            found[f"http_{size}"] = merged(f"HTTP, {size} a request", loads)
    for name, label, app in (
        ("grouped", "single events, group commit", "integration.app:create_app"),
        ("alone", "single events, one by one", ONE_BY_ONE),
    ):
        with processes.web(url, app=app, threads=40, folder=folder) as (port, process):
            warm_up(port, key)
            say(label)
            pids = (process.pid, server)
            loads = [http(port, key, 1, SINGLE_CLIENTS, seconds, pids) for _ in range(rounds)]
            found[name] = merged(f"{label}, {SINGLE_CLIENTS} clients", loads)
    return found


def warm_up(port: int, key: str) -> None:
    """Let caches fill and connections open."""
    http_load.run(port, prepared(key, 100, 1000), BATCH_CLIENTS, 1.5)


def http(
    port: int, key: str, size: int, clients: int, seconds: float, pids: tuple[int, int]
) -> Measured:
    """Send requests of `size` events for a while."""
    requests = prepared(key, size, int(seconds * (80_000 / size if size > 1 else 5000)))
    before = [processes.cpu_seconds(pid) for pid in pids]
    load = http_load.run(port, requests, clients, seconds)
    after = [processes.cpu_seconds(pid) for pid in pids]
    if load.refused:
        sys.exit(f"requests were refused: {load.refused}")
    sent = len(load.latencies) * size
    web_us, database_us = (
        (end - start) / sent * 1e6 for start, end in zip(before, after, strict=True)
    )
    return Measured(
        "", [sent / load.seconds], load.percentile_ms(50), load.percentile_ms(99),
        web_us, database_us,
    )  # fmt: skip


def prepared(key: str, size: int, at_most: int) -> Iterator[bytes]:
    """Render requests before the clock runs; a load that needs more makes them as it goes."""
    stream = acme_world.bodies(size, random.SystemRandom().getrandbits(40))
    count = min(at_most, MOST_RENDERED_EVENTS // size)
    path = "/v1/usage-events"
    ready = [http_load.request_bytes(path, key, body) for body in islice(stream, count)]

    def more() -> Iterator[bytes]:
        say(f"only {count} requests of {size} were rendered beforehand")
        for body in stream:
            yield http_load.request_bytes(path, key, body)

    return chain(ready, more())


def copied_lines(engine: Engine) -> list[tuple[str, str]]:
    """Take real rows of the ledger as COPY text: what precedes and what follows the entry id."""
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("CREATE TABLE bare_copy (LIKE ledger_entry INCLUDING ALL) "
                       "PARTITION BY RANGE (occurred_on)")  # fmt: skip
        today = datetime.now(UTC).date()
        cursor.execute(
            "CREATE TABLE bare_copy_today PARTITION OF bare_copy "
            f"FOR VALUES FROM ('{today}') TO (MAXVALUE)"
        )
        with cursor.copy(
            "COPY (SELECT * FROM ledger_entry WHERE occurred_on = (now() AT TIME ZONE 'UTC')::date "
            "LIMIT 2000) TO STDOUT"
        ) as copy:
            text = b"".join(bytes(part) for part in copy).decode()
        connection.connection.commit()
    lines = [line.split("\t", 2) for line in text.splitlines(keepends=True)]
    if len(lines) < 100:
        sys.exit("too few rows to copy; is it just past midnight UTC?")
    return [(workspace, rest) for workspace, _, rest in lines]


def copied(
    engine: Engine, lines: list[tuple[str, str]], size: int, seconds: float, server: int
) -> Measured:
    """COPY for a while; the processor time is PostgreSQL's alone."""
    before = processes.cpu_seconds(server)
    rate = bare_copy(engine, lines, size, seconds)
    used = processes.cpu_seconds(server) - before
    return Measured("", [rate], postgres_us=used / (rate * seconds) * 1e6)


def bare_copy(engine: Engine, lines: list[tuple[str, str]], size: int, seconds: float) -> float:
    """COPY transactions of `size` rows over one connection; returns rows per second."""
    chance = random.SystemRandom()
    milliseconds = int(datetime.now(UTC).timestamp() * 1000)
    parts = []
    for _ in range(int(seconds * 100_000 / size)):
        rows: list[str] = []
        for _ in range(size):
            workspace, rest = lines[len(rows) % len(lines)]
            milliseconds += 1
            entry_id = UUID(
                int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | chance.getrandbits(60)
            )
            rows.append(f"{workspace}\t{entry_id}\t{rest}")
        parts.append("".join(rows).encode())
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        cursor = driver.cursor()  # type: ignore[union-attr]  # An open connection has its driver's.
        driver.execute("SET synchronous_commit = on")  # type: ignore[union-attr]
        began, done = perf_counter(), 0
        for part in parts:
            with cursor.copy("COPY bare_copy FROM STDIN") as copy:
                copy.write(part)
            driver.commit()  # type: ignore[union-attr]
            done += size
            if perf_counter() - began > seconds:
                break
        took = perf_counter() - began
        driver.execute("TRUNCATE bare_copy")  # type: ignore[union-attr]
        driver.commit()  # type: ignore[union-attr]
    return done / took


def merged(name: str, rounds: list[Measured]) -> Measured:
    """Put rounds together: medians, and the worst p99."""
    return Measured(
        name,
        [each.median for each in rounds],
        statistics.median(each.p50_ms for each in rounds),
        max(each.p99_ms for each in rounds),
        statistics.median(each.python_us for each in rounds),
        statistics.median(each.postgres_us for each in rounds),
    )


def price_and_carbon() -> dict[str, float]:
    """Time pricing plus carbon of one event beside the libraries' own calls, in microseconds."""
    timed = price_carbon.subjects("gpt-4o-mini")
    return {
        name: statistics.median(price_carbon.microseconds(call, repeats // 4) for _ in range(5))
        for name, (call, repeats) in timed.items()
    }


def report(found: dict[str, Measured], priced: dict[str, float]) -> None:
    """Print the table and the JSON line."""
    print(f"{'':<44}{'events/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'Python µs':>11}{'PG µs':>8}")
    for each in found.values():
        print(
            f"{each.name:<44}{each.median:>10,.0f}{each.p50_ms:>9.1f}{each.p99_ms:>9.1f}"
            f"{each.python_us:>11.1f}{each.postgres_us:>8.1f}"
        )
    figures: dict[str, float] = {
        f"copy_ratio_{size}": round(found[f"http_{size}"].median / found[f"copy_{size}"].median, 3)
        for size in SIZES
    }
    figures["group_commit_ratio"] = round(found["grouped"].median / found["alone"].median, 2)
    figures["single_p99_ms"] = round(found["grouped"].p99_ms, 1)
    for name in ("price_carbon", "genai_prices", "ecologits"):
        figures[f"{name}_us"] = round(priced[name], 3)
    print(json.dumps(figures))


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

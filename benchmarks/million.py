"""A million events, a tenth of them twice, some late, some broken, while the web is killed.

    python benchmarks/million.py [--events 1000000] [--kills 5] [--batch 1000]

The sender knows only what HTTP told it: a batch without an answer is sent again. In the end the
ledger must equal a plain recount of what was sent, to the nano-dollar. The last line is JSON.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import signal
import sys
import tempfile
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Lock
from time import monotonic, perf_counter, sleep
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sqlalchemy import text

from benchmarks import acme_world, processes
from integration.foundation.embedded_database import running
from integration.ledger.entry import AMOUNTS
from integration.pricing.price_book import Priced, default_price_book

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

TWICE, LATE, MALFORMED = 0.10, 0.05, 0.01
GIVE_UP_S = 120.0
SENDERS = 4


@dataclass(slots=True)
class Sent:
    """What was sent, added up by hand: each call once, without the malformed ones."""

    calls: int = 0
    list_cost_nanousd: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    malformed: int = 0
    items: int = 0
    batches: int = 0
    resent_batches: int = 0
    answered: dict[str, int] = field(default_factory=dict)


def generate(
    count: int, chance: random.Random, now: datetime, sent: Sent
) -> Iterator[dict[str, Any]]:
    """Make events and recount them: some come again later, some are late by days, some broken."""
    prices = default_price_book()
    again: list[dict[str, Any]] = []
    for number in range(count):
        provider, model = chance.choice(acme_world.MODELS)
        late = timedelta(days=chance.randint(1, 20)) if chance.random() < LATE else timedelta(0)
        at = now - late - timedelta(seconds=chance.randint(0, 7200))
        given, made = chance.randint(1, 9000), chance.randint(0, 900)
        event = {
            "event_id": f"e{number}", "response_id": f"r{number}", "occurred_at": at.isoformat(),
            "provider_name": provider, "request_model": model, "input_tokens": given,
            "cache_read_input_tokens": given // 3, "output_tokens": made,
            "story_key": f"SHOP-{chance.randint(1, acme_world.STORIES)}",
        }  # fmt: skip
        sent.items += 1
        if chance.random() < MALFORMED:
            sent.malformed += 1
            broken: dict[str, Any] = {"input_tokens": chance.choice([-1, "many", 10**10])}
            yield event | broken
            continue
        priced = prices.list_cost(
            provider, model, at, input_tokens=given, output_tokens=made,
            cache_read_input_tokens=given // 3,
        )  # fmt: skip
        assert isinstance(priced, Priced)
        sent.calls += 1
        sent.list_cost_nanousd += priced.list_cost_nanousd
        sent.input_tokens += given
        sent.output_tokens += made
        yield event
        if chance.random() < TWICE:
            again.append(event)
        if again and chance.random() < TWICE:
            sent.items += 1
            yield again.pop(chance.randrange(len(again)))
    sent.items += len(again)
    yield from again


def play(url: str, key: str, folder: Path, *, events: int, batch: int, kills: int) -> Sent:
    """Send everything from four senders at once; kill a web process so many times, last both."""
    sent = Sent()
    stream = generate(events, random.Random(20261122), datetime.now(UTC), sent)
    turn = Lock()
    every = max(1, events // batch // (kills + 1))
    with processes.web(url, threads=8, folder=folder) as (port, process):

        def send() -> None:
            while True:
                with turn:
                    part = list(islice(stream, batch))
                    sent.batches += 1
                    number = sent.batches
                if not part:
                    return
                if number % every == 0 and number // every <= kills:
                    kill(process.pid, how_many=2 if number // every == kills else 1)
                deliver(port, key, json.dumps({"events": part}).encode(), sent, turn)
                if number % 100 == 0:
                    print(f"{sent.items} items sent", file=sys.stderr, flush=True)

        with ThreadPoolExecutor(SENDERS) as pool:
            for each in [pool.submit(send) for _ in range(SENDERS)]:
                each.result()
    return sent


def kill(master: int, how_many: int) -> None:
    """Kill workers with -9; their master starts others."""
    for worker in processes.children(master)[:how_many]:
        os.kill(worker, signal.SIGKILL)


def deliver(port: int, key: str, body: bytes, sent: Sent, turn: Lock) -> None:
    """Send a batch until it is answered, as an at-least-once sender does."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/usage-events", body,
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )  # fmt: skip
    deadline = monotonic() + GIVE_UP_S
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                told = json.load(answer)
            break
        except urllib.error.HTTPError as error:
            if error.code != 503 or monotonic() > deadline:
                raise
        except (OSError, http.client.HTTPException):
            if monotonic() > deadline:
                raise
        with turn:
            sent.resent_batches += 1
        sleep(0.05)
    told["rejected"] = len(told["rejected"])
    with turn:
        for name in ("accepted", "duplicates", "improved", "rejected"):
            sent.answered[name] = sent.answered.get(name, 0) + told[name]


def counted(engine: Engine) -> dict[str, int]:
    """Add the ledger and both roll-ups up; `disagreements` counts sums that differ."""
    names = ", ".join(f"coalesce(sum({name}), 0)::bigint AS {name}" for name in AMOUNTS)
    with engine.connect() as connection:
        rows = [
            dict(connection.execute(text(f"SELECT {names} FROM {table}")).mappings().one())
            for table in ("ledger_entry", "sprint_spend", "day_spend")
        ]
    book = rows[0]
    return book | {
        "disagreements": sum(book[name] != row[name] for row in rows[1:] for name in AMOUNTS)
    }


def main() -> None:
    """Play it on an embedded PostgreSQL and compare."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--batch", type=int, default=1000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sm-million-") as name:
        folder = Path(name)
        with running(folder / "pg") as url:
            engine, key = acme_world.found(url)
            with acme_world.disposed(engine):
                began = perf_counter()
                sent = play(
                    url, key, folder, events=chosen.events, batch=chosen.batch, kills=chosen.kills
                )
                seconds = perf_counter() - began
                found = counted(engine)
    gap = found["list_cost_nanousd"] - sent.list_cost_nanousd
    print(f"{sent.items:,} items in {seconds:,.0f} s, {sent.resent_batches} batches sent again")
    print(
        json.dumps(
            {
                "calls": sent.calls, "ledger_calls": found["calls"], "cost_gap_nanousd": gap,
                "malformed": sent.malformed, "rejected": sent.answered["rejected"],
                "roll_up_disagreements": found["disagreements"],
            }
        )
    )  # fmt: skip
    sys.exit(0 if gap == 0 and found["calls"] == sent.calls and not found["disagreements"] else 1)


if __name__ == "__main__":
    main()

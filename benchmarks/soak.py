"""Half of what saturates it, for half an hour: does memory stay, and does anything pile up?

    python benchmarks/soak.py [--minutes 30] [--saturation EVENTS_PER_S]

Web, worker, an embedded PostgreSQL, a local Jira and a local Slack on this machine. First the load
goes as fast as it can, then at half of that, with calls that ask first and stories that change.
Memory is what a process has of its own (RssAnon); its slope is a straight line's by least squares,
after a fifth of the time has passed as warm-up. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import linear_regression, median
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import http_load, processes
from benchmarks.soak_load import BATCH, SteadyLoad
from integration.cli.demo.people import table
from integration.cli.demo.world import World, world
from integration.foundation.database import connect, transactions_on
from integration.mailbox.queries import backlog
from integration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.mailbox.queries import Backlog

STORIES = 40
ROW = ("Answers", "gpt-4o", "300", "2k", "300", "40%", "us-east-1", "", "")
SATURATION_S = 15.0
FAST_CLIENTS = 8
LOOK_EVERY_S = 10.0
WARM_UP = 0.2
"""Of the time: caches fill, pools open, every job has had its turn."""
STEEPEST_KB_PER_MIN = 200.0
STEEPEST_AGE_S_PER_MIN = 1.0


@dataclass(slots=True)
class Record:
    """What was seen at each look."""

    minutes: list[float] = field(default_factory=list)
    memory_kb: dict[str, list[float]] = field(default_factory=dict)
    waiting: list[Backlog] = field(default_factory=list)
    events: list[int] = field(default_factory=list)

    def slope(self, values: list[float]) -> float:
        """How much a figure grows in a minute, after the warm-up."""
        first = sum(each < self.minutes[-1] * WARM_UP for each in self.minutes)
        return linear_regression(self.minutes[first:], values[first:]).slope


def main() -> None:
    """Run, print the table, and the figures as one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--saturation", type=float, help="events a second, instead of measuring")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sm-soak-", ignore_cleanup_errors=True) as name:
        settings = Settings(data_dir=Path(name), web_threads=8)
        with world(settings, fixed_ports=False) as here:
            load = SteadyLoad(here.settings.port, here.gateway, here.owner, planned(here))
            wait_until_read(here)
            saturation = chosen.saturation or saturated(load)
            say(f"saturation {saturation:,.0f} events/s; half of it for {chosen.minutes:g} minutes")
            load.start(saturation / 2)
            try:
                record = watched(here, load, chosen.minutes)
            finally:
                load.stop()
    report(record, load, saturation, chosen.minutes)


def planned(here: World) -> list[str]:
    """A running Sprint of stories."""
    stories = [
        here.owner.write_story(f"Answer questions, part {number + 1}", ["ai"], table(ROW))
        for number in range(STORIES)
    ]
    sprint_id = here.owner.new_sprint(here.board_id, "Acme Sprint 1")
    here.owner.plan(sprint_id, stories)
    now = datetime.now(UTC)
    here.owner.start_sprint(sprint_id, now.isoformat(), (now + timedelta(days=14)).isoformat())
    cap = {"id": "soak", "scope": {"kind": "story", "value": stories[0]}, "unit": "usd",
           "limit": "1000000", "mode": "block"}  # fmt: skip
    here.gateway.ask("POST", "/v1/caps", "admin", cap).raise_for_status()
    return stories


def wait_until_read(here: World) -> None:
    """Let the worker read what Jira told of the stories, so that it does not share the machine."""
    engine = connect(here.settings.database_url)
    for _ in range(600):
        with transactions_on(engine).begin() as session:
            waiting = backlog(session, here.clock.now())
        if not waiting.inbox_waiting and not waiting.outbox_waiting:
            break
        time.sleep(0.5)
    engine.dispose()


def saturated(load: SteadyLoad) -> float:
    """Events a second when senders do not wait for anything but their answers."""
    http_load.run(load.port, load.requests(), FAST_CLIENTS, 5.0)
    fast = http_load.run(load.port, load.requests(), FAST_CLIENTS, SATURATION_S)
    return len(fast.latencies) * BATCH / fast.seconds


def watched(here: World, load: SteadyLoad, minutes: float) -> Record:
    """Look at memory and queues until the time is up."""
    record = Record()
    engine = connect(here.settings.database_url)
    transactions = transactions_on(engine)
    began = time.monotonic()
    look_at = people(here)
    while (passed := (time.monotonic() - began) / 60) < minutes:
        record.minutes.append(passed)
        for name, memory_kb in look_at().items():
            record.memory_kb.setdefault(name, []).append(memory_kb)
        with transactions.begin() as session:
            record.waiting.append(backlog(session, here.clock.now()))
        record.events.append(load.tally.events)
        latest = record.waiting[-1]
        say(
            f"{passed:5.1f} min  {load.tally.events:>10,} events  outbox {latest.outbox_waiting} "
            f"(oldest {latest.outbox_oldest.total_seconds():.1f} s)  inbox {latest.inbox_waiting}  "
            + "  ".join(f"{name} {kept[-1] / 1024:.0f} MiB" for name, kept in
                        record.memory_kb.items())
        )  # fmt: skip
        time.sleep(LOOK_EVERY_S)
    engine.dispose()
    return record


def people(here: World) -> Callable[[], dict[str, float]]:
    """Find the processes once; returns what reads their memory. One that ended is an error."""
    web, worker = (_child_with(word) for word in ("integration.cli.web_server", "worker"))
    first, second = sorted(processes.children(web))[:2]
    server = processes.postmaster(here.settings.data_dir / "postgres")

    def look() -> dict[str, float]:
        found = {name: _own_kb(pid) for name, pid in
                 (("web 1", first), ("web 2", second), ("worker", worker))}  # fmt: skip
        backends = 0.0
        for pid in processes.children(server):
            try:
                backends += _own_kb(pid)
            except (FileNotFoundError, ProcessLookupError, IndexError):
                continue  # A parallel worker or vacuum that is over, or just ends.
        return found | {"PostgreSQL": backends}

    return look


def _child_with(word: str) -> int:
    for pid in processes.children(os.getpid()):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        if word in words:
            return pid
    raise LookupError(f"no child runs {word}")


def _own_kb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return float(status.partition("RssAnon:")[2].split()[0])


def report(record: Record, load: SteadyLoad, saturation: float, minutes: float) -> None:
    """Print the table and the JSON line; exit 1 where something grows without end."""
    slopes = {name: record.slope(values) for name, values in record.memory_kb.items()}
    print(f"{'process':<12} {'at first MiB':>12} {'at last MiB':>12} {'kB/min':>8}")
    for name, values in record.memory_kb.items():
        first = median(values[:3]) / 1024
        print(f"{name:<12} {first:>12.1f} {median(values[-3:]) / 1024:>12.1f} {slopes[name]:>8.1f}")
    ages = [each.outbox_oldest.total_seconds() for each in record.waiting]
    age_slope = record.slope(ages)
    ordered = sorted(load.tally.latencies_s)
    figures = {
        "minutes": minutes,
        "saturation_events_per_s": round(saturation),
        "events": load.tally.events,
        "events_per_s": round(record.events[-1] / (record.minutes[-1] * 60)),
        "granted": load.tally.granted,
        "story_edits": load.tally.edits,
        "refused": load.tally.refused,
        "batch_p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000),
        "memory_kb_per_min": {name: round(each, 1) for name, each in slopes.items()},
        "outbox_age_max_s": round(max(ages), 1),
        "outbox_age_s_per_min": round(age_slope, 3),
        "outbox_waiting_max": max(each.outbox_waiting for each in record.waiting),
        "inbox_waiting_max": max(each.inbox_waiting for each in record.waiting),
    }
    print(json.dumps(figures))
    if max(slopes.values()) > STEEPEST_KB_PER_MIN or age_slope > STEEPEST_AGE_S_PER_MIN:
        raise SystemExit(1)


def say(words: str) -> None:
    """Tell whoever waits."""
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()

"""How many calls a cap decides in a second, and that it never grants more than its limit.

64 clients on one hot cap, in this run: the journey (no HTTP) in 1, 2 and 8 processes, beside one
atomic UPDATE per call and SELECT … FOR UPDATE, both bare psycopg with prepared statements writing
the same rows; then over HTTP with two web processes, beside the same door with an atomic UPDATE.
The machine's cores are shared by clients, deciders and PostgreSQL: read the ratios.

    python -m benchmarks.caps [--seconds 2]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from benchmarks import caps_doors
from benchmarks.caps_load import CLIENTS, STORIES, Load, Result, run, summed
from benchmarks.caps_stage import build, caps, overspend
from benchmarks.processes import postmaster
from integration.foundation.embedded_database import running

Rows = dict[tuple[str, str], Result]


def say(line: str) -> None:
    """Tell a person how far the run is."""
    print(line, file=sys.stderr, flush=True)


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


def main() -> None:
    """Run everything and print the table; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="caps-") as folder, running(Path(folder)) as url:
        build(url)
        alone = commit_ms(url)
        rows, over = measured(url, postmaster(Path(folder)), seconds)
    report(rows, over, alone)


def measured(url: str, server: int, seconds: float) -> tuple[Rows, int]:
    """Run every design in every shape; returns the rows, and by how much caps were passed."""
    rows: Rows = {}
    over = 0

    def note(name: str, shape: str, result: Result) -> None:
        nonlocal over
        rows[name, shape] = result
        over += overspend(url)
        say(f"{name}, {shape}: {result.grants_per_s:,.0f} grants/s, p99 {result.p99_ms:.1f} ms")

    for processes in (1, 2, 8):
        shape = f"{processes} × {CLIENTS // processes}"
        for design in ("atomic UPDATE", "SELECT FOR UPDATE", "journey"):
            caps(url, 10**18)
            note(design, shape, run(Load(url, server, design, processes, seconds)))
    for cores in (1, 2):
        for design in ("atomic UPDATE", "journey"):
            caps(url, 10**18, STORIES)
            load = Load(url, server, design, 2, seconds, STORIES, cores)
            name = f"{design}, {STORIES} caps, {'one core' if cores == 1 else 'two cores'}"
            note(name, f"2 × {CLIENTS // 2}", run(load))
    keys = caps_doors.new_keys(url)
    for design in ("atomic UPDATE", "journey"):
        caps(url, 10**18)
        result = caps_doors.run(url, design, keys, seconds, server)
        note(f"HTTP: {design}", f"2 × {CLIENTS // 2}", result)
    return rows, over


def report(rows: Rows, over: int, alone: tuple[float, float]) -> None:
    """Print the table and the line of figures."""
    print(f"one row committed alone: p50 {alone[0]:.2f} ms, p99 {alone[1]:.2f} ms")
    print("| design | clients | grants/s | p50 ms | p99 ms | Python µs | PostgreSQL µs |")
    print("|---|---|---|---|---|---|---|")
    for (design, shape), row in rows.items():
        print(
            f"| {design} | {shape} | {row.grants_per_s:,.0f} | {row.p50_ms:.1f} | "
            f"{row.p99_ms:.1f} | {row.python_us:.0f} | {row.database_us:.0f} |"
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

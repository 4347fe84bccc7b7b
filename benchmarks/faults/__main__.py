"""`make faults`: run it with several seeds, print the table, end with one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from benchmarks.faults.load import Load
from benchmarks.faults.recount import Recount, recount, settle
from benchmarks.faults.scene import scene
from benchmarks.faults.weather import storm

COLUMNS = (
    "acked", "granted", "denied", "lost", "doubled", "overspent_nanousd", "posts_doubled",
    "posts_missing", "stuck_jobs", "unbalanced_nanousd",
)  # fmt: skip


def run(seed: int, seconds: float) -> tuple[Recount, dict[str, int]]:
    """Play one Sprint in the storm of a seed; returns the recount and the faults that happened."""
    with (
        tempfile.TemporaryDirectory(prefix="smf-", ignore_cleanup_errors=True) as name,
        scene(Path(name)) as here,
    ):
        load = Load(here, seed)
        load.start()
        happened = storm(here, seed, seconds)
        load.finish()
        settle(here)
        here.owner.ask("POST", f"/rest/agile/1.0/sprint/{here.sprint_id}", {"state": "closed"})
        settle(here)
        load.late_usage()
        settle(here)
        return recount(here, load.told), happened


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; then the next ones")
    parser.add_argument("--seconds", type=float, default=30, help="of storm in each run")
    chosen = parser.parse_args()
    found: list[Recount] = []
    print("seed  faults  " + "  ".join(COLUMNS))
    for seed in range(chosen.seed, chosen.seed + chosen.runs):
        print(f"Run with seed {seed}", file=sys.stderr, flush=True)
        counted, happened = run(seed, chosen.seconds)
        found.append(counted)
        cells = (f"{asdict(counted)[name]:>{len(name)}}" for name in COLUMNS)
        print(f"{seed:>4}  {sum(happened.values()):>6}  " + "  ".join(cells), flush=True)
    totals = {name: sum(asdict(each)[name] for each in found) for name in COLUMNS}
    wanted = ("acked", "lost", "doubled", "overspent_nanousd", "posts_doubled", "stuck_jobs")
    print(json.dumps({"runs": len(found)} | {name: totals[name] for name in wanted}))
    if not all(each.is_clean for each in found):
        raise SystemExit(1)


if __name__ == "__main__":
    main()

"""`make faults`: run it with several seeds, print the table, end with one JSON object."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.faults import machines, machines_weather, weather
from benchmarks.faults.load import Load
from benchmarks.faults.machines_scene import several_machines
from benchmarks.faults.recount import Recount, recount, settle
from benchmarks.faults.scene import one_machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.faults.scene import Scene

COLUMNS = (
    "acked", "granted", "denied", "lost", "doubled", "overspent_nanousd", "posts_doubled",
    "posts_missing", "stuck_jobs", "unbalanced_nanousd",
)  # fmt: skip
WANTED = ("acked", "lost", "doubled", "overspent_nanousd", "posts_doubled", "stuck_jobs")


def play(scene: Scene, seed: int, storm: Callable[[], dict[str, int]]) -> tuple[Recount, int]:
    """Play one Sprint in the storm of a seed; returns the recount and how many faults happened."""
    load = Load(scene, seed)
    load.start()
    happened = storm()
    load.finish()
    settle(scene)
    scene.owner.ask("POST", f"/rest/agile/1.0/sprint/{scene.sprint_id}", {"state": "closed"})
    settle(scene)
    load.late_usage()
    settle(scene)
    return recount(scene), sum(happened.values())


def run(seed: int, seconds: float) -> tuple[Recount, int]:
    """Play it on one machine."""
    with (
        tempfile.TemporaryDirectory(prefix="smf-", ignore_cleanup_errors=True) as name,
        one_machine(Path(name)) as here,
    ):
        return play(here, seed, lambda: weather.storm(here, weather.FAULTS, seed, seconds))


def run_on_machines(seed: int, seconds: float, *, is_synchronous: bool) -> tuple[Recount, int]:
    """Play it on six machines."""
    faults = machines_weather.FAULTS
    with (
        tempfile.TemporaryDirectory(prefix="smf-", ignore_cleanup_errors=True) as name,
        several_machines(Path(name), is_synchronous=is_synchronous) as here,
    ):
        found = play(here, seed, lambda: weather.storm(here, faults, seed, seconds))
        silences = ", ".join(f"{each:.1f}" for each in here.silences_s)
        print(
            f"  {here.promotions} promotions; seconds without an acknowledgement: {silences}",
            file=sys.stderr, flush=True,
        )  # fmt: skip
        return found


def main() -> None:
    """Run and print."""
    chosen = _arguments()
    if chosen.machines and not chosen.inside:
        if reason := machines.why_not():
            print(f"Skipped: no machines can be made here: {reason}", file=sys.stderr)
            print(json.dumps({"runs": 0} | dict.fromkeys(WANTED, 0)))
            return
        machines.go_inside("benchmarks.faults", [*sys.argv[1:], "--inside"])
    found: list[Recount] = []
    print("seed  faults  " + "  ".join(COLUMNS))
    for seed in range(chosen.seed, chosen.seed + chosen.runs):
        print(f"Run with seed {seed}", file=sys.stderr, flush=True)
        counted, faults = (
            run_on_machines(seed, chosen.seconds, is_synchronous=not chosen.asynchronous)
            if chosen.machines
            else run(seed, chosen.seconds)
        )
        found.append(counted)
        cells = (f"{asdict(counted)[name]:>{len(name)}}" for name in COLUMNS)
        print(f"{seed:>4}  {faults:>6}  " + "  ".join(cells), flush=True)
    totals = {name: sum(asdict(each)[name] for each in found) for name in COLUMNS}
    print(json.dumps({"runs": len(found)} | {name: totals[name] for name in WANTED}))
    if not all(each.is_clean for each in found):
        raise SystemExit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="of the first run; then the next ones")
    parser.add_argument("--seconds", type=float, default=30, help="of storm in each run")
    parser.add_argument("--machines", action="store_true", help="on six machines of a network")
    parser.add_argument(
        "--asynchronous", action="store_true",
        help="with --machines: acknowledge what the replica may not have yet; shows what is lost",
    )  # fmt: skip
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()

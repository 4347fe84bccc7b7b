"""How well spikes in spend are found: precision, recall and delay on labelled generated series.

The series are described in `labelled_spend.py`: spend in slices of five minutes, each handed on
when it is over. The simple detectors hold the last hour's sum against past hours (they are hopeless
on single slices), share the smallest amount, and have their threshold chosen by F1 on the
development seeds, on which the detector's own settings were chosen too; everything reported is on
other seeds.

An alarm is right if it comes from three hours before a label to an hour after its end: one that
never ends finds nothing. Alarms less than three hours apart are one.

The delay is counted from the true start of a spike to the end of the slice in which it was told: it
holds how long a spike takes to show in the data at all, and at most five minutes of waiting.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from benchmarks.labelled_spend import (
    KINDS,
    MIN_AMOUNT_USD,
    SLICE,
    START,
    WEEKS,
    Label,
    Labelled,
    worlds_of,
)
from benchmarks.simple_detectors import SIMPLE
from integration.anomalies.detection import Settings, SpikeDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

GRACE = timedelta(hours=1)
REST = timedelta(hours=3)
DEVELOPMENT_SEEDS, REPORT_SEEDS = range(1000, 1005), range(2000, 2024)
LATER, LEARNT_BY = "later", START + timedelta(weeks=2)


@dataclass(slots=True)
class Tally:
    """What one detector did on many series."""

    found: int = 0
    missed: int = 0
    true_alarms: int = 0
    false_alarms: int = 0
    quiet_alarms: int = 0
    quiet_weeks: int = 0
    delays_min: list[float] = field(default_factory=list)
    needed_min: list[float] = field(default_factory=list)
    """From a spike's start until it had cost the smallest amount: nobody can be told before."""

    def figures(self) -> dict[str, float | None]:
        """The documented figures; None where nothing was counted."""
        alarms, labels = self.true_alarms + self.false_alarms, self.found + self.missed
        return {
            "precision": round(self.true_alarms / alarms, 4) if alarms else None,
            "recall": round(self.found / labels, 4) if labels else None,
            "median_delay_min": statistics.median(self.delays_min) if self.delays_min else None,
            "false_alarms_per_week": round(self.quiet_alarms / max(1, self.quiet_weeks), 4),
        }

    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        wrong = self.missed + self.false_alarms
        return 2 * self.found / (2 * self.found + wrong) if self.found or wrong else 0.0


class Judge(Protocol):
    """Anything that says after each slice whether spend is too high."""

    def see(self, at: datetime, value: float, /) -> bool: ...


# --- the detectors --------------------------------------------------------------------------------


class Ours:
    """The product's own detector with its own settings."""

    def __init__(self) -> None:
        self._detector = SpikeDetector(SLICE, Settings(min_amount=MIN_AMOUNT_USD))

    def see(self, at: datetime, value: float) -> bool:
        """Whether a spike is open."""
        self._detector.see(at, value)
        return self._detector.ongoing() is not None


# --- the measurement ------------------------------------------------------------------------------


def alarms(judge: Judge, slices: list[float]) -> list[tuple[datetime, datetime]]:
    """Replay a series slice by slice; alarms less than three hours apart are one."""
    found: list[tuple[datetime, datetime]] = []
    for number, value in enumerate(slices):
        at = START + number * SLICE
        if judge.see(at, value):
            told = at + SLICE
            if found and told - found[-1][1] <= REST:
                found[-1] = (found[-1][0], told)
            else:
                found.append((told, told))
    return found


def _is_about(alarm: tuple[datetime, datetime], label: Label) -> bool:
    """Whether they touch; an alarm that was raised long before was about something else."""
    start, end = alarm
    return label.start - REST <= start <= label.end + GRACE and end >= label.start


def score(tally: Tally, truth: Labelled, raised: list[tuple[datetime, datetime]]) -> None:
    """Match alarms with labels. One alarm may cover several labels; each label is found once."""
    for label in truth.labels:
        hits = [alarm[0] for alarm in raised if _is_about(alarm, label)]
        tally.found += bool(hits)
        tally.missed += not hits
        if hits:
            late = (max(min(hits), label.start) - label.start).total_seconds() / 60
            tally.delays_min.append(late)
            tally.needed_min.append((label.matters_at - label.start).total_seconds() / 60)
    for alarm in raised:
        true = any(_is_about(alarm, label) for label in truth.labels)
        tally.true_alarms += true
        tally.false_alarms += not (true or any(_is_about(alarm, x) for x in truth.news))
    if truth.kind == "quiet":
        tally.quiet_alarms += len(raised)
        tally.quiet_weeks += WEEKS


def measure(make: Callable[[], Judge], worlds: Iterable[Labelled]) -> dict[str, Tally]:
    """Tallies by kind of series, of all, and of what came after the first two weeks."""
    tallies = {kind: Tally() for kind in (*KINDS, "all", LATER)}
    for world in worlds:
        raised = alarms(make(), world.slices)
        score(tallies[world.kind], world, raised)
        score(tallies["all"], world, raised)
        later = [label for label in world.labels if label.start >= LEARNT_BY]
        score(
            tallies[LATER], Labelled(world.kind, [], later, world.news),
            [(start, end) for start, end in raised if start >= LEARNT_BY],
        )  # fmt: skip
    return tallies


def best_threshold(name: str, development: list[Labelled]) -> float:
    """The threshold with the best F1 on the development series."""
    make, thresholds = SIMPLE[name]
    return max(
        thresholds,
        key=lambda threshold: measure(partial(make, threshold), development)["all"].f1(),
    )


def table(results: dict[str, dict[str, Tally]]) -> str:
    """Every detector's figures on all series; then precision and recall by kind of series."""
    head = f"{'':24}{'precision':>10}{'recall':>8}{'F1':>7}{'delay min':>11}{'needed min':>12}"
    lines = [head + f"{'false/week':>12}"]
    for name, tallies in results.items():
        lines += [_row(name, tallies["all"]), _row("  after two weeks", tallies[LATER])]
    names = [name.split()[0] for name in results]
    lines += ["", f"{'precision / recall':24}" + "".join(f"{name:>16}" for name in names)]
    for kind in KINDS:
        cells = (_pair(tallies[kind]) for tallies in results.values())
        lines.append(f"{kind:24}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def _row(name: str, tally: Tally) -> str:
    figures = tally.figures()
    needed = statistics.median(tally.needed_min) if tally.needed_min else None
    cells = (
        (figures["precision"], 10), (figures["recall"], 8), (round(tally.f1(), 3), 7),
        (figures["median_delay_min"], 11), (needed, 12),
        (figures["false_alarms_per_week"] if tally.quiet_weeks else None, 12),
    )  # fmt: skip
    return f"{name:24}" + "".join(f"{'–' if x is None else x:>{width}}" for x, width in cells)


def _pair(tally: Tally) -> str:
    if tally.quiet_weeks:
        return f"{tally.quiet_alarms / tally.quiet_weeks:.3f} a week"
    figures = tally.figures()
    return " / ".join("–" if figures[key] is None else f"{figures[key]:.2f}"
                      for key in ("precision", "recall"))  # fmt: skip


def main() -> None:
    """Measure, print the table, and as the last line the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teams", type=int, default=len(REPORT_SEEDS), help="seeds per kind")
    teams = parser.parse_args().teams
    development = list(worlds_of(DEVELOPMENT_SEEDS))
    report = list(worlds_of(REPORT_SEEDS[:teams]))
    makers: dict[str, Callable[[], Judge]] = {"storymeter": Ours}
    for name, (make, _) in SIMPLE.items():
        threshold = best_threshold(name, development)
        print(f"{name}: threshold {threshold} is best on development seeds", file=sys.stderr)
        makers[f"{name} ({threshold})"] = partial(make, threshold)
    results = {}
    for name, maker in makers.items():
        print(f"{name}: {len(report)} series of {WEEKS} weeks …", file=sys.stderr, flush=True)
        results[name] = measure(maker, report)
    print(table(results))
    baselines = {
        name.split()[0]: tallies["all"].figures()
        for name, tallies in results.items()
        if name != "storymeter"
    }
    print(json.dumps({**results["storymeter"]["all"].figures(), "baselines": baselines}))


if __name__ == "__main__":
    main()

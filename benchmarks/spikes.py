"""How well spikes in spend are found: precision, recall and delay on labelled generated series.

The series are described in `labelled_spend.py`. The detector reads hours and glances at the running
hour every 5 minutes. The simple detectors see the same, share the smallest amount, and have their
threshold chosen by F1 on the development seeds, on which the detector's own settings were chosen
too; everything reported is on other seeds.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol

from benchmarks.labelled_spend import (
    KINDS,
    MIN_AMOUNT_USD,
    SLICE,
    SLICES,
    START,
    WEEKS,
    Labelled,
    worlds_of,
)
from integration.anomalies.detection import Settings, SpikeDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

HOUR = timedelta(hours=1)
GRACE = timedelta(hours=1)
REST = timedelta(hours=3)
DEVELOPMENT_SEEDS, REPORT_SEEDS = range(1000, 1010), range(2000, 2040)


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
    """Anything that says whether an hour, or the part of it that is over, is too high."""

    def glance(self, at: datetime, value: float, share: float, /) -> bool: ...

    def see(self, at: datetime, value: float, /) -> None: ...


# --- the detectors --------------------------------------------------------------------------------


class Ours:
    """The product's own detector with its own settings."""

    def __init__(self) -> None:
        self._detector = SpikeDetector(HOUR, Settings(min_amount=MIN_AMOUNT_USD))

    def glance(self, at: datetime, value: float, share: float) -> bool:
        """Whether a spike is open."""
        return self._detector.glance(at, value, share) is not None

    def see(self, at: datetime, value: float) -> None:
        """Learn a whole hour."""
        self._detector.see(at, value)


class ZScore:
    """Above the mean of the last week by so many standard deviations."""

    def __init__(self, threshold: float) -> None:
        self._threshold, self._past = threshold, deque[float](maxlen=168)
        self._bound = math.inf

    def glance(self, _at: datetime, value: float, _share: float) -> bool:
        """Whether the value exceeds the bound, and the mean by the smallest amount."""
        return value > self._bound

    def see(self, _at: datetime, value: float) -> None:
        """Learn a whole hour; a day of them is needed for a verdict."""
        self._past.append(value)
        if len(self._past) >= 24:
            mean = sum(self._past) / len(self._past)
            variance = sum((known - mean) ** 2 for known in self._past) / len(self._past)
            self._bound = mean + max(self._threshold * math.sqrt(variance), MIN_AMOUNT_USD)


class Fixed:
    """Above so many times the highest of the first three days."""

    def __init__(self, threshold: float) -> None:
        self._threshold, self._first = threshold, list[float]()

    def glance(self, _at: datetime, value: float, _share: float) -> bool:
        """Whether the value exceeds the bound and the smallest amount."""
        if len(self._first) < 72:
            return False
        return value > max(self._threshold * max(self._first), MIN_AMOUNT_USD)

    def see(self, _at: datetime, value: float) -> None:
        """Learn a whole hour of the first days."""
        if len(self._first) < 72:
            self._first.append(value)


class Ewma:
    """Above an exponentially weighted mean by so many exponentially weighted deviations."""

    def __init__(self, threshold: float) -> None:
        self._threshold, self._mean, self._variance, self._count = threshold, 0.0, 0.0, 0

    def glance(self, _at: datetime, value: float, _share: float) -> bool:
        """Whether the value exceeds the bound, and the mean by the smallest amount."""
        bound = max(self._threshold * math.sqrt(self._variance), MIN_AMOUNT_USD)
        return self._count >= 24 and value > self._mean + bound

    def see(self, _at: datetime, value: float) -> None:
        """Learn a whole hour."""
        gap = value - self._mean
        self._mean += 0.1 * gap if self._count else gap
        self._variance = 0.9 * (self._variance + 0.1 * gap * gap) if self._count else 0.0
        self._count += 1


# --- the measurement ------------------------------------------------------------------------------


def alarms(judge: Judge, hours: list[list[float]]) -> list[tuple[datetime, datetime]]:
    """Replay a series in 5-minute ticks; alarms less than three hours apart are one."""
    found: list[tuple[datetime, datetime]] = []
    for number, slices in enumerate(hours):
        at, so_far = START + number * HOUR, 0.0
        for part, amount in enumerate(slices, start=1):
            so_far += amount
            now = at + part * SLICE
            if judge.glance(at, so_far, part / SLICES):
                if found and now - found[-1][1] <= REST:
                    found[-1] = (found[-1][0], now)
                else:
                    found.append((now, now))
        judge.see(at, so_far)
    return found


def score(tally: Tally, truth: Labelled, raised: list[tuple[datetime, datetime]]) -> None:
    """Match alarms with labels. One alarm may cover several labels; each label is found once."""
    for label in truth.labels:
        hits = [start for start, end in raised if start <= label.end + GRACE and end >= label.start]
        tally.found += bool(hits)
        tally.missed += not hits
        if hits:
            late = (max(min(hits), label.start) - label.start).total_seconds() / 60
            tally.delays_min.append(late)
    for start, end in raised:
        true = any(start <= x.end + GRACE and end >= x.start for x in truth.labels)
        tally.true_alarms += true
        tally.false_alarms += not true
    if truth.kind == "quiet":
        tally.quiet_alarms += len(raised)
        tally.quiet_weeks += WEEKS


def measure(make: Callable[[], Judge], worlds: Iterable[Labelled]) -> dict[str, Tally]:
    """Tallies by kind of series, and of all under `all`."""
    tallies = {kind: Tally() for kind in (*KINDS, "all")}
    for world in worlds:
        raised = alarms(make(), world.hours)
        score(tallies[world.kind], world, raised)
        score(tallies["all"], world, raised)
    return tallies


SIMPLE: dict[str, tuple[Callable[[float], Judge], tuple[float, ...]]] = {
    "z_score": (ZScore, (2.5, 3, 4, 5, 6, 8, 10)),
    "fixed_threshold": (Fixed, (1, 1.2, 1.5, 1.75, 2, 2.5, 3)),
    "ewma": (Ewma, (2.5, 3, 4, 5, 6, 8, 10, 14)),
}


def best_threshold(name: str, development: list[Labelled]) -> float:
    """The threshold with the best F1 on the development series."""
    make, thresholds = SIMPLE[name]
    return max(
        thresholds,
        key=lambda threshold: measure(partial(make, threshold), development)["all"].f1(),
    )


def table(results: dict[str, dict[str, Tally]]) -> str:
    """Every detector's figures on all series, then ours by kind of series."""
    head = f"{'':26}{'precision':>10}{'recall':>8}{'F1':>7}{'delay min':>11}{'false/week':>12}"
    rows = [(name, tallies["all"]) for name, tallies in results.items()]
    rows += [(f"  storymeter on {kind}", results["storymeter"][kind]) for kind in KINDS]
    lines = [head]
    for name, tally in rows:
        figures = tally.figures()
        cells = (
            f"{'–' if figures[key] is None else figures[key]:>{width}}"
            for key, width in (("precision", 10), ("recall", 8))
        )
        f1 = f"{tally.f1():.3f}" if tally.found + tally.missed else "–"
        delay = "–" if figures["median_delay_min"] is None else figures["median_delay_min"]
        quiet = figures["false_alarms_per_week"] if tally.quiet_weeks else "–"
        lines.append(f"{name:26}{''.join(cells)}{f1:>7}{delay:>11}{quiet:>12}")
    return "\n".join(lines)


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

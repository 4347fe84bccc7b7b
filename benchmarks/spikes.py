"""How well spikes in spend are found: precision, recall and delay on labelled generated series.

The series are described in `labelled_spend.py`: spend in slices of five minutes, each handed on
when it is over. The simple detectors hold the last hour's sum against past hours (they are hopeless
on single slices), share the smallest amount, and have their threshold chosen by F1 on the
development seeds, on which the detector's own settings were chosen too; everything reported is on
other seeds.

The delay is counted from the true start of a spike to the end of the slice in which it was told: it
holds how long a spike takes to show in the data at all, and at most five minutes of waiting.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from abc import ABC, abstractmethod
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
    Label,
    Labelled,
    worlds_of,
)
from integration.anomalies.detection import Settings, SpikeDetector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

GRACE = timedelta(hours=1)
REST = timedelta(hours=3)
DEVELOPMENT_SEEDS, REPORT_SEEDS = range(1000, 1010), range(2000, 2024)
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


class LastHour(ABC):
    """Holds the sum of the last hour's slices against a bound learnt from whole hours."""

    def __init__(self) -> None:
        self._slices = deque[float](maxlen=SLICES)
        self._count = 0

    def see(self, _at: datetime, value: float) -> bool:
        """Whether the last hour is over the bound that the hours before it set."""
        self._slices.append(value)
        total = sum(self._slices)
        is_over = total > self.bound()
        self._count += 1
        if self._count % SLICES == 0:
            self.learn(total)
        return is_over

    @abstractmethod
    def bound(self) -> float:
        """What an hour may reach; infinite while too little is known."""

    @abstractmethod
    def learn(self, hour: float) -> None:
        """Take in a whole hour."""


class ZScore(LastHour):
    """Above the mean of the last week by so many standard deviations, and the smallest amount."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._past = threshold, deque[float](maxlen=168)
        self._bound = math.inf

    def bound(self) -> float:
        return self._bound

    def learn(self, hour: float) -> None:
        self._past.append(hour)
        if len(self._past) >= 24:
            mean = sum(self._past) / len(self._past)
            variance = sum((known - mean) ** 2 for known in self._past) / len(self._past)
            self._bound = mean + max(self._threshold * math.sqrt(variance), MIN_AMOUNT_USD)


class Fixed(LastHour):
    """Above so many times the highest of the first three days, and the smallest amount."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._first = threshold, list[float]()

    def bound(self) -> float:
        if len(self._first) < 72:
            return math.inf
        return max(self._threshold * max(self._first), MIN_AMOUNT_USD)

    def learn(self, hour: float) -> None:
        if len(self._first) < 72:
            self._first.append(hour)


class Ewma(LastHour):
    """Above an exponentially weighted mean by so many exponentially weighted deviations."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._mean, self._variance, self._hours = threshold, 0.0, 0.0, 0

    def bound(self) -> float:
        if self._hours < 24:
            return math.inf
        return self._mean + max(self._threshold * math.sqrt(self._variance), MIN_AMOUNT_USD)

    def learn(self, hour: float) -> None:
        gap = hour - self._mean
        self._mean += 0.1 * gap if self._hours else gap
        self._variance = 0.9 * (self._variance + 0.1 * gap * gap) if self._hours else 0.0
        self._hours += 1


class SeasonalMad(LastHour):
    """Above the median of the same hour of the last 14 days by so many deviations (MAD)."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self._threshold, self._past = threshold, deque[float](maxlen=14 * 24)
        self._bound = math.inf

    def bound(self) -> float:
        return self._bound

    def learn(self, hour: float) -> None:
        self._past.append(hour)
        alike = [*self._past][-24::-24]
        if len(alike) >= 3:
            usual = statistics.median(alike)
            strays = 1.4826 * statistics.median(abs(known - usual) for known in alike)
            self._bound = usual + max(self._threshold * strays, MIN_AMOUNT_USD)


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


SIMPLE: dict[str, tuple[Callable[[float], Judge], tuple[float, ...]]] = {
    "z_score": (ZScore, (2.5, 3, 4, 5, 6, 8, 10)),
    "fixed_threshold": (Fixed, (1, 1.2, 1.5, 1.75, 2, 2.5, 3)),
    "ewma": (Ewma, (2.5, 3, 4, 5, 6, 8, 10, 14)),
    "seasonal_mad": (SeasonalMad, (4, 6, 8, 10, 14, 20, 30, 45)),
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
    head = f"{'':30}{'precision':>10}{'recall':>8}{'F1':>7}{'delay min':>11}{'needed min':>12}"
    head += f"{'false/week':>12}"
    ours = results["storymeter"]
    rows = [(name, tallies["all"]) for name, tallies in results.items()]
    rows += [(f"  storymeter on {kind}", ours[kind]) for kind in KINDS]
    rows += [("  storymeter after two weeks", ours[LATER])]
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
        needed = statistics.median(tally.needed_min) if tally.needed_min else "–"
        lines.append(f"{name:30}{''.join(cells)}{f1:>7}{delay:>11}{needed:>12}{quiet:>12}")
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

"""Generated spend of teams with the spikes put into it known: what `spikes.py` measures on.

Each series is one team's spend in 5-minute slices over six weeks: seasons of the day and week,
growth, noise, nightly and weekly batch jobs, outages, bursts; labelled spikes (steps, ramps) and
plateaus; and quiet series without any label, on which false alarms are counted.

A label is what somebody who sees the whole series would want to have been told. Where the series
bursts by itself, a labelled spike costs half as much again as the costliest of those bursts: a
smaller one is no different from them. A job's first run is news: whoever tells it is neither right
nor wrong, whoever tells the second is wrong.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

START = datetime(2026, 3, 2, tzinfo=UTC)
WEEKS, SLICES = 6, 12
HOURS = WEEKS * 7 * 24
SLICE = timedelta(minutes=5)
MIN_AMOUNT_USD = 5.0
KINDS = ("quiet", "seasonal", "growing", "batch", "outage", "plateau", "bursty", "small")


@dataclass(frozen=True, slots=True)
class Label:
    """A true spike, from its first slice to the end of its last."""

    start: datetime
    end: datetime
    matters_at: datetime
    """When it has cost the smallest amount that anybody is told of."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One team's spend in 5-minute slices, in US dollars, with the spikes put into it."""

    kind: str
    slices: list[float]
    labels: list[Label]
    news: list[Label] = field(default_factory=list)
    """What nobody could know and nobody need be told."""


def series(kind: str, seed: int) -> Labelled:
    """Make one team's six weeks; the same seed makes the same weeks."""
    draw = random.Random(f"{kind}/{seed}")
    level = math.exp(draw.uniform(math.log(2), math.log(60)))
    level = draw.uniform(0.2, 1.0) if kind == "small" else level
    growth = draw.uniform(0.05, 0.20) if kind == "growing" else draw.uniform(-0.02, 0.04)
    noise, shift = draw.uniform(0.08, 0.30), draw.randrange(24)
    night, weekend = draw.uniform(0.05, 0.7), draw.uniform(0.1, 0.9)
    job_hour, job_size = draw.randrange(24), level * draw.uniform(2, 15)
    job_weekly, job_from = draw.random() < 0.3, draw.choice((0, 0, draw.randrange(21)))
    hours, news, costliest = [], list[Label](), 0.0
    for hour in range(HOURS):
        day, clock = hour // 24, (hour + shift) % 24
        daytime = 0.5 - 0.5 * math.cos(2 * math.pi * (clock - 3) / 24)
        usual = level * (night + (1 - night) * daytime**2) * (weekend if day % 7 >= 5 else 1.0)
        usual *= (1 + growth) ** (hour / 168) * math.exp(draw.gauss(0, noise))
        if kind == "bursty" and draw.random() < 0.04:
            burst = level * draw.expovariate(1 / 1.5)
            usual, costliest = usual + burst, max(costliest, burst)
        slices = _spread(usual, draw, 0.35)
        runs = hour % 24 == job_hour and day >= job_from and (not job_weekly or day % 7 == 6)
        if kind == "batch" and runs:
            slices[draw.randrange(2)] += job_size * math.exp(draw.gauss(0, 0.1))
            begun = START + timedelta(hours=hour)
            news = news or [Label(begun, begun + timedelta(hours=1), begun)]
        hours.append(slices)
    if kind == "outage":
        _black_out(hours, draw)
    labels = _inject(kind, hours, level, draw, least=max(2 * MIN_AMOUNT_USD, 1.5 * costliest))
    return Labelled(kind, [amount for slices in hours for amount in slices], labels, news)


def _spread(amount: float, draw: random.Random, noise: float) -> list[float]:
    weights = [math.exp(draw.gauss(0, noise)) for _ in range(SLICES)]
    return [amount * weight / sum(weights) for weight in weights]


def _black_out(hours: list[list[float]], draw: random.Random) -> None:
    for _ in range(3):
        first = draw.randrange(96, HOURS - 48)
        for hour in range(first, first + draw.randrange(2, 20)):
            hours[hour] = [0.0] * SLICES


def _inject(
    kind: str, hours: list[list[float]], level: float, draw: random.Random, least: float
) -> list[Label]:
    if kind == "quiet":
        return []
    count = 1 if kind == "plateau" else draw.randrange(1, 4)
    labels: list[Label] = []
    for number in range(count):
        earliest = 4 * 24 + number * (HOURS - 5 * 24) // count
        first = draw.randrange(earliest, earliest + (HOURS - 8 * 24) // count) * SLICES
        first += draw.randrange(SLICES)
        length = round(math.exp(draw.uniform(math.log(4), math.log(120))))
        height = level * draw.uniform(2, 10) + least * SLICES / length
        if kind == "plateau":
            length, height = draw.randrange(3, 10) * 24 * SLICES, level * draw.uniform(1.5, 4)
        ramp, cost, matters = draw.random() < 0.3, 0.0, length
        for step in range(length):
            hour, part = divmod(first + step, SLICES)
            if hour < HOURS:
                lift = 2 * (step + 1) / length if ramp and kind != "plateau" else 1.0
                added = height / SLICES * lift * math.exp(draw.gauss(0, 0.15))
                hours[hour][part] += added
                cost += added
                matters = min(matters, step + 1) if cost >= MIN_AMOUNT_USD else matters
        start, end = START + first * SLICE, START + (first + length) * SLICE
        labels.append(Label(start, end, start + matters * SLICE))
    return labels


def worlds_of(seeds: Iterable[int]) -> Iterator[Labelled]:
    """Every kind of series for every seed."""
    for seed in seeds:
        for kind in KINDS:
            yield series(kind, seed)

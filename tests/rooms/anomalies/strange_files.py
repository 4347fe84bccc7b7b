"""CSV files as strangers have them, with the spikes in them known.

Made apart from `benchmarks/labelled_spend.py`, by other means: hours or minutes, rhythm, growth,
nightly jobs, outages, a new level, bursts, and all that is done to files on their way.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["plain", "flat", "growing", "nightly", "outage", "new_level", "bursty", "weekend"]
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Strange:
    """A series, its true spikes (first and last point), and where a telling is neither."""

    series: list[tuple[datetime, float]]
    labels: list[tuple[datetime, datetime]]
    news: list[tuple[datetime, datetime]]


def strange(kind: Kind, seed: int, *, days: int, step: timedelta = HOUR) -> Strange:
    """One series of some weeks with a spike a week or so, each 3 to 7 times the usual."""
    draw = random.Random(f"{kind}/{seed}")
    level, swing, top_hour = 10 ** draw.uniform(-1, 4), draw.uniform(0.2, 0.9), draw.uniform(9, 18)
    weekend = draw.uniform(1.3, 2.5) if kind == "weekend" else draw.uniform(0.3, 0.9)
    growth, noise = 0.15 if kind == "growing" else 0.0, draw.uniform(0.03, 0.15)
    job_hour, new_from = (
        draw.randrange(24),
        MONDAY + draw.randrange(days // 3, max(days - 6, days // 3 + 1)) * 24 * HOUR,
    )
    usual: list[float] = []
    values: list[float] = []
    times = [MONDAY + n * step for n in range(int(timedelta(days=days) / step))]
    for at in times:
        by_hour = 1 - swing / 2 * (1 - math.cos(2 * math.pi * (at.hour - top_hour) / 24))
        is_flat = kind == "flat"
        expected = level if is_flat else level * by_hour * (weekend if at.weekday() > 4 else 1)
        expected *= (1 + growth) ** ((at - MONDAY) / timedelta(days=7))
        expected *= 2.5 if kind == "new_level" and at >= new_from else 1
        value = expected * math.exp(draw.gauss(0, noise))
        if kind == "bursty" and draw.random() < 0.02:
            value += expected * (draw.paretovariate(2.5) - 0.5)
        if kind == "nightly" and at.hour == job_hour:
            value += level * 4 * math.exp(draw.gauss(0, 0.08))
        usual.append(expected)
        values.append(value)
    if kind == "outage":
        dark = draw.randrange(len(times) // 3, len(times) // 2)
        values[dark : dark + 9] = [0.0] * 9
    news = [(new_from, new_from + timedelta(days=2))] if kind == "new_level" else []
    labels = []
    part = len(times) * 4 // 5 // max(4, days // 7)
    for first in range(len(times) // 5, len(times) - part, part):
        start = first + draw.randrange(part // 2)
        length = draw.randint(1, 6) if step == HOUR else draw.randint(15, 180) * MINUTE // step
        touched = [times[start], times[start + length]]
        if any(since <= at <= until for since, until in news for at in touched):
            continue
        factor = draw.uniform(3, 7)
        for place in range(start, start + length):
            values[place] += max(usual[place], level / 2) * factor
        labels.append((times[start], times[start + length - 1]))
    return Strange(list(zip(times, values, strict=True)), labels, news)


WAYS_TO_WRITE: dict[str, Callable[[datetime], str]] = {
    "iso": lambda at: at.isoformat(),
    "no zone": lambda at: at.strftime("%Y-%m-%d %H:%M:%S"),
    "zulu": lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "offset": lambda at: at.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
    "unix": lambda at: str(int(at.timestamp())),
    "unix ms": lambda at: str(int(at.timestamp()) * 1000),
}
HEADERS = ("timestamp,value", "Time,Cost (USD)", "date,spend", "")


def as_csv(series: list[tuple[datetime, float]], way: str, seed: int) -> list[str]:
    """Lines of a file that was shuffled, lost one row of thirty and has some rows twice."""
    draw = random.Random(f"{way}/{seed}")
    rows = [f"{WAYS_TO_WRITE[way](at)},{value:.6g}" for at, value in series if draw.random() > 0.03]
    rows += draw.sample(rows, len(rows) // 50)
    draw.shuffle(rows)
    header = draw.choice(HEADERS)
    return [header, *rows] if header else rows

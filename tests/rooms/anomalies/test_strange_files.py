"""Spikes in files of others: so many are found, and so few names are false."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from integration.anomalies.detection import Settings, Spike
from integration.anomalies.hindsight import scan_whole
from integration.anomalies.series import read_series
from integration.cli.spikes_commands import spikes
from tests.rooms.anomalies.strange_files import (
    HOUR,
    WAYS_TO_WRITE,
    Kind,
    Strange,
    as_csv,
    strange,
)

if TYPE_CHECKING:
    from pathlib import Path

ANY = Settings(min_amount=0.0)
KINDS: tuple[Kind, ...] = (
    "plain", "flat", "growing", "nightly", "outage", "new_level", "bursty", "weekend",
)  # fmt: skip


def counted(truth: Strange, found: list[Spike], reach: timedelta) -> tuple[int, int, int]:
    """Labels found, alarms that are right, and alarms that are wrong."""

    def touch(spike: Spike, spans: list[tuple[datetime, datetime]]) -> bool:
        return any(spike.start <= last + reach and spike.end >= first - reach
                   for first, last in spans)  # fmt: skip

    right = sum(touch(spike, truth.labels) for spike in found)
    named = sum(any(touch(spike, [label]) for spike in found) for label in truth.labels)
    wrong = sum(not touch(spike, truth.labels + truth.news) for spike in found)
    return named, right, wrong


@pytest.mark.parametrize(
    ("kinds", "days", "step", "least_precision", "least_recall"),
    [
        (KINDS[:6], 42, HOUR, 0.95, 0.95),
        (KINDS[6:], 42, HOUR, 0.70, 0.85),
        (KINDS[:4], 14, timedelta(minutes=5), 0.95, 0.95),
        (KINDS[:3], 5, timedelta(minutes=1), 0.95, 0.85),
    ],
)
def test_spikes_are_found_and_few_names_are_false(
    kinds: tuple[Kind, ...], days: int, step: timedelta, least_precision: float,
    least_recall: float,
) -> None:  # fmt: skip
    named = right = wrong = labels = 0
    for number, kind in enumerate(kinds):
        for seed in (1, 2):
            truth = strange(kind, seed, days=days, step=step)
            way = [*WAYS_TO_WRITE][number % len(WAYS_TO_WRITE)]
            found = scan_whole(read_series(as_csv(truth.series, way, seed)), ANY)
            counts = counted(truth, found, max(step, timedelta(minutes=15)))
            named, right, wrong = named + counts[0], right + counts[1], wrong + counts[2]
            labels += len(truth.labels)
    assert right / (right + wrong) >= least_precision
    assert named / labels >= least_recall


@pytest.mark.parametrize("way", WAYS_TO_WRITE)
def test_a_scan_answers_in_the_terms_of_the_file(tmp_path: Path, way: str) -> None:
    series = [(datetime(2026, 3, 2, tzinfo=UTC) + n * HOUR, 10.0 + n % 3) for n in range(400)]
    for place in (300, 301, 302):
        series[place] = (series[place][0], 90.0 + place)
    file = tmp_path / "spend.csv"
    file.write_text("\n".join(as_csv(series, way, seed=3)))
    answer = CliRunner().invoke(spikes, ["scan", str(file), "--min-amount", "0", "--json"])
    (spike,) = json.loads(answer.stdout)
    assert spike.keys() == {"start", "peak", "end", "score"}
    texts = {WAYS_TO_WRITE[way](at) for at, _ in series[300:303]}
    assert {str(spike["start"]), str(spike["peak"]), str(spike["end"])} <= texts
    assert isinstance(spike["start"], int) == way.startswith("unix")
    assert spike["score"] > 5


def test_a_file_that_is_too_short_says_so_and_holds_no_spike(tmp_path: Path) -> None:
    file = tmp_path / "spend.csv"
    file.write_text("timestamp,value\n2026-03-02,1\n")
    answer = CliRunner().invoke(spikes, ["scan", str(file), "--json"])
    assert json.loads(answer.stdout) == []
    assert "Only 1 points" in answer.stderr

"""Spikes on series whose truth is known."""

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.anomalies.detection import Settings, Spike, SpikeDetector, scan

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
Series = list[tuple[datetime, float]]


def hourly(days: int, seed: int = 1, level: float = 10.0, noise: float = 0.05) -> Series:
    """Office hours cost `level`, nights a fifth and weekends a tenth of it, with a little noise."""
    draw = random.Random(seed)
    series = []
    for hour in range(days * 24):
        usual = level if 8 <= hour % 24 < 18 else level / 5
        usual *= 0.1 if hour // 24 % 7 >= 5 else 1.0
        series.append((MONDAY + hour * HOUR, usual * (1 + draw.gauss(0, noise))))
    return series


def lifted(series: Series, first: int, values: list[float]) -> Series:
    changed = list(series)
    for step, value in enumerate(values):
        changed[first + step] = (series[first + step][0], series[first + step][1] + value)
    return changed


def test_a_spike_has_its_start_peak_end_and_cost() -> None:
    series = lifted(hourly(21), 15 * 24 + 10, [30.0, 60.0, 30.0])
    (spike,) = scan(series)
    at = MONDAY + (15 * 24 + 10) * HOUR
    assert (spike.start, spike.peak, spike.end) == (at, at + HOUR, at + 2 * HOUR)
    assert not spike.is_open
    assert spike.amount == pytest.approx(120 + 30, rel=0.05)
    assert spike.usual == pytest.approx(30, rel=0.1)
    assert spike.score > 15


def test_office_hours_weekends_and_mondays_are_no_spikes() -> None:
    assert scan(hourly(35), Settings(min_amount=0.0)) == []


def test_a_spike_at_night_is_found_though_office_hours_cost_more() -> None:
    series = lifted(hourly(21), 15 * 24 + 2, [9.0])
    (spike,) = scan(series)
    assert spike.start == MONDAY + (15 * 24 + 2) * HOUR


def test_below_the_smallest_amount_nobody_is_told() -> None:
    series = lifted(hourly(21), 15 * 24 + 2, [9.0])
    assert scan(series, Settings(min_amount=9.5)) == []


def test_steady_growth_is_no_spike() -> None:
    series = [(at, value * 1.15 ** (number / 168)) for number, (at, value)
              in enumerate(hourly(42))]  # fmt: skip
    assert scan(series) == []


def test_the_return_after_an_outage_is_no_spike() -> None:
    series = hourly(28)
    for hour in range(16 * 24 + 9, 17 * 24 + 12):
        series[hour] = (series[hour][0], 0.0)
    assert scan(series) == []


def test_a_nightly_job_is_usual_from_its_second_run_on() -> None:
    series = hourly(21)
    for day in range(3, 21):
        series = lifted(series, day * 24 + 2, [80.0])
    starts = [spike.start for spike in scan(series)]
    assert starts == [MONDAY + (day * 24 + 2) * HOUR for day in (3, 4)][: len(starts)]
    assert len(starts) >= 1


def test_a_new_level_is_one_spike_and_then_the_new_normal() -> None:
    series = lifted(hourly(35), 15 * 24, [30.0] * (20 * 24))
    found = scan(series)
    assert found[0].start == MONDAY + 15 * 24 * HOUR
    assert found[0].end <= found[0].start + 30 * HOUR
    assert len(found) <= 2


def test_a_spike_at_the_end_is_open() -> None:
    (spike,) = scan(lifted(hourly(15), 14 * 24 + 22, [40.0, 45.0]))
    assert spike.is_open
    assert spike.end == MONDAY + (15 * 24 - 1) * HOUR


def test_reading_point_by_point_finds_what_reading_at_once_finds() -> None:
    series = lifted(hourly(21), 15 * 24 + 10, [30.0, 60.0, 30.0])
    detector = SpikeDetector(HOUR, Settings())
    for at, value in series:
        detector.see(at, value)
    assert detector.closed() == scan(series)


def test_a_running_hour_is_above_once_it_exceeds_what_a_whole_one_may_reach() -> None:
    detector = SpikeDetector(HOUR, Settings())
    series = hourly(16)
    for at, value in series:
        detector.see(at, value)
    running = series[-1][0] + HOUR
    assert detector.glance(running, 2.5) is None  # As much as a usual hour at night.
    spike = detector.glance(running, 25.0)
    assert spike is not None
    assert spike.is_open
    assert spike.start == running


def test_a_glance_learns_nothing() -> None:
    series = lifted(hourly(16), 15 * 24 + 10, [60.0])
    once, often = SpikeDetector(HOUR, Settings()), SpikeDetector(HOUR, Settings())
    for at, value in series:
        once.see(at, value)
        for part in range(1, 12):
            often.glance(at, value * part / 12)
        often.see(at, value)
    assert once.closed() == often.closed()
    assert once.ongoing() == often.ongoing()


def test_on_the_first_day_only_what_is_far_beyond_the_smallest_amount_counts() -> None:
    series = lifted([(MONDAY + n * HOUR, 0.5) for n in range(20)], 16, [20.0])
    assert len(scan(series, Settings(min_amount=2.0))) == 1
    assert scan(series, Settings(min_amount=5.0)) == []


@pytest.mark.parametrize(("minutes", "points"), [(1, 4320), (5, 2016), (60, 504), (1440, 60)])
@pytest.mark.parametrize("magnitude", [1e-6, 1.0, 1e9])
def test_any_spacing_and_any_magnitude(minutes: int, points: int, magnitude: float) -> None:
    draw = random.Random(minutes)
    step = timedelta(minutes=minutes)
    series = [(MONDAY + n * step, magnitude * draw.gauss(100, 5)) for n in range(points)]
    series = lifted(series, points * 3 // 4, [magnitude * 150])
    found = scan(series, Settings(min_amount=0.0))
    assert [spike.peak for spike in found] == [MONDAY + points * 3 // 4 * step]


def test_a_short_series_of_minutes_has_a_verdict_without_seasons() -> None:
    draw = random.Random(5)
    series = [(MONDAY + timedelta(minutes=n), draw.gauss(100, 5)) for n in range(300)]
    (spike,) = scan(lifted(series, 250, [120.0]), Settings(min_amount=0.0))
    assert spike.peak == MONDAY + timedelta(minutes=250)


def test_gaps_in_a_series_are_no_zeros() -> None:
    series = [point for number, point in enumerate(hourly(28)) if number % 50 >= 7]
    assert scan(series) == []


def test_an_unsorted_series_is_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        scan([(MONDAY + HOUR, 1.0), (MONDAY, 1.0)])


@pytest.mark.parametrize("series", [[], [(MONDAY, 1.0)], [(MONDAY, 0.0), (MONDAY + HOUR, 0.0)]])
def test_next_to_nothing_holds_no_spike(series: Series) -> None:
    assert scan(series, Settings(min_amount=0.0)) == []


@given(
    st.lists(st.floats(0, 1e9), min_size=40, max_size=160),
    st.sampled_from([5, 60, 1440]),
    st.floats(0, 100),
)
@settings(max_examples=60, deadline=None)
def test_spikes_are_in_order_apart_and_large_enough(
    values: list[float], minutes: int, least: float
) -> None:
    series = [(MONDAY + n * timedelta(minutes=minutes), v) for n, v in enumerate(values)]
    found: list[Spike] = scan(series, Settings(min_amount=least))
    for spike in found:
        assert spike.start <= spike.peak <= spike.end
        assert spike.amount - spike.usual >= least
        assert spike.score >= 0
    for earlier, later in pairwise(found):
        assert earlier.end < later.start
    assert sum(spike.is_open for spike in found) <= 1

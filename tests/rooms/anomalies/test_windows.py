"""Sums of several lengths, what recurs, and what a series does by itself."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest

from integration.anomalies.detection import Settings, Spike, scan
from integration.anomalies.habits import Habit
from integration.anomalies.jobs import Jobs
from integration.anomalies.windows import lengths_for

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SLICE, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)
Series = list[tuple[datetime, float]]


def slices(days: int, noise: float, seed: int = 1) -> Series:
    """Around 10 in every five minutes."""
    draw = random.Random(seed)
    return [(MONDAY + n * SLICE, 10 * draw.lognormvariate(0, noise)) for n in range(days * 288)]


def raised(series: Series, first: datetime, last: datetime, factor: float) -> Series:
    return [(at, value * factor if first <= at < last else value) for at, value in series]


def found(series: Series) -> list[Spike]:
    return scan(series, Settings(min_amount=0.0))


@pytest.mark.parametrize(
    ("step", "lengths"),
    [
        (SLICE, (1, 2, 3, 6, 12, 24, 48)),
        (HOUR, (1, 2, 3, 6)),
        (DAY, (1,)),
    ],
)
def test_lengths_double_up_to_the_span(step: timedelta, lengths: tuple[int, ...]) -> None:
    assert lengths_for(step, timedelta(hours=6)) == lengths


def test_a_low_rise_shows_in_the_sum_of_many_points_and_in_none_alone() -> None:
    """Noise of 30 %: single points reach 3 times the usual by themselves."""
    begins = MONDAY + 10 * DAY + 9 * HOUR
    series = raised(slices(12, 0.3), begins, begins + 4 * HOUR, 1.8)
    (spike,) = found(series)
    assert begins <= spike.start <= begins + HOUR
    assert found(slices(12, 0.3)) == []


def test_a_tall_rise_is_told_with_its_first_point() -> None:
    begins = MONDAY + 10 * DAY + 9 * HOUR + 2 * SLICE
    series = raised(slices(12, 0.1), begins, begins + 6 * SLICE, 4)
    (spike,) = found(series)
    assert (spike.start, spike.end) == (begins, begins + 5 * SLICE)
    assert found(series[: series.index((begins, dict(series)[begins])) + 1])[0].start == begins


def test_bursts_that_come_and_go_are_a_habit_and_a_larger_one_is_a_spike() -> None:
    """Two or three bursts a day at any time, of up to eight times the usual."""
    draw = random.Random(4)
    series = [(at, value * (draw.uniform(3, 8) if draw.random() < 0.01 else 1))
              for at, value in slices(28, 0.1)]  # fmt: skip
    late = [spike for spike in found(series) if spike.start > MONDAY + 14 * DAY]
    assert late == []
    begins = MONDAY + 25 * DAY + 9 * HOUR
    (spike,) = found(raised(series, begins, begins + 3 * SLICE, 40))[-1:]
    assert spike.start == begins


def test_a_habit_is_what_is_exceeded_often_continued_with_its_own_slope() -> None:
    """One block of ten is over 5."""
    habit = Habit(blocks_a_day=6, return_days=28)
    tail = [8.0, 6.0, 5.0, 4.0, 3.5, 3.0]
    heights = (tail + [1.0] * 14) * 7
    for block, height in enumerate(heights):
        habit.note(block, height)
    # Fourteen of 140 are over 5, by 2 on average; once in 28 days is one block in 168.
    level = 5.0 + 2.0 * (1 + 3 / math.sqrt(14)) * math.log(168 * 14 / 140)
    assert habit.bound(141) == pytest.approx(level)


def test_what_rises_now_does_not_raise_its_own_bound() -> None:
    habit = Habit(blocks_a_day=6, return_days=28)
    for block in range(100):
        habit.note(block, 1.0)
    habit.note(99, 50.0)
    assert habit.bound(100) == 2.0
    assert habit.bound(101) > 10.0


def test_where_spikes_may_be_many_the_tallest_blocks_are_no_habit_though_untold() -> None:
    told, looked_through = Habit(6, 28), Habit(6, 28, with_hindsight=True)
    for block in range(150):
        for habit in (told, looked_through):
            habit.note(block, 50.0 if block % 30 == 10 else 1.0)
    assert looked_through.bound(151) == 2.0
    assert told.bound(151) > 50.0


def test_few_spikes_are_no_habit_and_many_are() -> None:
    rare, often = Habit(6, 28), Habit(6, 28)
    for block in range(150):
        rare.note(block, 1.0)
        often.note(block, 1.0)
        if block % 60 == 10:
            rare.note_spike(block, 50.0)
        if block % 6 == 1:
            often.note_spike(block, 50.0)
    assert rare.bound(149) == pytest.approx(2.0)
    assert often.bound(149) >= 50.0


def test_a_job_is_known_by_two_of_the_last_seven_days() -> None:
    jobs = Jobs(SLICE)
    night = MONDAY + 2 * HOUR
    for day in range(6):
        for place in range(288):
            at = MONDAY + day * DAY + place * SLICE
            jobs.see(at, 80.0 if at == night + day * DAY and day in {1, 4} else 1.0)
    assert jobs.height(night + 6 * DAY) == 80.0
    assert jobs.height(night + 6 * DAY + 2 * SLICE) == 80.0  # It may come a little later.
    assert jobs.height(night + 6 * DAY + 6 * SLICE) == 1.0
    jobs.see(night + 12 * DAY, 1.0)
    assert jobs.height(night + 12 * DAY) == 1.0  # A week later it is forgotten.


def test_what_an_outage_leaves_behind_neither_hides_nor_makes_a_spike() -> None:
    series = slices(14, 0.1)
    dark = MONDAY + 9 * DAY
    series = raised(series, dark, dark + 20 * HOUR, 0.0)
    assert found(series) == []
    begins = MONDAY + 11 * DAY + 9 * HOUR
    (spike,) = found(raised(series, begins, begins + HOUR, 3))
    assert spike.start == begins

"""What comes later explains what came before."""

from datetime import timedelta

import pytest

from integration.anomalies.detection import Settings, Spike, scan
from integration.anomalies.hindsight import scan_whole
from tests.rooms.anomalies.test_detection import HOUR, MONDAY, Series, hourly, lifted

DAY = timedelta(days=1)
ANY = Settings(min_amount=0.0)


def starts(spikes: list[Spike]) -> list[timedelta]:
    return [spike.start - MONDAY for spike in spikes]


def test_a_spike_on_the_first_day_is_found() -> None:
    series = lifted(hourly(21), 10, [50.0, 60.0])
    assert starts(scan_whole(series, ANY)) == [10 * HOUR]
    assert scan(series, ANY) == []


def test_a_spike_on_the_first_weekend_is_found() -> None:
    series = lifted(hourly(21), 5 * 24 + 10, [40.0])
    assert starts(scan_whole(series, ANY)) == [5 * DAY + 10 * HOUR]


@pytest.mark.parametrize("since", [0, 3, 12])
def test_a_nightly_job_is_no_spike_not_even_in_its_first_nights(since: int) -> None:
    series = hourly(21)
    for day in range(since, 21):
        series = lifted(series, day * 24 + 2, [80.0])
    assert scan_whole(series, ANY) == []


def test_a_weekly_job_is_no_spike() -> None:
    series = hourly(42)
    for week in range(6):
        series = lifted(series, week * 168 + 24 + 3, [80.0])
    assert scan_whole(series, ANY) == []


def test_a_new_level_is_no_job_though_it_comes_back_every_day() -> None:
    series = lifted(hourly(42), 25 * 24, [30.0] * (17 * 24))
    assert 25 * DAY in starts(scan_whole(series, ANY))


def test_office_hours_weekends_growth_and_outages_are_no_spikes_from_the_first_day() -> None:
    grown: Series = [
        (at, value * 1.15 ** (n / 168) * (0.0 if 300 <= n < 320 else 1.0))
        for n, (at, value) in enumerate(hourly(42))
    ]
    assert scan_whole(grown, ANY) == []


def test_what_is_found_late_is_what_the_detector_finds_by_itself() -> None:
    series = lifted(hourly(28), 20 * 24 + 10, [30.0, 60.0, 30.0])
    assert scan_whole(series, ANY) == scan(series, ANY)


def test_less_than_two_days_are_judged_as_they_came() -> None:
    series = lifted(hourly(1), 18, [90.0])
    assert scan_whole(series, ANY) == scan(series, ANY)
    assert scan_whole([]) == []


def test_an_open_spike_stays_open() -> None:
    (spike,) = scan_whole(lifted(hourly(15), 14 * 24 + 22, [40.0, 45.0]), ANY)
    assert spike.is_open

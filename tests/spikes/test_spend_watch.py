"""What is kept from look to look changes no verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from integration.journeys.detect_spikes import new_watch
from integration.journeys.spend_memory import SpendMemory
from tests.doors.worlds import World, at
from tests.spikes.test_spike_journey import calm, started

if TYPE_CHECKING:
    from integration.anomalies.detection import Spike
    from integration.journeys.spend_watch import SpendWatch

CALL_NANOUSD = 20_000_000


def looked(world: World, watch: SpendWatch, subject: tuple[str, str], now: datetime) -> list[Spike]:
    with world.service.transactions.begin() as session:
        watch.memory.bring_up_to_date(session, world.workspace_id, now)
    return watch.spikes(subject, now)


def test_looking_again_and_again_sees_what_a_first_look_sees(world: World) -> None:
    story = started(world)
    calm(world, at(20, 9), story)
    kept = new_watch()
    begins = at(20, 9, 10)
    world.usage(story, begins, calls=220, tokens=(6000, 500))
    for minutes in (0, 1, 4, 61, 200, 460, 1500):
        now = begins + timedelta(minutes=minutes)
        seen = looked(world, kept, ("story", story), now)
        assert seen == looked(world, new_watch(), ("story", story), now)
        assert len(seen) == 1


def test_usage_that_comes_days_late_is_judged_where_it_belongs(world: World) -> None:
    story = started(world)
    calm(world, at(20, 9), story)
    kept = new_watch()
    assert looked(world, kept, ("story", story), at(20, 9)) == []
    world.usage(story, at(18, 11, 20), calls=400, tokens=(6000, 500))
    (late,) = looked(world, kept, ("story", story), at(20, 9, 1))
    assert late.start == at(18, 11, 20)
    assert looked(world, new_watch(), ("story", story), at(20, 9, 1)) == [late]


def test_of_a_day_that_takes_long_the_newest_slices_are_read_and_the_rest_in_its_time(
    world: World,
) -> None:
    story = started(world)
    world.usage(story, at(20, 9, 2), calls=10, tokens=(6000, 500))
    hurried, patient = SpendMemory(rest=0), SpendMemory(rest=3 * 10**6)
    subject, day = ("story", story), at(20, 0).date()

    def costs(now: datetime) -> tuple[list[int], list[int]]:
        for memory in (hurried, patient):
            with world.service.transactions.begin() as session:
                memory.bring_up_to_date(session, world.workspace_id, now)
        return tuple([cost for cost in memory.amounts(subject, day) if cost]  # type: ignore[return-value]
                     for memory in (hurried, patient))  # fmt: skip

    assert costs(at(20, 9, 4)) == ([10 * CALL_NANOUSD], [10 * CALL_NANOUSD])
    world.usage(story, at(20, 9, 6), calls=3, tokens=(6000, 500))
    world.usage(story, at(20, 9, 3), calls=1, tokens=(6000, 500))
    newest = [11 * CALL_NANOUSD, 3 * CALL_NANOUSD]
    assert costs(at(20, 9, 7)) == (newest, newest)
    world.usage(story, at(20, 8, 30), calls=5, tokens=(6000, 500))
    late = [5 * CALL_NANOUSD, *newest]
    assert costs(at(20, 9, 8)) == (late, newest)
    by_the_hour = [5 * CALL_NANOUSD, 14 * CALL_NANOUSD]
    assert costs(at(20, 9) + timedelta(days=27)) == (by_the_hour, by_the_hour)


def test_days_older_than_two_weeks_are_kept_by_the_hour(world: World) -> None:
    story = started(world)
    calm(world, at(20, 9), story)
    watch, subject = new_watch(), ("story", story)
    looked(world, watch, subject, at(20, 9))
    day = at(10, 0).date()
    assert len(watch.memory.amounts(subject, day)) == 288
    looked(world, watch, subject, datetime(2026, 11, 26, tzinfo=UTC))
    hours = watch.memory.amounts(subject, day)
    assert list(hours) == [12 * 20_000_000 if 8 <= hour < 18 else 0 for hour in range(24)]

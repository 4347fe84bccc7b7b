"""Grid intensity read live: the job, the calls that come meanwhile, the audit and the doctor."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.assembly import default_books
from integration.carbon import live_store
from integration.carbon.live_grid import GridHour
from integration.cli.carbon_commands import carbon
from integration.foundation.clock import FixedClock
from integration.jobs.diagnose_intensity import diagnose_intensity
from integration.jobs.house import House, LiveGridSource
from integration.jobs.outside import Outside
from integration.jobs.read_intensity import read_intensity
from integration.journeys.book_shelf import BookShelf
from integration.journeys.record_usage import record_usage
from integration.metering.usage import UsageEvent
from tests.adapters.test_electricity_maps import history, hour, peer
from tests.doors.worlds import SMALL, at
from tests.estimates.commands import answer

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from integration.providers.electricity_maps import ElectricityMaps
    from tests.doors.worlds import World

ZONES = {"eu-west-1": "FR"}
TEN = at(20, 10)


def house(world: World, client: ElectricityMaps, now: datetime = TEN) -> House:
    """Return a house that reads France."""
    there, clock = world.service.transactions, FixedClock(now)
    return House(
        there, BookShelf(there, default_books(), ZONES, clock),
        Outside(there, world.service.box, clock), clock, "http://localhost",
        live_grid=LiveGridSource(client, ("FR",)),
    )  # fmt: skip


def said_by_the_doctor(here: House) -> list[tuple[bool, str]]:
    """Return whether each finding is well, and its sentence."""
    return [(each.is_well, each.sentence) for each in diagnose_intensity(here)]


def test_the_job_keeps_new_and_revised_hours_and_asks_only_when_due(world: World) -> None:
    first = history(hour("08:00:00", 30), hour("09:00:00", 35, isEstimated=True))
    with peer(first) as (client, asked):
        here = house(world, client)
        assert read_intensity(here) == 2
        assert read_intensity(here) == 0
        assert len(asked) == 1
    revised = history(hour("08:00:00", 30), hour("09:00:00", 28))
    later = TEN + live_store.FRESH_FOR
    with peer(revised) as (client, _):
        assert read_intensity(house(world, client, later)) == 1
    with world.service.transactions.begin() as session:
        known = live_store.hours_at_hand(session, ["FR"], later)
        assert [(each.hour, each.g_per_kwh) for each in known] == [(at(20, 8), 30), (at(20, 9), 28)]
        assert live_store.newest_reading(session) == 3


def test_a_service_that_fails_is_left_alone_for_longer_each_time(world: World) -> None:
    with peer(b"", 500) as (client, asked):
        now = TEN
        for wait_s in (30, 60, 120):
            here = house(world, client, now)
            read_intensity(here)
            read_intensity(here)
            now += timedelta(seconds=wait_s)
        assert len(asked) == 3
        ((is_well, sentence),) = said_by_the_doctor(house(world, client, now))
    assert not is_well
    assert sentence.startswith("FR cannot be read: HTTP 500. Tried 3 times")


def test_the_doctor_tells_off_unread_live_and_stale(world: World) -> None:
    with peer(history(hour("09:00:00", 35, isEstimated=True))) as (client, _):
        here = house(world, client)
        off = said_by_the_doctor(replace(here, live_grid=None))
        unread = said_by_the_doctor(here)
        read_intensity(here)
        live = said_by_the_doctor(here)
        stale = said_by_the_doctor(house(world, client, TEN + timedelta(hours=6)))

    assert off[0][0]
    assert "Not read live" in off[0][1]
    assert unread == [(True, "FR has not been asked for yet: the worker does it within a minute.")]
    assert live == [(
        True,
        "FR is read: 35 g/kWh in the hour from 2026-11-20 09:00 UTC, estimated by the source.",
    )]  # fmt: skip
    assert not stale[0][0]


def test_calls_take_the_hour_they_fall_into_and_can_be_worked_out_again_after_a_revision(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "DATABASE_URL", world.service.engine.url.render_as_string(hide_password=False)
    )
    world.sprint()
    key = world.story(1, "A feature")
    with peer(history(hour("09:00:00", 1000), hour("08:00:00", 10))) as (client, _):
        here = house(world, client)
        read_intensity(here)
    books = here.books.for_workspace("acme")
    there = world.service.transactions
    for name, when in (("nine", at(20, 9)), ("eight", at(20, 8)), ("long-ago", at(18, 9))):
        event = UsageEvent(
            source="api", occurred_at=when, provider_name="openai", request_model=SMALL,
            input_tokens=1000, output_tokens=200, region="eu-west-1", story_key=key, event_id=name,
        )  # fmt: skip
        assert record_usage(there, "acme", [event], books, now=TEN) == ["accepted"]
    with there.begin() as session:
        revised = GridHour(
            zone="FR", hour=at(20, 9), g_per_kwh=5.0, is_estimated=False, source="Later"
        )
        live_store.add_hours(session, "FR", [revised], TEN)

    found = answer(carbon, "explain", key)

    assert (found["checked"], found["differing"]) == (3, 0)
    by_hour = {each["occurred_at"][8:13]: each["arithmetic"] for each in found["entries"]}
    assert by_hour["20T09"]["g_per_kwh"] == 1000
    assert by_hour["20T08"]["g_per_kwh"] == 10
    assert "2026-11-20T09:00Z, measured" in by_hour["20T09"]["sources"][-1]
    # Ireland's annual value stands for what is too old to be at hand, and says so.
    assert by_hour["18T09"]["zone"] == "IRL"
    assert any("factor of Ireland" in each for each in by_hour["18T09"]["assumptions"])

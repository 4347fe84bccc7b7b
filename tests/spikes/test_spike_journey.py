"""Spikes as the worker finds them, minute by minute, on the real database."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from integration.anomalies import store as spikes
from integration.foundation.periods import Period
from integration.journeys.record_usage import record_usage
from integration.journeys.spike_causes import DAYS_BEFORE
from integration.mailbox.models import OutboxRow
from integration.metering.usage import UsageEvent
from tests.doors.worlds import CHAT, STARTS_AT, World, at

if TYPE_CHECKING:
    from datetime import datetime

    from integration.anomalies.store import StoredSpike

ROW = ("Summaries", CHAT, "1000", "6000", "500", "", "eu-west-1")


def calm(world: World, until: datetime, *stories: str, **other: Any) -> None:
    """Meter twelve calls in every working hour since the Sprint began: 0.24 dollars an hour."""
    hours = [STARTS_AT.replace(hour=8, minute=5) + timedelta(hours=n) for n in range(300)]
    events = [
        UsageEvent(
            source="api", occurred_at=when, provider_name="openai", request_model=CHAT,
            event_id=f"{story}:{when.isoformat()}", calls=12, input_tokens=72_000,
            output_tokens=6_000, story_key=story, region="eu-west-1", **other,
        )
        for story in stories
        for when in hours
        if 8 <= when.hour < 18 and when < until
    ]  # fmt: skip
    record_usage(world.service.transactions, world.workspace_id, events, world.books, now=until)


def recorded(world: World) -> list[StoredSpike]:
    with world.service.transactions.begin() as session:
        return spikes.spikes_in(session, world.workspace_id, Period(STARTS_AT, None))


def promised(world: World) -> list[dict[str, Any]]:
    with world.service.transactions.begin() as session:
        rows = session.query(OutboxRow).filter(OutboxRow.kind == "slack.spike").all()
        return [row.body["spike"] | {"version": row.version} for row in rows]


def started(world: World) -> str:
    world.sprint()
    return world.story(4, "Summarise uploaded contracts", ROW)


def test_a_spike_is_told_at_the_next_look_and_once(world: World) -> None:
    story = started(world)
    calm(world, at(20, 9), story)
    world.usage(story, at(20, 9, 10), calls=220, tokens=(6000, 500))
    world.look_for_spikes(at(20, 9, 12))
    world.look_for_spikes(at(20, 9, 13))
    (spike,) = recorded(world)
    assert (spike.subject_kind, spike.subject) == ("story", story)
    assert spike.started_at == at(20, 9, 10)
    assert spike.ended_at is None
    assert spike.amount_nanousd == 220 * 20_000_000
    assert spike.usual_nanousd == 20_000_000  # Twelve calls an hour are one in five minutes.
    assert [(cause.kind, cause.amount_nanousd, cause.detail) for cause in spike.causes] == [
        ("more_calls", 219 * 20_000_000, "220×")
    ]
    (told,) = promised(world)
    assert told["version"] == 1


def test_an_open_spike_is_told_again_only_when_it_grew_by_a_quarter(world: World) -> None:
    story = started(world)
    calm(world, at(20, 9), story)
    world.usage(story, at(20, 9, 10), calls=220, tokens=(6000, 500))
    world.look_for_spikes(at(20, 9, 12))
    world.usage(story, at(20, 9, 13), calls=40, tokens=(6000, 500))
    world.look_for_spikes(at(20, 9, 15))
    assert [told["version"] for told in promised(world)] == [1]
    world.usage(story, at(20, 9, 20), calls=40, tokens=(6000, 500))
    world.look_for_spikes(at(20, 9, 22))
    assert [told["version"] for told in promised(world)] == [2]
    assert promised(world)[0]["amount_nanousd"] == 300 * 20_000_000


def test_a_spike_that_is_over_says_so_and_when(world: World) -> None:
    story = started(world)
    calm(world, at(20, 9), story)
    world.usage(story, at(20, 9, 10), calls=220, tokens=(6000, 500))
    world.look_for_spikes(at(20, 9, 12))
    for hour in range(10, 16):
        world.usage(story, at(20, hour, 5), calls=12, tokens=(6000, 500))
    world.look_for_spikes(at(20, 15, 30))
    (spike,) = recorded(world)
    assert spike.ended_at == at(20, 9, 15)
    assert promised(world)[0]["ended_at"] == "2026-11-20T09:15:00Z"


def test_a_spike_that_began_and_ended_between_two_looks_is_recorded_and_told(world: World) -> None:
    story = started(world)
    calm(world, at(20, 9), story)
    world.look_for_spikes(at(20, 8, 59))
    world.usage(story, at(20, 9, 10), calls=220, tokens=(6000, 500))
    for hour in range(10, 16):
        world.usage(story, at(20, hour, 5), calls=12, tokens=(6000, 500))
    world.look_for_spikes(at(20, 15, 30))
    world.look_for_spikes(at(20, 15, 31))
    (spike,) = recorded(world)
    assert (spike.started_at, spike.ended_at) == (at(20, 9, 10), at(20, 9, 15))
    (told,) = promised(world)
    assert (told["ended_at"], told["version"]) == ("2026-11-20T09:15:00Z", 1)


def test_what_a_story_explains_is_no_spike_of_its_team_feature_or_model(world: World) -> None:
    story = started(world)
    names: dict[str, Any] = {"team": "Acme Assist", "feature": "contracts"}
    calm(world, at(20, 9), story, **names)
    world.usage(story, at(20, 9, 10), calls=220, tokens=(6000, 500), **names)
    world.look_for_spikes(at(20, 9, 12))
    assert [spike.subject_kind for spike in recorded(world)] == ["story"]


def test_a_rise_too_small_on_each_story_is_found_on_their_feature(world: World) -> None:
    world.sprint()
    stories = [world.story(number, f"Contract {number}", ROW) for number in range(1, 9)]
    calm(world, at(20, 9), *stories, feature="contracts")
    for story in stories:
        world.usage(story, at(20, 9, 10), calls=90, tokens=(6000, 500), feature="contracts")
    world.look_for_spikes(at(20, 9, 12))
    assert [(spike.subject_kind, spike.subject) for spike in recorded(world)] == [
        ("feature", "contracts")
    ]


def test_a_calm_fortnight_has_no_spike(world: World) -> None:
    story = started(world)
    calm(world, at(20, 16), story)
    for hour in range(9, 16):
        world.look_for_spikes(at(20, hour, 30))
    assert recorded(world) == []


def test_spend_outside_any_story_is_watched_by_its_model(world: World) -> None:
    started(world)
    calm(world, at(20, 9), "")
    world.usage("", at(20, 9, 10), calls=220, tokens=(6000, 500))
    world.look_for_spikes(at(20, 9, 12))
    assert [(spike.subject_kind, spike.subject) for spike in recorded(world)] == [("model", CHAT)]


def test_many_spikes_at_once_read_the_entries_of_a_day_once(world: World) -> None:
    first = started(world)
    stories = [first, *(world.story(number, f"Translate {number}", ROW) for number in (5, 6, 7))]
    calm(world, at(20, 9), *stories)
    for story in stories:
        world.usage(story, at(20, 9, 10), calls=220, tokens=(6000, 500))
    read: list[str] = []

    @event.listens_for(world.service.engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, *___: object) -> None:
        if "date_bin" in statement and "cache_read_input_tokens" in statement:
            read.append(statement)

    world.look_for_spikes(at(20, 9, 12))
    assert len(recorded(world)) >= len(stories)
    assert len(read) == DAYS_BEFORE + 1

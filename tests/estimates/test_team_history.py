"""What closed Sprints teach: planned 1,000 calls a story, used 2,000, so a factor of two.

One call of gpt-4o-mini with 1,000 tokens in and 200 out costs
1,000 · 0.15 + 200 · 0.60 = 270 millionths of a dollar; 1,000 calls cost 0.27 dollars.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integration.backlog.story import Membership, Story
from integration.estimation import store as estimates
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.jobs.renew_estimates import renew_estimates
from integration.journeys.close_sprint import close_sprint
from integration.journeys.estimate_story import re_estimate
from integration.journeys.keep_backlog import take_in_story
from integration.journeys.team_history import calibration_of, outcomes_of
from integration.mailbox import queries as mailbox
from integration.pricing import store as prices
from integration.pricing.override_rows import OverrideRow
from tests.doors.worlds import ENDS_AT, HEADINGS, SMALL, STARTS_AT, WEEK_BEFORE, World, at

if TYPE_CHECKING:
    from integration.estimation.store import EstimateVersion

PLAN = ("Chat", SMALL, "1000", "1000", "200", "", "eu-west-1")
CALL_NANOUSD = 270_000
DAY = timedelta(days=1)


def play_closed_sprint(world: World, stories: int = 4) -> None:
    """Play Sprint 14: every story uses twice the calls it planned."""
    world.sprint()
    for number in range(1, stories + 1):
        key = world.story(number, f"Chat feature {number}", PLAN, status="Done")
        world.usage(key, at(10, 10), calls=2000, tokens=(1000, 200), model=SMALL)
    world.close()


def next_story(world: World, number: int = 9) -> str:
    """Take in a story of Sprint 15, which begins after Sprint 14."""
    following = replace(world, sprint_id=15)
    following.sprint(state="future", starts_at=ENDS_AT + 3 * DAY, ends_at=ENDS_AT + 13 * DAY)
    return following.story(number, "Another chat feature", PLAN)


def version_of(world: World, story_key: str) -> EstimateVersion:
    with world.service.transactions.begin() as session:
        found = estimates.latest(session, "acme", story_key)
    assert found is not None
    return found


def test_closed_stories_become_outcomes(world: World) -> None:
    play_closed_sprint(world)

    with world.service.transactions.begin() as session:
        outcomes = outcomes_of(session, "acme")

    assert len(outcomes) == 4
    for outcome in outcomes:
        assert (outcome.subject.kinds, outcome.subject.models) == ({"chat": 1.0}, {SMALL: 1.0})
        assert outcome.subject.words == {"chat", "feature", "#ai"}
        assert outcome.estimate_central == 1000 * CALL_NANOUSD
        assert outcome.actual == 2000 * CALL_NANOUSD
        assert outcome.closed_at == ENDS_AT


def test_the_next_estimate_is_moved_by_what_was_learnt(world: World) -> None:
    play_closed_sprint(world)

    found = version_of(world, next_story(world)).estimate

    assert found.calibration is not None
    assert found.calibration.outcomes == 4
    assert found.list_cost_nanousd is not None
    # Four stories at twice the plan pull the plan up, though not all of the way.
    assert 1000 * CALL_NANOUSD < found.list_cost_nanousd.central < 2000 * CALL_NANOUSD


def test_without_a_closed_sprint_the_plan_stands_as_it_is(world: World) -> None:
    world.sprint()
    key = world.story(1, "Chat feature", PLAN)

    found = version_of(world, key).estimate

    assert found.calibration is None
    assert found.list_cost_nanousd is not None
    assert found.list_cost_nanousd.central == 1000 * CALL_NANOUSD


def test_the_estimate_of_the_sprints_start_is_judged_not_a_later_one(world: World) -> None:
    world.sprint()
    key = world.story(1, "Chat feature", PLAN, status="Done")
    later = ("Chat", SMALL, "9999", "1000", "200", "", "eu-west-1")
    world.story(1, "Chat feature", later, at=at(19, 9), status="Done")
    world.usage(key, at(10, 10), calls=2000, tokens=(1000, 200), model=SMALL)
    world.close()

    with world.service.transactions.begin() as session:
        (outcome,) = outcomes_of(session, "acme")

    assert outcome.estimate_central == 1000 * CALL_NANOUSD


def test_a_story_over_two_sprints_counts_once_with_all_it_spent(world: World) -> None:
    world.sprint()
    following = replace(world, sprint_id=15)
    later = ENDS_AT + 3 * DAY
    following.sprint(state="active", starts_at=later, ends_at=later + 10 * DAY)
    key = take_in_two_sprint_story(world)
    world.usage(key, at(10, 10), calls=600, tokens=(1000, 200), model=SMALL)
    world.close()
    world.usage(key, later + DAY, calls=900, tokens=(1000, 200), model=SMALL)

    with world.service.transactions.begin() as session:
        assert outcomes_of(session, "acme") == [], "it is still in a running Sprint"
    following.sprint(
        state="closed", starts_at=later, ends_at=later + 10 * DAY, completed_at=later + 10 * DAY
    )
    close_sprint(
        world.service.transactions, "acme", 15, world.books, reason="closed",
        now=later + 10 * DAY,
    )  # fmt: skip

    with world.service.transactions.begin() as session:
        (outcome,) = outcomes_of(session, "acme")
    assert outcome.actual == 1500 * CALL_NANOUSD
    assert outcome.closed_at == later + 10 * DAY


def take_in_two_sprint_story(world: World) -> str:
    story = Story(
        issue_id="20001", story_key="SHOP-21", project_key="SHOP", summary="A long chat feature",
        issue_type="Story", status="Done", status_category="done", updated_at=WEEK_BEFORE,
        created_at=WEEK_BEFORE, labels=("ai",),
        memberships=(Membership(14, STARTS_AT, ENDS_AT), Membership(15, ENDS_AT)),
    )  # fmt: skip
    take_in_story(
        world.service.transactions, "acme", story, world.books,
        rows=[list(HEADINGS), list(PLAN)], has_section=True, now=WEEK_BEFORE,
    )  # fmt: skip
    return story.story_key


def test_a_story_on_a_model_without_a_price_teaches_nothing(world: World) -> None:
    world.sprint()
    key = world.story(1, "Chat feature", PLAN, status="Done")
    world.usage(key, at(10, 10), calls=10, tokens=(1000, 200), model=SMALL)
    world.usage(key, at(11, 10), calls=10, tokens=(1000, 200), model="acme-router-7")
    world.close()

    with world.service.transactions.begin() as session:
        assert outcomes_of(session, "acme") == []


def test_the_history_is_fitted_once_until_a_report_changes(world: World) -> None:
    play_closed_sprint(world)

    with world.service.transactions.begin() as session:
        first = calibration_of(session, "acme")
    with world.service.transactions.begin() as session:
        again = calibration_of(session, "acme")
    assert first is again
    world.usage("SHOP-1", at(12, 10), calls=500, tokens=(1000, 200), model=SMALL, now=at(21, 8))
    world.close(at(21, 9), "late usage")
    with world.service.transactions.begin() as session:
        renewed = calibration_of(session, "acme")
    assert renewed is not first


def test_another_workspace_learns_nothing_from_it(world: World) -> None:
    play_closed_sprint(world)
    with world.service.transactions.begin() as session:
        assert calibration_of(session, "acme") is not None
        assert calibration_of(session, "other") is None


def test_open_stories_are_estimated_anew_once_history_is_there(world: World) -> None:
    key = next_story(world)
    play_closed_sprint(world)

    changed = re_estimate(world.service.transactions, "acme", world.books, now=ENDS_AT + DAY)

    assert changed == [key]
    assert version_of(world, key).version == 2
    body = comment_of(world, key)
    assert body["estimate_version"] == 2
    assert body["change"]["since_version"] == 1
    assert body["change"]["reasons"] == ["history"]


def test_nothing_changed_estimates_nothing_anew_and_writes_nothing(world: World) -> None:
    key = next_story(world)
    play_closed_sprint(world)
    re_estimate(world.service.transactions, "acme", world.books, now=ENDS_AT + DAY)
    promised = promise_versions(world, key)

    for days in (1, 2, 30):
        now = ENDS_AT + days * DAY
        assert re_estimate(world.service.transactions, "acme", world.books, now=now) == []

    assert promise_versions(world, key) == promised


def test_a_new_price_row_makes_a_version_that_says_why(world: World) -> None:
    key = next_story(world)
    row = OverrideRow(
        provider_name="openai", model=SMALL, valid_from=WEEK_BEFORE.date(), sets="list",
        input_usd_per_mtok=Decimal("0.30"),
    )  # fmt: skip
    with world.service.transactions.begin() as session:
        prices.add_overrides(session, "acme", [row], by="cli", now=ENDS_AT)
    world.service.books.forget("acme")

    renewed = re_estimate(world.service.transactions, "acme", world.books, now=ENDS_AT + DAY)

    assert renewed == [key]
    # 1,000 · 0.30 + 200 · 0.60 = 420 millionths instead of 270: +55.6 %.
    body = comment_of(world, key)
    assert body["change"]["list_cost_pct"] == "55.6"
    assert body["change"]["reasons"] == ["prices"]


def test_finished_stories_of_a_running_sprint_are_left_alone(world: World) -> None:
    key = next_story(world)
    following = replace(world, sprint_id=15)
    story = Story(
        issue_id="10009", story_key=key, project_key="SHOP", summary="Another chat feature",
        issue_type="Story", status="Done", status_category="done",
        updated_at=WEEK_BEFORE + DAY, created_at=WEEK_BEFORE, labels=("ai",),
        memberships=(Membership(15, STARTS_AT),),
    )  # fmt: skip
    take_in_story(
        following.service.transactions, "acme", story, world.books,
        rows=[list(HEADINGS), list(PLAN)], has_section=True, now=WEEK_BEFORE + DAY,
    )  # fmt: skip
    play_closed_sprint(world)

    assert re_estimate(world.service.transactions, "acme", world.books, now=ENDS_AT + DAY) == []

    # Jira tells of the story again, after the team's history would have moved its estimate.
    take_in_story(
        following.service.transactions, "acme",
        replace(story, updated_at=ENDS_AT + DAY), world.books,
        rows=[list(HEADINGS), list(PLAN)], has_section=True, now=ENDS_AT + DAY,
    )  # fmt: skip
    assert version_of(world, key).version == 1


@pytest.mark.parametrize("times", [1, 2])
def test_the_job_renews_each_workspace_when_something_changed(world: World, times: int) -> None:
    service = world.service
    key = next_story(world)
    play_closed_sprint(world)
    house = House(
        service.transactions, service.books,
        Outside(service.transactions, service.box, service.clock), service.clock, "http://localhost",
    )  # fmt: skip

    for _ in range(times):
        renew_estimates(house)

    assert version_of(world, key).version == 2


def comment_of(world: World, story_key: str) -> dict[str, Any]:
    with world.service.transactions.begin() as session:
        promised = mailbox.promised(session, "acme", "jira.comment", story_key)
        assert promised is not None
        return dict(promised.body)


def promise_versions(world: World, story_key: str) -> list[int]:
    with world.service.transactions.begin() as session:
        found = [
            mailbox.promised(session, "acme", kind, story_key)
            for kind in ("jira.story", "jira.comment")
        ]
        return [promise.version for promise in found if promise]

"""What-if once Sprints have taught something: the figures that people see beside each other add up.

Planned by hand: 1,000 calls with 1,000 tokens in and 200 out cost 4.50 dollars with gpt-4o and 0.27
with gpt-4o-mini. The history moves each by a factor of its own: the closed stories ran on
gpt-4o-mini, so they say more of it than of gpt-4o.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from integration.backlog import store as backlog
from integration.estimation.subject import subject_of
from integration.estimation.workload import Workload
from integration.journeys.finished_stories import traits_of
from integration.journeys.team_history import calibration_of
from integration.web.slack_desk import Desk
from tests.doors.worlds import CHAT, SMALL, World, at
from tests.estimates.test_alternatives import PLAN, approve, get

if TYPE_CHECKING:
    from flask.testing import FlaskClient

SMALL_PLAN = ("Chat", SMALL, "1000", "1000", "200", "", "eu-west-1")
PLANNED_USD = {CHAT: Decimal("4.5"), SMALL: Decimal("0.27")}


def play_closed_sprint(world: World) -> str:
    """Estimate a story of gpt-4o, then close its Sprint, in which gpt-4o-mini was used twice."""
    world.sprint()
    key = world.story(9, "Chat feature", PLAN)
    for number in range(1, 5):
        other = world.story(number, f"Chat feature {number}", SMALL_PLAN, status="Done")
        world.usage(other, at(10, 10), calls=2000, tokens=(1000, 200), model=SMALL)
    world.close()
    return key


def learnt_factor(world: World, story_key: str, model: str) -> float:
    """Return what the history multiplies the story's plan by, were it run on a model."""
    workload = Workload(
        "Chat", "chat", model=model, calls=Decimal(1000), input_tokens=Decimal(1000),
        output_tokens=Decimal(200), region="eu-west-1",
    )  # fmt: skip
    with world.service.transactions.begin() as session:
        story = backlog.story(session, "acme", story_key)
        calibration = calibration_of(session, "acme")
        assert story is not None
        assert calibration is not None
        correction = calibration.correction(subject_of([workload], traits_of(story), "7"))
    return math.exp(correction.log_shift)


def central(found: dict[str, Any]) -> Decimal:
    return Decimal(found["usd"]["central"])


def test_today_would_cost_and_saves_rest_on_one_history(client: FlaskClient, world: World) -> None:
    approve(client, world)
    key = play_closed_sprint(world)

    found = get(client, world, f"/v1/stories/{key}/whatif")

    (swap,) = found["cheapest"]
    of_chat, of_small = learnt_factor(world, key, CHAT), learnt_factor(world, key, SMALL)
    assert of_chat != of_small, "the history speaks of both models alike: nothing is tested"
    assert float(central(found["today"])) == _about(4.5 * of_chat)
    assert float(central(swap["estimate"])) == _about(0.27 * of_small)
    assert Decimal(swap["saving_usd"]) == central(found["today"]) - central(swap["estimate"])


def test_the_version_that_stands_is_told_beside_today(client: FlaskClient, world: World) -> None:
    approve(client, world)
    key = play_closed_sprint(world)

    found = get(client, world, f"/v1/stories/{key}/whatif")

    assert found["estimate_version"] == 1
    assert central(found["as_estimated"]) == PLANNED_USD[CHAT]
    assert central(found["today"]) > PLANNED_USD[CHAT]


def test_a_sprint_and_a_story_name_the_same_saving(client: FlaskClient, world: World) -> None:
    approve(client, world)
    key = play_closed_sprint(world)

    (swap,) = get(client, world, f"/v1/stories/{key}/whatif")["cheapest"]
    lines = get(client, world, "/v1/sprints/14/whatif")["stories"]

    (line,) = (each for each in lines if each["key"] == key)
    assert line["cheapest"]["saving_usd"] == swap["saving_usd"]


def test_slack_says_today_and_what_a_change_saves(client: FlaskClient, world: World) -> None:
    approve(client, world)
    key = play_closed_sprint(world)

    answer = Desk(world.service).what_if("acme", key)

    assert answer is not None
    assert answer.today_nanousd is not None
    (option,) = answer.options
    assert option.list_cost_nanousd is not None
    saves = answer.today_nanousd.central - option.list_cost_nanousd.central
    assert option.saving_nanousd == saves
    assert answer.estimated_nanousd is not None
    assert answer.estimated_nanousd.central == 4_500_000_000


def test_the_page_shows_todays_figure_in_the_row_above_the_changes(
    client: FlaskClient, world: World
) -> None:
    approve(client, world)
    key = play_closed_sprint(world)

    words = client.get(f"/acme/stories/{key}").text

    rows = words[words.index("<h2>What if</h2>") :]
    assert "No change, estimated today" in rows
    assert "Version 1 of the estimate said $4.50" in rows
    assert words.index("No change, estimated today") < words.index(f"Chat: use {SMALL}")


def _about(dollars: float) -> Any:
    return pytest.approx(dollars, abs=1e-8)

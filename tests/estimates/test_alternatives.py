"""What a story would cost and emit otherwise: in the API, in Jira's comment, in Slack.

1,000 calls of gpt-4o with 1,000 tokens in and 200 out cost 1,000 · (1,000 · 2.50 + 200 · 10) = 4.5
dollars; of gpt-4o-mini 1,000 · (1,000 · 0.15 + 200 · 0.60) = 0.27 dollars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from integration.jira import adf
from integration.jira.comment import comment
from integration.jobs.jira_senders import _figures
from integration.mailbox import queries as mailbox
from integration.web.slack_desk import Desk
from tests.doors.worlds import CHAT, SMALL, World

if TYPE_CHECKING:
    from flask.testing import FlaskClient

PLAN = ("Chat", CHAT, "1000", "1000", "200", "", "eu-west-1")
APPROVED = [
    {"provider_name": "openai", "model": CHAT, "tier": "general"},
    {"provider_name": "openai", "model": SMALL, "tier": "general"},
]


def get(client: FlaskClient, world: World, path: str) -> Any:
    return client.get(path, headers=headers(world, "read")).json


def headers(world: World, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.key('people', *scopes)}"}


def approve(client: FlaskClient, world: World, **options: Any) -> None:
    body = {"approved": APPROVED, "cached_share": None, "input_tokens_kept": None} | options
    answer = client.put("/v1/whatif-options", json=body, headers=headers(world, "admin"))
    assert answer.status_code == 200, answer.json


def test_a_model_of_the_same_tier_saves_what_the_prices_say(
    client: FlaskClient, world: World
) -> None:
    approve(client, world)
    world.sprint()
    key = world.story(1, "Chat feature", PLAN)

    found = get(client, world, f"/v1/stories/{key}/whatif")

    assert found["today"]["usd"]["central"] == "4.5"
    (swap,) = found["cheapest"]
    assert (swap["change"], swap["to"], swap["saving_usd"]) == ("model", SMALL, "4.23")
    assert swap["estimate"]["usd"]["central"] == "0.27"
    assert "compare both models" in swap["caveat"]


def test_only_approved_models_are_offered(client: FlaskClient, world: World) -> None:
    world.sprint()
    key = world.story(1, "Chat feature", PLAN)

    found = get(client, world, f"/v1/stories/{key}/whatif")

    assert {each["change"] for each in found["cheapest"]} == {"cached_share", "context"}


def test_a_greener_region_saves_carbon_and_no_money(client: FlaskClient, world: World) -> None:
    approve(client, world, approved=[], regions=["eu-north-1"])
    world.sprint()
    key = world.story(1, "Chat feature", PLAN)

    found = get(client, world, f"/v1/stories/{key}/whatif")

    assert found["cheapest"] == []
    (move,) = found["greenest"]
    assert (move["change"], move["to"], move["saving_usd"]) == ("region", "eu-north-1", "0")
    assert float(move["saving_kgco2e"]) > 0


def test_the_whole_sprint_lists_the_best_of_each_story(client: FlaskClient, world: World) -> None:
    approve(client, world)
    world.sprint()
    first, second = (world.story(number, f"Chat {number}", PLAN) for number in (1, 2))

    found = get(client, world, "/v1/sprints/14/whatif")

    assert [line["key"] for line in found["stories"]] == [first, second]
    assert {line["cheapest"]["to"] for line in found["stories"]} == {SMALL}
    assert client.get("/v1/sprints/99/whatif", headers=headers(world, "read")).status_code == 404


def test_a_story_without_an_estimate_is_not_found(client: FlaskClient, world: World) -> None:
    answer = client.get("/v1/stories/SHOP-77/whatif", headers=headers(world, "read"))
    assert answer.status_code == 404


def test_options_out_of_range_are_refused(client: FlaskClient, world: World) -> None:
    answer = client.put(
        "/v1/whatif-options", json={"cached_share": "1.5"}, headers=headers(world, "admin")
    )
    assert answer.status_code == 400


def words_of_comment(world: World, story_key: str) -> str:
    with world.service.transactions.begin() as session:
        promised = mailbox.promised(session, "acme", "jira.comment", story_key)
        assert promised is not None
        body = dict(promised.body)
    return adf.plain_text(comment(_figures(world.service, body)))  # type: ignore[arg-type]  # It has a clock.


def test_the_comment_names_the_best_alternatives_in_two_lines(
    client: FlaskClient, world: World
) -> None:
    approve(client, world, regions=["eu-north-1"])
    world.sprint()
    key = world.story(1, "Chat feature", PLAN)

    words = words_of_comment(world, key)

    assert words.count("alternative: ") <= 2
    assert f"Cheapest alternative: Chat: use {SMALL}, saves about $4.23" in words or (
        f"Cheapest and greenest alternative: Chat: use {SMALL}, saves about $4.23" in words
    )
    assert "Answers differ: compare both models on your own cases first." in words


def test_a_new_version_says_how_far_it_moved_and_why(world: World) -> None:
    world.sprint()
    key = world.story(1, "Chat feature", PLAN)
    assert "since v1" not in words_of_comment(world, key)
    doubled = ("Chat", CHAT, "2000", "1000", "200", "", "eu-west-1")
    world.story(1, "Chat feature", doubled, at=world.service.clock.now())

    words = words_of_comment(world, key)

    assert "Estimate v2: list cost +100 % since v1, because the inputs changed." in words


def test_missing_inputs_are_suggested_from_finished_stories_and_not_used(world: World) -> None:
    world.sprint()
    done = world.story(1, "Answer billing questions in chat", PLAN, status="Done")
    mark_done(world, done)
    world.close()
    key = world.story(
        2, "Answer refund questions in chat", ("Chat", CHAT, "", "1000", "200", "", "eu-west-1")
    )

    words = words_of_comment(world, key)

    assert "Chat, calls: 1000 (suggested, as in SHOP-1)" in words
    assert "used by no figure until somebody writes it into the table" in words
    assert "$" not in words.split("Suggested")[0], "no figure rests on a suggestion"


def mark_done(world: World, story_key: str) -> None:
    with world.service.engine.begin() as connection:
        connection.execute(
            text("UPDATE story SET status_category = 'done' WHERE story_key = :key"),
            {"key": story_key},
        )


def test_slack_answers_with_the_ranges_of_each_alternative(
    client: FlaskClient, world: World
) -> None:
    approve(client, world)
    world.sprint()
    key = world.story(1, "Chat feature", PLAN)

    answer = Desk(world.service).what_if("acme", key)

    assert answer is not None
    assert answer.today_nanousd is not None
    assert answer.today_nanousd.central == 4_500_000_000
    (option,) = answer.options
    assert option.label == f"Chat: use {SMALL}"
    assert option.list_cost_nanousd is not None
    assert option.list_cost_nanousd.central == 270_000_000
    assert Desk(world.service).what_if("acme", "SHOP-77") is None

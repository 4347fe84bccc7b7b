"""What is shown besides a story's own spend: an epic's stories, and records that disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.doors.plain_text import plain_text
from tests.doors.test_bad_input import bearer
from tests.doors.worlds import SMALL, at

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.doors.worlds import World


def page(client: FlaskClient, key: str) -> str:
    return plain_text(client.get(f"/stories/{key}", follow_redirects=True).text)


def test_an_epic_adds_up_its_stories_and_their_sub_tasks(client: FlaskClient, world: World) -> None:
    world.sprint()
    dear = world.story(1, "Answer in chat", epic_key="SHOP-100")
    cheap = world.story(2, "Sort the inbox", epic_key="SHOP-100")
    world.story(3, "Not yet begun", epic_key="SHOP-100")
    world.story(4, "A part of it", parent_key=cheap, is_subtask=True)
    # gpt-4o-mini: 1,000 in at 150 and 100 out at 600 nano-USD are 210,000.
    world.usage(dear, at(10, 10), calls=3, tokens=(1000, 100), model=SMALL)
    world.usage("SHOP-4", at(10, 11), calls=1, tokens=(1000, 100), model=SMALL)
    world.usage("SHOP-100", at(10, 12), calls=1, tokens=(1000, 100), model=SMALL)

    said = client.get("/v1/stories/SHOP-100", headers=bearer(world.key("r", "read"))).json
    assert said is not None
    shares = {each["key"]: each["actual"]["list_cost_nanousd"] for each in said["epic"]["stories"]}
    assert shares == {dear: 630_000, cheap: 210_000}
    assert said["epic"]["total"]["list_cost_nanousd"] == 5 * 210_000
    assert said["actual"]["list_cost_nanousd"] == 210_000
    text = page(client, "SHOP-100")
    assert "Stories of this epic" in text
    assert "3 stories, all together <$0.01 and" in text
    assert "location-based, in 5 calls." in text
    assert "Epic SHOP-100" in page(client, dear)
    assert "Stories of this epic" not in page(client, dear)


def test_an_epic_that_jira_never_told_of_and_nothing_names_is_found_by_its_stories(
    client: FlaskClient, world: World
) -> None:
    world.story(1, "Answer in chat", epic_key="SHOP-100")
    assert "1 story, all together nothing metered" in page(client, "SHOP-100")
    headers = bearer(world.key("r", "read"))
    assert client.get("/v1/stories/SHOP-101", headers=headers).status_code == 404


def test_records_that_name_other_amounts_are_shown_beside_what_counts(
    client: FlaskClient, world: World
) -> None:
    story = world.story(1, "Answer in chat")
    headers = bearer(world.key("i", "ingest"))
    sent = {
        "response_id": "r1", "request_model": SMALL, "input_tokens": 1000, "output_tokens": 100,
        "story_key": story, "occurred_at": at(10, 10).isoformat(),
    }  # fmt: skip
    client.post("/v1/usage-events", json=sent, headers=headers)
    assert "Told differently" not in page(client, story)
    again = sent | {"input_tokens": 900, "source": "other"}
    client.post("/v1/usage-events", json=again, headers=headers)
    text = page(client, story)
    assert "Told differently" in text
    assert "1,000 and 100 | api | 900 and 100 | other" in " ".join(text.split())

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.backlog.story import Membership
from integration.jira import adf
from integration.jira.comment import comment
from integration.jira.fields import StoryFigures
from integration.jira.provisioning import plan
from integration.jira.story_template import COLUMNS, HEADING, append_section, read_rows
from integration.jira.wiki import to_wiki
from tests.adapters.jira.world import START

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.jira.gateway import JiraGateway
    from tests.adapters.jira.world import World


@pytest.fixture
def old_gateway(data_center: World) -> Iterator[JiraGateway]:
    account = data_center.as_ada("GET", "/rest/api/2/user?username=storymeter")["key"]
    with data_center.gateway(account_id=account) as gateway:
        yield gateway


def test_we_know_who_we_are(old_gateway: JiraGateway) -> None:
    assert old_gateway.myself().account_id == old_gateway.connection.account_id != ""


def test_a_wiki_table_is_read_like_an_adf_one(data_center: World, old_gateway: JiraGateway) -> None:
    markup = "Why\nh2. AI Cost & Carbon\n||Model||Calls||\n|gpt-4o|4k|"
    key = data_center.story(description=markup)

    story = old_gateway.story(key)

    assert read_rows(story.description) == [["Model", "Calls"], ["gpt-4o", "4k"]]


def test_the_section_is_added_as_wiki_markup_and_keeps_what_people_wrote(
    data_center: World, old_gateway: JiraGateway
) -> None:
    key = data_center.story(description="h1. Why\n\n* one\n* *two*")
    described = append_section(old_gateway.story(key).description)

    old_gateway.write_story(key, {}, {"tokens": None}, description=described)

    markup = data_center.issue(key)["fields"]["description"]
    before, _, _ = markup.partition("h2. AI Cost & Carbon")
    assert before.strip() == "h1. Why\n\n* one\n* *two*"
    again = old_gateway.story(key)
    assert append_section(again.description) is None
    rows = read_rows(again.description)
    assert rows is not None
    assert rows[0] == list(COLUMNS)
    assert old_gateway.story_property(key) == {"tokens": None}


def test_the_comment_is_wiki_markup_and_edited_in_place(
    data_center: World, old_gateway: JiraGateway
) -> None:
    key = data_center.story()

    first = old_gateway.write_comment(key, comment(StoryFigures(START)))
    again = old_gateway.write_comment(key, comment(StoryFigures(START)))

    assert first == again
    listed = data_center.as_ada("GET", f"/rest/api/2/issue/{key}/comment")["comments"]
    assert [one["body"].splitlines()[0] for one in listed] == [f"h3. {HEADING}"]


def test_a_folded_part_keeps_its_title_as_wiki_markup() -> None:
    bullets = {
        "type": "bulletList",
        "content": [{"type": "listItem", "content": [adf.paragraph("Calls vary.")]}],
    }
    folded = {"type": "expand", "attrs": {"title": "Assumptions"}, "content": [bullets]}

    assert to_wiki(adf.document(folded)) == "*Assumptions*\n* Calls vary."


def test_stories_come_with_their_sprint_history(
    data_center: World, old_gateway: JiraGateway
) -> None:
    data_center.control("seed", project="DEMO", issues=120)
    sprint = data_center.sprint()
    added = data_center.clock.tick(days=1)
    data_center.put_in_sprint(sprint, "DEMO-7")

    found = {story.story_key: story for story in old_gateway.stories("project = DEMO")}

    assert len(found) == 120
    assert found["DEMO-7"].memberships == (Membership(sprint, added),)
    assert old_gateway.story("DEMO-7").memberships == (Membership(sprint, added),)


def test_what_data_center_has_no_api_for_is_told_as_hand_steps(old_gateway: JiraGateway) -> None:
    made = plan(old_gateway, projects=["DEMO"], webhook_url="https://storymeter.example.com/w")

    assert {step.kind for step in made.changes} == {"create", "webhook"}
    assert [step.subject for step in made.by_hand] == ["DEMO"]

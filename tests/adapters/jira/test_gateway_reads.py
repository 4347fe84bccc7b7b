from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from integration.backlog.story import Membership
from integration.jira import adf
from integration.jira.connection import ApiToken
from integration.jira.failures import JiraFailure
from tests.adapters.jira.world import START

if TYPE_CHECKING:
    from integration.jira.gateway import JiraGateway
    from tests.adapters.jira.world import World


def test_we_know_who_we_are(world: World, gateway: JiraGateway) -> None:
    me = gateway.myself()

    assert (me.account_id, me.display_name) == (world.config.account_id, "StoryMeter")


def test_a_story_is_read_in_our_words(world: World, gateway: JiraGateway) -> None:
    description = adf.document(adf.paragraph("As a reader I want short answers."))
    key = world.story(labels=["ai"], description=description, customfield_10016=5)

    story = gateway.story(key)

    assert story.story_key == key
    assert story.project_key == "DEMO"
    assert story.summary == "Answer in chat"
    assert story.issue_type == "Story"
    assert story.status_category == "new"
    assert story.labels == ("ai",)
    assert story.story_points == 5.0
    assert story.description == description
    assert story.created_at == story.updated_at == START
    assert story.memberships == ()
    assert not story.is_subtask
    assert (story.parent_key, story.epic_key) == ("", "")


def test_a_story_knows_its_epic_and_a_sub_task_its_parent(
    world: World, gateway: JiraGateway
) -> None:
    epic = world.story("All chat", issuetype={"name": "Epic"})
    key = world.story(parent={"key": epic})
    part = world.story("Prompt", issuetype={"name": "Sub-task"}, parent={"key": key})

    story, sub_task = gateway.story(key), gateway.story(part)

    assert (story.parent_key, story.epic_key) == (epic, epic)
    assert (sub_task.parent_key, sub_task.epic_key, sub_task.is_subtask) == (key, "", True)


def test_a_missing_story_is_a_permanent_failure(gateway: JiraGateway) -> None:
    with pytest.raises(JiraFailure) as caught:
        gateway.story("DEMO-999")

    assert caught.value.permanent
    assert caught.value.status == 404
    assert "Issue does not exist" in caught.value.message


def test_memberships_follow_the_story_through_its_sprints(
    world: World, gateway: JiraGateway
) -> None:
    first, second = world.sprint("Sprint 1"), world.sprint("Sprint 2")
    key = world.story()
    added = world.clock.tick(days=1)
    world.put_in_sprint(first, key)
    world.set_sprint_state(first, "active")
    closed = world.clock.tick(days=13)
    world.control(f"sprints/{first}/close", moveUnfinishedTo="next")

    story = gateway.story(key)

    assert story.memberships == (Membership(first, added), Membership(second, closed))
    assert gateway.sprint(first).state == "closed"
    assert gateway.sprint(first).completed_at == closed


def test_a_story_that_left_its_sprint_and_came_back_has_two_intervals(
    world: World, gateway: JiraGateway
) -> None:
    sprint = world.sprint()
    key = world.story()
    added = world.clock.tick(days=1)
    world.put_in_sprint(sprint, key)
    left = world.clock.tick(days=1)
    gateway.move_to_backlog([key])
    back = world.clock.tick(days=1)
    world.put_in_sprint(sprint, key)

    assert gateway.story(key).memberships == (
        Membership(sprint, added, left),
        Membership(sprint, back),
    )


def test_a_long_history_is_read_to_its_end(world: World, gateway: JiraGateway) -> None:
    sprint = world.sprint()
    key = world.story()
    added = world.clock.tick(days=1)
    world.put_in_sprint(sprint, key)
    for number in range(105):
        world.clock.tick(minutes=1)
        body = {"fields": {"summary": f"Answer in chat {number}"}}
        world.as_ada("PUT", f"/rest/api/3/issue/{key}", body)
    left = world.clock.tick(days=1)
    gateway.move_to_backlog([key])

    assert gateway.story(key).memberships == (Membership(sprint, added, left),)


def test_sprints_and_boards_are_found(world: World, gateway: JiraGateway) -> None:
    sprint_id = world.sprint()

    (board,) = gateway.boards("DEMO")
    (sprint,) = gateway.sprints_of_board(board.board_id)

    assert (board.type, board.project_key) == ("scrum", "DEMO")
    assert (sprint.sprint_id, sprint.board_id, sprint.state) == (
        sprint_id,
        board.board_id,
        "future",
    )
    assert sprint.starts_at == START
    assert sprint.ends_at == START + timedelta(days=14)
    assert list(gateway.sprints_of_board(board.board_id, ["active"])) == []


def test_a_thousand_stories_take_at_most_sixty_requests(world: World, gateway: JiraGateway) -> None:
    world.control("seed", project="DEMO", issues=1000)
    sprint = world.sprint()
    world.put_in_sprint(sprint, "DEMO-1")
    world.forget()

    found = list(gateway.stories("project = DEMO ORDER BY key"))

    assert len({story.story_key for story in found}) == 1000
    assert [one.story_key for one in found if one.memberships] == ["DEMO-1"]
    assert gateway.requests_made == sum(world.asked().values()) <= 60


def test_a_page_is_only_asked_for_when_it_is_needed(world: World, gateway: JiraGateway) -> None:
    world.control("seed", project="DEMO", issues=250)
    world.forget()

    next(gateway.stories("project = DEMO"))

    searches = [count for route, count in world.asked().items() if "search/jql" in route]
    assert searches == [1]


def test_reconciled_stories_are_seen_before_the_index_knows_them(
    world: World, gateway: JiraGateway
) -> None:
    world.control("search-lag", seconds=300)
    key = world.story()
    issue_id = int(gateway.story(key).issue_id)

    assert list(gateway.stories("project = DEMO")) == []
    (fresh,) = gateway.stories("project = DEMO", reconcile_issues=[issue_id])
    assert fresh.story_key == key


def test_a_closed_sprint_still_lists_what_was_carried_over(
    world: World, gateway: JiraGateway
) -> None:
    first = world.sprint("Sprint 1")
    world.sprint("Sprint 2")
    key = world.story()
    world.put_in_sprint(first, key)
    world.set_sprint_state(first, "active")
    world.control(f"sprints/{first}/close", moveUnfinishedTo="next")

    assert [story.story_key for story in gateway.stories_of_sprint(first)] == [key]


def test_sprint_properties_are_read_back(world: World, gateway: JiraGateway) -> None:
    sprint = world.sprint()

    assert gateway.sprint_property(sprint) is None
    gateway.write_sprint_property(sprint, {"cap_usd": "100"})
    assert gateway.sprint_property(sprint) == {"cap_usd": "100"}


def test_a_refused_token_rests_the_whole_workspace(world: World) -> None:
    with (
        world.gateway(auth=ApiToken(world.config.email, "stale")) as gateway,
        pytest.raises(JiraFailure) as caught,
    ):
        gateway.myself()

    assert not caught.value.permanent
    assert caught.value.workspace_wide
    assert "stale" not in caught.value.message
    assert world.waits == []

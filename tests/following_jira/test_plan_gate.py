"""A Sprint planned over its cap, as people see it in Jira."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.caps.policy import Cap
from integration.journeys.change_settings import change_workspace
from integration.journeys.check_plan import check_plan
from integration.journeys.set_cap import set_cap
from integration.workspaces.changes import WorkspaceChange
from tests.following_jira.world import section

if TYPE_CHECKING:
    from tests.following_jira.world import JiraHouse

USD = 10**9


def planned_over(here: JiraHouse, limit: int) -> tuple[int, str]:
    """Plan a story of 100,000 calls into a Sprint and cap it at so many dollars."""
    key = here.jira.story(labels=["ai"], description=section("100000"))
    sprint_id = here.jira.sprint("Sprint 2")
    here.jira.put_in_sprint(sprint_id, key)
    here.settle()
    cap = Cap("acme", "plan", "sprint", str(sprint_id), "usd", limit)
    set_cap(here.transactions, cap, actor="cli:ada", now=here.move_on())
    check(here)
    return sprint_id, key


def check(here: JiraHouse) -> None:
    check_plan(here.transactions, "acme", now=here.move_on(seconds=60))
    here.settle()


def flag(here: JiraHouse, key: str) -> Any:
    value = here.figures(key)["AI plan flag"]
    return value and value["value"]


def comments(here: JiraHouse, key: str) -> list[str]:
    answer = here.jira.as_ada("GET", f"{here.jira.rest}/issue/{key}/comment")
    return [str(each["body"]) for each in answer["comments"]]


def test_the_story_is_flagged_and_its_one_comment_says_why_until_the_plan_fits(
    here: JiraHouse,
) -> None:
    sprint_id, key = planned_over(here, 1 * USD)
    assert flag(here, key) == "Over cap"
    (comment,) = comments(here, key)
    assert "Planning: Sprint 2 is planned at" in comment
    assert "and its cap is $1.00" in comment
    cap = Cap("acme", "plan", "sprint", str(sprint_id), "usd", 10**6 * USD)
    set_cap(here.transactions, cap, actor="cli:ada", now=here.move_on())
    check(here)
    assert flag(here, key) is None
    (comment,) = comments(here, key)
    assert "Planning:" not in comment


def test_the_story_goes_back_to_the_backlog_where_the_workspace_says_so(here: JiraHouse) -> None:
    change = WorkspaceChange(over_cap_stories="move_back")
    change_workspace(here.transactions, "acme", change, actor="cli:ada", now=here.move_on())
    sprint_id, key = planned_over(here, 1 * USD)
    gateway = here.house.outside.jira("acme")
    assert all(each.left_at for each in gateway.story(key).memberships)
    check(here)
    assert flag(here, key) is None
    here.jira.put_in_sprint(sprint_id, key)
    here.settle()
    check(here)
    assert all(each.left_at for each in gateway.story(key).memberships)

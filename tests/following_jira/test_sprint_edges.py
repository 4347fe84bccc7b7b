"""Into which Sprint spend goes when Sprints and stories do what they do in real life.

Each call costs whole dollars: 400,000 input tokens of gpt-4o at 2.50 USD per million are 1 USD.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.backlog.queries import stories_of_epic
from integration.ledger import queries as ledger
from integration.reconciliation import store as reconciliation

if TYPE_CHECKING:
    from tests.following_jira.world import JiraHouse

USD = 1_000_000_000


def running_sprint(here: JiraHouse, *keys: str, name: str = "Sprint 1") -> int:
    sprint_id = here.jira.sprint(name)
    if keys:
        here.jira.put_in_sprint(sprint_id, *keys)
    here.jira.set_sprint_state(sprint_id, "active")
    here.settle()
    return sprint_id


def test_a_sprint_reopened_and_closed_again_takes_in_what_came_between(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"])
    sprint_id = running_sprint(here, key)
    here.move_on(days=1)
    here.spend(key, 1)
    here.move_on(days=12)
    here.close(sprint_id)
    here.settle()
    here.move_on(hours=1)
    here.spend(key, 2)
    assert (here.dollars(sprint_id), here.dollars(0)) == ({key: 1}, {key: 2})

    here.move_on(hours=1)
    here.jira.control(f"sprints/{sprint_id}/reopen")
    here.settle()
    # Until the Sprint closes for good, nothing lies after its end: 1 + 2.
    assert (here.dollars(sprint_id), here.dollars(0)) == ({key: 3}, {})

    here.jira.put_in_sprint(sprint_id, key)
    here.settle()
    here.spend(key, 4)
    here.move_on(hours=1)
    here.close(sprint_id)
    here.settle()
    here.move_on(hours=1)
    here.spend(key, 8)
    # 1 + 2 + 4 before the second close; 8 after it.
    assert (here.dollars(sprint_id), here.dollars(0)) == ({key: 7}, {key: 8})
    with here.transactions.begin() as session:
        revisions = reconciliation.all_revisions(session, "acme", sprint_id)
    costs = [each.body["totals"]["list_cost_nanousd"] for each in revisions]
    assert costs == [1 * USD, 7 * USD]


def test_a_story_moved_between_two_running_sprints_takes_its_later_spend_along(
    here: JiraHouse,
) -> None:
    key = here.jira.story()
    first = running_sprint(here, key)
    second = running_sprint(here, name="Sprint 2")
    here.move_on(days=1)
    here.spend(key, 1)
    moved_at = here.move_on(days=1)
    here.jira.put_in_sprint(second, key)
    # StoryMeter hears of the move only after more was spent, which it then moves after the story.
    here.move_on(hours=2)
    here.spend(key, 2)
    assert here.dollars(first) == {key: 3}
    here.settle()
    assert (here.dollars(first), here.dollars(second)) == ({key: 1}, {key: 2})

    here.spend(key, 4, at=moved_at - timedelta(hours=1))
    assert (here.dollars(first), here.dollars(second)) == ({key: 5}, {key: 2})


def test_a_deleted_story_keeps_its_spend_and_is_written_no_more(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"])
    sprint_id = running_sprint(here, key)
    here.spend(key, 1)
    here.jira.as_ada("DELETE", f"/rest/api/3/issue/{key}")
    here.spend(key, 2)
    here.settle()
    assert here.dollars(sprint_id) == {key: 3}
    here.move_on(hours=1)
    here.close(sprint_id)
    here.settle()
    assert here.dollars(sprint_id) == {key: 3}
    assert here.rows("SELECT 1 FROM story WHERE workspace_id = %s AND deleted_at IS NULL") == []
    unkept = (
        "SELECT kind, note FROM outbox WHERE workspace_id = %s AND kind LIKE 'jira.%%'"
        " AND state <> 'delivered'"
    )
    assert here.rows(unkept) == []
    assert here.rows("SELECT note FROM inbox WHERE workspace_id = %s AND state = 'failed'") == []


def test_what_a_subtask_spends_is_its_parents(here: JiraHouse) -> None:
    key = here.jira.story()
    sprint_id = running_sprint(here, key)
    part = here.jira.story("Part", issuetype={"name": "Sub-task"}, parent={"key": key})
    here.spend(part, 1)  # Nobody has told us yet whose part this is.
    assert here.dollars(0) == {part: 1}
    here.settle()
    assert (here.dollars(sprint_id), here.dollars(0)) == ({key: 1}, {})
    here.spend(part, 2)
    here.spend(key, 4)
    assert here.dollars(sprint_id) == {key: 7}


def test_an_epics_spend_is_that_of_its_stories(here: JiraHouse) -> None:
    epic = here.jira.story("Assistant", issuetype={"name": "Epic"})
    one, two = (here.jira.story(parent={"key": epic}) for _ in range(2))
    here.jira.story("Elsewhere")
    part = here.jira.story("Part", issuetype={"name": "Sub-task"}, parent={"key": one})
    here.settle()
    for key, dollars in ((one, 1), (two, 2), (part, 4)):
        here.spend(key, dollars)
    with here.transactions.begin() as session:
        keys = stories_of_epic(session, "acme", epic)
        spends = ledger.spend_of_stories(session, "acme", keys)
    assert keys == [one, two]
    assert {key: spend.list_cost_nanousd for key, spend in spends.items()} == {
        one: 5 * USD, two: 2 * USD,
    }  # fmt: skip


def test_a_carried_over_story_is_paid_for_by_each_sprint_in_turn(here: JiraHouse) -> None:
    key = here.jira.story()
    first = running_sprint(here, key)
    second = here.jira.sprint("Sprint 2")
    here.move_on(days=3)
    here.spend(key, 1)
    closed_at = here.move_on(days=10)
    here.close(first, to=second)
    here.settle()
    here.move_on(days=1)
    here.jira.set_sprint_state(second, "active")
    here.settle()
    here.spend(key, 2)
    here.spend(key, 4, at=closed_at - timedelta(minutes=1))
    assert (here.dollars(first), here.dollars(second)) == ({key: 5}, {key: 2})


def test_a_deleted_sprint_has_ended_and_keeps_what_was_spent_in_it(here: JiraHouse) -> None:
    key = here.jira.story()
    sprint_id = running_sprint(here, key)
    here.spend(key, 1)
    here.move_on(hours=1)
    here.jira.as_ada("DELETE", f"/rest/agile/1.0/sprint/{sprint_id}")
    here.settle()
    here.move_on(hours=1)
    here.spend(key, 2)
    assert (here.dollars(sprint_id), here.dollars(0)) == ({key: 1}, {key: 2})
    assert here.rows("SELECT state FROM sprint WHERE workspace_id = %s") == [("closed",)]

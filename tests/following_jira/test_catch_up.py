"""Whatever becomes of the webhooks, StoryMeter comes to know the same."""

from __future__ import annotations

import random
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from integration.jobs.catch_up import catch_up
from tests.following_jira.world import JiraHouse, house_on, section

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.foundation.database import Transactions

QUERIES = {
    "story": "SELECT issue_id, story_key, summary, issue_type, status, labels, parent_key,"
    " epic_key,"
    " is_subtask, is_ai_work, story_points, deleted_at IS NOT NULL FROM story"
    " WHERE workspace_id = %s ORDER BY story_key",
    "sprint": "SELECT sprint_id, name, state, goal, starts_at, ends_at, completed_at FROM sprint"
    " WHERE workspace_id = %s ORDER BY sprint_id",
    "sprint_membership": "SELECT story_key, sprint_id, joined_at, left_at FROM sprint_membership"
    " WHERE workspace_id = %s ORDER BY story_key, sprint_id, joined_at",
    "spend": "SELECT sprint_id, story_key, sum(calls), sum(list_cost_nanousd),"
    " sum(input_tokens) FROM sprint_spend WHERE workspace_id = %s"
    " GROUP BY sprint_id, story_key HAVING sum(calls) <> 0 ORDER BY sprint_id, story_key",
    "inputs": "SELECT story_key, cells FROM story_inputs WHERE workspace_id = %s"
    " ORDER BY story_key",
    "review": "SELECT DISTINCT ON (sprint_id) sprint_id, jsonb_path_query_array(body,"
    " '$.stories[*].story_key'), jsonb_path_query_array(body,"
    " '$.stories[*].actual.list_cost_nanousd'), body -> 'totals'"
    " FROM sprint_reconciliation WHERE workspace_id = %s ORDER BY sprint_id, revision DESC",
}


def state(here: JiraHouse) -> dict[str, list[tuple[Any, ...]]]:
    """All that was learnt of Jira and made of it, row by row.

    Of estimates the inputs are compared: a range rests on what was known when it was made, which
    its versions keep.
    """
    return {name: here.rows(query) for name, query in QUERIES.items()}


def before(here: JiraHouse) -> dict[str, Any]:
    """Play what everybody has seen: two running Sprints and a future one, with their stories."""
    jira = here.jira
    keys = [
        jira.story(f"Story {n}", labels=["ai"], description=section(str(100 * n)))
        for n in (1, 2, 3, 4, 5)
    ]
    first, second, third = (jira.sprint(f"Sprint {n}") for n in (1, 2, 3))
    jira.put_in_sprint(first, *keys[:3])
    jira.put_in_sprint(second, keys[3])
    for sprint_id in (first, second):
        jira.set_sprint_state(sprint_id, "active")
    here.settle()
    jira.clock.tick(days=1)
    for key in keys:
        here.spend(key, 1)
    return {"keys": keys, "sprints": (first, second, third)}


def the_hour(here: JiraHouse, known: dict[str, Any], pause: Callable[[], None]) -> None:
    """Let an hour pass in which all sorts of things happen in Jira; usage comes in all along."""
    jira, keys = here.jira, known["keys"]
    first, second, third = known["sprints"]

    def edit(key: str, **fields: Any) -> None:
        jira.as_ada("PUT", f"/rest/api/3/issue/{key}", {"fields": fields})

    def delete() -> None:
        jira.as_ada("DELETE", f"/rest/api/3/issue/{keys[2]}")

    def add() -> None:
        fresh = jira.story("New one", labels=["ai"], description=section("900"))
        jira.story("Part", issuetype={"name": "Sub-task"}, parent={"key": fresh})
        jira.put_in_sprint(second, fresh)

    steps: list[Callable[[], object]] = [
        lambda: edit(keys[0], description=section("4k"), summary="Answer better"),
        lambda: jira.put_in_sprint(second, keys[1]),
        lambda: here.spend(keys[1], 2),
        delete,
        lambda: here.spend(keys[0], 4),
        add,
        lambda: edit(keys[4], labels=["portal"]),
        lambda: here.spend(keys[3], 8),
        lambda: here.close(first, to=third),
        lambda: here.spend(keys[0], 16),
        lambda: edit(keys[3], description=section("700")),
        lambda: jira.as_ada("POST", f"/rest/agile/1.0/sprint/{third}", {"state": "active"}),
    ]
    for step in steps:
        jira.clock.tick(minutes=5)
        step()
        pause()


@pytest.fixture(scope="module")
def expected(module_transactions: Transactions) -> dict[str, list[tuple[Any, ...]]]:
    """What is known when each webhook comes at once and in order."""
    with house_on(module_transactions) as here:
        the_hour(here, before(here), here.settle)
        here.settle()
        return state(here)


def test_an_hour_without_webhooks_is_made_up_for(expected: dict[str, Any], here: JiraHouse) -> None:
    known = before(here)
    catch_up(here.house, "acme")
    here.jira.control("webhooks", enabled=False)
    the_hour(here, known, lambda: None)

    assert here.rows(QUERIES["story"]) != expected["story"]
    catch_up(here.house, "acme")
    here.settle(with_webhooks=False)

    found = state(here)
    for name, rows in expected.items():
        assert found[name] == rows, name
    assert catch_up(here.house, "acme") < 20, "The overlap alone is read again"


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_webhooks_delivered_twice_late_and_in_any_order_lead_to_the_same(
    seed: int, expected: dict[str, Any], here: JiraHouse
) -> None:
    dice = random.Random(seed)
    the_hour(here, before(here), lambda: None)
    held = here.deliveries()
    here.move_on(minutes=30)
    twice = [*held, *held]
    dice.shuffle(twice)
    while twice:
        batch = [twice.pop() for _ in range(min(len(twice), dice.randint(1, 6)))]
        here.hand_over(*batch)
        if dice.random() < 0.5:
            here.work()
    here.settle()

    found = state(here)
    for name, rows in expected.items():
        assert found[name] == rows, name


def test_a_site_that_shows_us_nothing_has_not_lost_its_stories(here: JiraHouse) -> None:
    before(here)
    with here.app.extensions["jira-site"].lock:
        kept, here.app.extensions["jira-site"].issues = (
            dict(here.app.extensions["jira-site"].issues),
            {},
        )
    catch_up(here.house, "acme")
    assert here.rows("SELECT 1 FROM story WHERE workspace_id = %s AND deleted_at IS NOT NULL") == []
    here.app.extensions["jira-site"].issues = kept


class Stopped(Exception):
    """Somebody ended the process."""


def test_a_catch_up_cut_short_goes_on_where_it_was(here: JiraHouse) -> None:
    here.jira.control("seed", issues=120, project="DEMO")
    read: list[int] = []

    def stop() -> None:
        read.append(1)
        if len(read) == 110:
            raise Stopped

    with pytest.raises(Stopped):
        catch_up(here.house, "acme", tick=stop)
    (known,) = here.rows("SELECT count(*) FROM story WHERE workspace_id = %s")
    assert known[0] in {109, 110}
    catch_up(here.house, "acme")
    assert here.rows("SELECT count(*) FROM story WHERE workspace_id = %s") == [(120,)]


def test_one_workspaces_silence_does_not_touch_another(transactions: Transactions) -> None:
    with ExitStack() as stack:
        one, other = (stack.enter_context(house_on(transactions, name)) for name in ("one", "two"))
        key = one.jira.story("Only here", labels=["ai"])
        catch_up(one.house, "one")
        catch_up(other.house, "two")
        assert one.rows("SELECT story_key FROM story WHERE workspace_id = %s") == [(key,)]
        assert other.rows("SELECT story_key FROM story WHERE workspace_id = %s") == []

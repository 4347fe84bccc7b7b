"""Jira's limits, outages and sign-ins, seen from a workspace at work."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import requests

from integration.jobs.catch_up import catch_up, catch_up_quietly
from integration.mailbox import store as mailbox
from integration.mailbox.queries import deliveries
from tests.following_jira.world import house_on, section

if TYPE_CHECKING:
    from integration.foundation.database import Transactions
    from tests.following_jira.world import JiraHouse

COST = "AI estimated cost USD"


def written(here: JiraHouse, key: str) -> int:
    """How many writes of ours the story has seen, whatever they were."""
    log = requests.get(f"{here.jira.base_url}/_sandbox/requests", timeout=10).json()["requests"]
    return sum(
        one["method"] in {"PUT", "POST"} and f"/issue/{key}" in one["path"]
        for one in log
        if "storymeter" in one["path"] or "/comment" in one["path"] or "notifyUsers" in one["path"]
    )


def test_two_hundred_edits_in_ten_seconds_become_few_writes_of_the_last_state(
    here: JiraHouse,
) -> None:
    key = here.jira.story(labels=["ai"], description=section("1"))
    here.settle()
    here.move_on(minutes=1)
    here.jira.control("limits", per_issue=False)  # So that the edits themselves go through.
    here.jira.forget()
    for number in range(200):
        here.move_on(seconds=0.05)
        body = {"fields": {"description": section(str(1000 + number))}}
        here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}", body)
        if number % 4 == 3:  # A worker that is idle looks every 0.2 s.
            here.hand_over(*here.deliveries())
            here.work()
    during = written(here, key)
    here.settle()

    assert 2 <= during <= written(here, key) <= 20
    # 1,199 calls of 2,000 tokens in at 2.50 USD and 300 out at 10 USD per million: 9.592 USD; the
    # first estimate of a team without history adds its usual overrun, so only the tokens are plain.
    shown = here.figures(key)
    with_last = here.rows(
        "SELECT body -> 'estimate' -> 'tokens' ->> 'central' FROM outbox"
        " WHERE workspace_id = %s AND kind = 'jira.story'"
    )
    assert shown["AI estimated tokens"] == int(with_last[0][0]) > 1199 * 2300 * 0.99
    assert len(here.jira.as_ada("GET", f"/rest/api/3/issue/{key}/comment")["comments"]) == 1


def test_a_used_up_quota_parks_its_workspace_alone_and_for_as_long_as_asked(
    transactions: Transactions,
) -> None:
    with ExitStack() as stack:
        one, two = (stack.enter_context(house_on(transactions, name)) for name in ("one", "two"))
        keys = {
            here.workspace_id: here.jira.story(labels=["ai"], description=section("100"))
            for here in (one, two)
        }
        one.jira.control("limits", requests=1, retry_after=1847, reason="jira-quota-tenant-based")
        for here in (one, two):
            here.hand_over(*here.deliveries())
            here.work()
        one.jira.forget()
        for here in (one, two):
            for _ in range(20):
                here.move_on(seconds=60)
                here.work()
            catch_up_quietly(here.house, here.workspace_id)
        # 20 minutes on, one workspace has not asked anything; the other one is done.
        assert one.jira.asked() == {}
        assert two.figures(keys["two"])[COST] is not None
        assert one.figures(keys["one"])[COST] is None

        one.move_on(seconds=1847 - 20 * 60)
        one.settle()
        assert one.figures(keys["one"])[COST] is not None


def test_a_refused_token_costs_no_promise_its_attempts(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"], description=section("100"))
    here.hand_over(*here.deliveries())
    gone, ours = "557058:nobody", here.app.extensions["jira-site"].people
    kept = ours.pop(here.jira.config.account_id)
    for _ in range(100):
        here.work()
        here.move_on(minutes=10)
    assert here.rows("SELECT state FROM inbox WHERE workspace_id = %s") == [("waiting",)]
    assert gone not in ours
    ours[kept.account_id] = kept
    here.settle()
    assert here.figures(key)[COST] is not None


def test_an_outage_of_hours_loses_nothing(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"], description=section("100"))
    here.hand_over(*here.deliveries())
    here.jira.control("outage", on=True)
    gateway = here.house.outside.jira("acme")
    gateway._pause = lambda _: None
    for _ in range(12):
        here.work()
        here.move_on(minutes=30)
    here.jira.control("outage", on=False)
    here.move_on(hours=2)
    here.settle()
    assert here.figures(key)[COST] is not None


def test_what_cannot_be_read_stays_visible_and_can_be_replayed(here: JiraHouse) -> None:
    strange = {"id": "odd-1", "body": json.dumps({"webhookEvent": "jira:new_thing"}).encode()}
    broken = {"id": "odd-2", "body": b"not json"}
    here.hand_over(strange, broken, strange)
    here.settle(with_webhooks=False)
    with here.transactions.begin() as session:
        found = deliveries(session, "acme", ["unknown", "failed"])
        assert [(each.event, each.state) for each in found] == [
            ("unreadable", "unknown"),
            ("jira:new_thing", "unknown"),
        ]
        assert all(each.note for each in found)
        now = here.jira.clock.now()
        one = [found[0].inbox_id]
        assert mailbox.replay(session, "acme", now, states=["unknown"], ids=one) == 1
        assert mailbox.replay(session, "other", now, states=["unknown"]) == 0
    here.settle(with_webhooks=False)
    with here.transactions.begin() as session:
        assert len(deliveries(session, "acme", ["unknown"])) == 2


def test_a_burst_of_deliveries_about_one_story_is_read_once(here: JiraHouse) -> None:
    key = here.jira.story()
    here.settle()
    here.jira.control("limits", per_issue=False)
    for number in range(50):
        body = {"fields": {"summary": f"Answer {number}"}}
        here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}", body)
    here.jira.forget()
    here.hand_over(*here.deliveries())
    here.settle()
    assert here.jira.asked()["GET /rest/api/<any('2','3','latest'):rest_version>/issue/<key>"] == 1
    assert here.rows("SELECT summary FROM story WHERE workspace_id = %s") == [("Answer 49",)]


def test_a_section_that_people_took_out_does_not_come_back(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"])
    here.settle()
    assert "AI Cost" in str(here.figures(key)["Description"])
    for number in range(2):
        body: dict[str, Any] = {"fields": {"description": None, "summary": f"Other {number}"}}
        here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}", body)
        here.move_on(minutes=5)
        here.settle()
    assert here.figures(key)["Description"] is None


def test_a_thousand_stories_take_at_most_sixty_requests(here: JiraHouse) -> None:
    here.jira.control("seed", issues=200, project="DEMO")
    here.move_on(minutes=20)
    here.jira.forget()
    assert catch_up(here.house, "acme") == 200
    made = sum(here.jira.asked().values())
    assert made <= 0.2 * 60
    here.jira.forget()
    here.move_on(hours=1)
    assert catch_up(here.house, "acme") == 0
    assert sum(here.jira.asked().values()) <= 5

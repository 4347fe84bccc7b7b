"""Caps that people set in Jira, as a property of the Sprint."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from integration.caps.queries import balances
from integration.caps.raising import store as raising
from integration.caps.raising.terms import Terms
from integration.jobs.catch_up import catch_up
from integration.journeys.raise_cap import Who, raise_cap
from integration.journeys.set_cap import set_cap
from integration.workspaces import queries as workspace_queries
from tests.following_jira.test_sprint_edges import running_sprint

if TYPE_CHECKING:
    from integration.caps.policy import Cap
    from tests.following_jira.world import JiraHouse

USD = 10**9


def write(here: JiraHouse, sprint_id: int, *caps: Any) -> None:
    path = f"/rest/agile/1.0/sprint/{sprint_id}/properties/storymeter.caps"
    here.jira.as_ada("PUT", path, {"caps": list(caps)})
    catch_up(here.house, "acme")
    here.settle()


def caps(here: JiraHouse) -> dict[str, Cap]:
    with here.transactions.begin() as session:
        return {name: each.cap for name, each in balances(session, "acme").items()}


def answer(here: JiraHouse, sprint_id: int) -> Any:
    gateway = here.house.outside.jira("acme")
    return gateway.sprint_property(sprint_id, "storymeter.caps.read")


def test_a_sprints_property_sets_changes_and_removes_its_caps(here: JiraHouse) -> None:
    sprint_id = running_sprint(here)
    robin = {"scope": {"kind": "product_owner", "value": "robin"}, "limit": "100.50"}
    write(here, sprint_id, {"limit": 300, "reason": "agreed"}, robin)
    usd, owner = f"sprint-{sprint_id}", f"product_owner-robin-sprint-{sprint_id}"
    found = caps(here)
    assert found.keys() == {usd, owner}
    assert (found[usd].limit, found[usd].mode) == (300 * USD, "block")
    assert (found[owner].limit, found[owner].sprint_id) == (100_500_000_000, sprint_id)
    said = answer(here, sprint_id)
    assert (sorted(said["set"]), said["refused"]) == ([owner, usd], [])
    write(here, sprint_id, {"limit": "250", "mode": "warn"})
    found = caps(here)
    assert found.keys() == {usd}
    assert (found[usd].limit, found[usd].mode) == (250 * USD, "warn")
    assert answer(here, sprint_id)["removed"] == [owner]
    with here.transactions.begin() as session:
        lines = workspace_queries.audit_of(session, "acme", f"cap:{usd}")
    assert [(line.action, line.actor) for line in lines] == [
        ("cap.changed", f"jira:sprint-{sprint_id}"), ("cap.created", f"jira:sprint-{sprint_id}"),
    ]  # fmt: skip
    assert lines[1].detail["reason"] == "agreed"


def test_what_was_agreed_to_elsewhere_stays_until_the_property_changes(here: JiraHouse) -> None:
    sprint_id = running_sprint(here)
    name = f"sprint-{sprint_id}"
    write(here, sprint_id, {"limit": "300"})
    terms = Terms(400 * USD, "a customer")
    raise_cap(here.transactions, "acme", name, terms, who=Who("slack:U1"), now=here.move_on())
    catch_up(here.house, "acme")
    assert caps(here)[name].limit == 400 * USD
    write(here, sprint_id, {"limit": "350"})
    assert caps(here)[name].limit == 350 * USD


def test_a_guarded_cap_is_asked_for_and_not_raised_from_jira(here: JiraHouse) -> None:
    sprint_id = running_sprint(here)
    name = f"sprint-{sprint_id}"
    write(here, sprint_id, {"limit": "300"})
    guarded = replace(caps(here)[name], approvers=("slack:U1",))
    set_cap(here.transactions, guarded, actor="cli:ada", now=here.move_on())
    write(here, sprint_id, {"limit": "400", "approvers": ["slack:U1"], "reason": "a pilot"})
    assert caps(here)[name].limit == 300 * USD
    assert answer(here, sprint_id)["waiting"] == [name]
    with here.transactions.begin() as session:
        (asked,) = raising.requests(session, "acme", ["waiting"])
    assert (asked.asked_by, asked.terms.limit) == (f"jira:sprint-{sprint_id}", 400 * USD)
    write(here, sprint_id, {"limit": "200", "approvers": ["slack:U1"]})
    assert caps(here)[name].limit == 200 * USD


@pytest.mark.parametrize(
    ("cap", "field"),
    [
        ({"limit": "0"}, "/limit"),
        ({"limit": "plenty"}, "/caps/0"),
        ({}, "/caps/0"),
        ({"limit": "3", "color": "red"}, "/caps/0"),
        ("300", "/caps/0"),
        ({"limit": "3", "scope": {"kind": "planet", "value": "mars"}}, "/caps/0"),
    ],
)
def test_what_cannot_be_a_cap_is_answered_beside_it_and_removes_nothing(
    here: JiraHouse, cap: Any, field: str
) -> None:
    sprint_id = running_sprint(here)
    write(here, sprint_id, {"limit": "300"})
    write(here, sprint_id, cap)
    (refusal,) = answer(here, sprint_id)["refused"]
    assert refusal["field"] == field
    assert caps(here)[f"sprint-{sprint_id}"].limit == 300 * USD


def test_a_sprint_without_the_property_is_left_alone(here: JiraHouse) -> None:
    sprint_id = running_sprint(here)
    catch_up(here.house, "acme")
    here.settle()
    assert caps(here) == {}
    assert answer(here, sprint_id) is None

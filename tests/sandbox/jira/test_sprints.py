"""The life of a Sprint, and where its stories go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.jira.steps import MovingClock, Rest

AGILE = "/rest/agile/1.0"


def test_a_sprint_starts_only_with_dates_and_closes_once(rest: Rest, clock: MovingClock) -> None:
    path = f"{AGILE}/sprint/{rest.sprint(started=False)}"
    rest("POST", path, {"state": "active"}, expect=400)
    rest("POST", path, {"state": "closed"}, expect=400)
    dates = {"startDate": "2026-11-02T09:00:00.000+0000", "endDate": "2026-11-16T09:00:00.000Z"}
    assert rest("POST", path, {"state": "active", **dates})["state"] == "active"
    assert rest("POST", path, {"state": "active"})["state"] == "active"
    rest("POST", path, {"state": "future"}, expect=400)
    clock.move(days=14)
    assert rest("POST", path, {"state": "closed"})["completeDate"] == "2026-11-16T09:00:00.000Z"
    clock.move(days=1)
    again = rest("POST", path, {"state": "closed", "goal": "later", "endDate": "2027-01-01"})
    assert again["completeDate"] == "2026-11-16T09:00:00.000Z"
    assert (again["goal"], again["endDate"]) == ("later", "2026-11-16T09:00:00.000Z")
    rest("POST", path, {"state": "active"}, expect=400)


def test_put_clears_the_dates_of_a_future_sprint_and_post_does_not(rest: Rest) -> None:
    path = f"{AGILE}/sprint/{rest.sprint(started=False)}"
    rest("POST", path, {"startDate": "2026-11-02T09:00:00Z", "goal": "less waste"})
    assert "startDate" in rest("POST", path, {"name": "Renamed"})
    cleared = rest("PUT", path, {"name": "Renamed"})
    assert "startDate" not in cleared
    assert "goal" not in cleared


def test_the_end_must_come_after_the_start_and_nothing_is_half_changed(rest: Rest) -> None:
    path = f"{AGILE}/sprint/{rest.sprint()}"
    wrong = {"name": "Backwards", "endDate": "2026-11-01T09:00:00Z"}
    rest("POST", path, wrong, expect=400)
    assert rest("GET", path)["name"] == "Sprint 1"


def test_moves_between_sprints_are_history_with_ids_and_names(rest: Rest) -> None:
    key = rest.story()
    one, two = rest.sprint("Sprint 1"), rest.sprint("Sprint 2")
    for sprint_id in (one, two):
        rest("POST", f"{AGILE}/sprint/{sprint_id}/issue", {"issues": [key]})
    rest("POST", f"{AGILE}/backlog/issue", {"issues": [key]})
    changes = rest("GET", f"/rest/api/3/issue/{key}/changelog")["values"]
    moves = [tuple(c["items"][0][n] for n in ("from", "to", "toString")) for c in changes]
    assert moves == [("", "1", "Sprint 1"), ("1", "2", "Sprint 2"), ("2", "", "")]
    assert {c["items"][0]["field"] for c in changes} == {"Sprint"}


@pytest.mark.parametrize(
    ("choice", "sprints"), [("next", ["Sprint 1", "Sprint 2"]), ("backlog", ["Sprint 1"])]
)
def test_closing_moves_what_is_unfinished_and_still_lists_it(
    rest: Rest, choice: str, sprints: list[str]
) -> None:
    done, undone = rest.story("Done"), rest.story("Undone")
    one = rest.sprint("Sprint 1")
    rest.sprint("Sprint 2", started=False)
    rest("POST", f"{AGILE}/sprint/{one}/issue", {"issues": [done, undone]})
    rest("POST", f"/rest/api/3/issue/{done}/transitions", {"transition": {"id": "31"}})
    rest("POST", f"/_sandbox/sprints/{one}/close", {"moveUnfinishedTo": choice})
    assert rest.keys(f"sprint = {one} ORDER BY key") == [done, undone]
    field = rest.fields(undone, "customfield_10020")["customfield_10020"]
    assert [sprint["name"] for sprint in field] == sprints
    assert [s["name"] for s in rest.fields(done, "customfield_10020")["customfield_10020"]] == [
        "Sprint 1"
    ]


def test_a_closed_sprint_is_reopened_in_the_interface_only(rest: Rest) -> None:
    sprint_id = rest.sprint()
    rest("POST", f"{AGILE}/sprint/{sprint_id}", {"state": "closed"})
    assert rest("POST", f"/_sandbox/sprints/{sprint_id}/reopen")["state"] == "active"
    shown = rest("GET", f"{AGILE}/sprint/{sprint_id}")
    assert shown["state"] == "active"
    assert "completeDate" not in shown
    assert rest("POST", f"{AGILE}/sprint/{sprint_id}", {"state": "closed"})["state"] == "closed"


def test_sub_tasks_are_in_the_sprint_of_their_parent(rest: Rest) -> None:
    key = rest.story()
    part = rest.story("Part", kind="Sub-task", parent={"key": key})
    sprint_id = rest.sprint()
    rest("POST", f"{AGILE}/sprint/{sprint_id}/issue", {"issues": [key]})
    assert rest.keys(f"sprint = {sprint_id} ORDER BY key") == [key, part]
    assert rest.keys("sprint in openSprints() AND issuetype = Sub-task") == [part]


def test_at_most_fifty_issues_move_at_once(rest: Rest) -> None:
    sprint_id = rest.sprint()
    rest("POST", "/_sandbox/seed", {"issues": 51, "project": "SHOP"})
    keys = [f"SHOP-{number}" for number in range(1, 52)]
    rest("POST", f"{AGILE}/sprint/{sprint_id}/issue", {"issues": keys}, expect=400)
    rest("POST", f"{AGILE}/sprint/{sprint_id}/issue", {"issues": keys[:50]}, expect=204)


def test_a_sprint_keeps_properties(rest: Rest) -> None:
    path = f"{AGILE}/sprint/{rest.sprint()}/properties/cap"
    rest("PUT", path, {"usd": "250"}, expect=201)
    assert rest("GET", path)["value"] == {"usd": "250"}


def test_a_deleted_sprint_leaves_its_stories_in_the_backlog(rest: Rest) -> None:
    key = rest.story()
    sprint_id = rest.sprint()
    rest("POST", f"{AGILE}/sprint/{sprint_id}/issue", {"issues": [key]})
    rest("DELETE", f"{AGILE}/sprint/{sprint_id}", expect=204)
    assert rest.fields(key, "customfield_10020") == {"customfield_10020": None}
    assert rest.keys("sprint is EMPTY") == [key]

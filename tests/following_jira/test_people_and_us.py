"""People and StoryMeter write into the same stories; neither undoes what the other wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from integration.jobs.drain_inbox import drain_inbox
from integration.jobs.follow_jira import begin_reading, follow_sprint
from integration.jobs.jira_senders import write_story
from integration.jobs.restore_figures import restore_figures
from integration.mailbox import store as mailbox
from tests.following_jira.world import section

if TYPE_CHECKING:
    from tests.following_jira.world import JiraHouse

COST = "AI estimated cost USD"


def text(*lines: str) -> dict[str, Any]:
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def edit(here: JiraHouse, key: str, **fields: Any) -> None:
    """Let Ada edit a story, and everybody come to rest."""
    here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}", {"fields": fields})
    here.move_on(minutes=1)
    here.settle()


def comments(here: JiraHouse, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.jira.as_ada("GET", f"/rest/api/3/issue/{key}/comment")[
        "comments"
    ]
    return found


def writes(here: JiraHouse) -> list[str]:
    """Return the PUTs to stories since the last `forget`."""
    log = requests.get(f"{here.jira.base_url}/_sandbox/requests", timeout=10).json()["requests"]
    return [one["path"] for one in log if one["method"] == "PUT" and "notifyUsers" in one["path"]]


def test_a_new_story_is_written_once_and_stays_quiet(here: JiraHouse) -> None:
    here.jira.forget()
    key = here.jira.story("Answer", labels=["ai"], description=text("As a reader I want answers"))
    here.settle()
    assert [path.partition("?")[0] for path in writes(here)] == [f"/rest/api/3/issue/{key}"]
    assert comments(here, key) == []
    edit(here, key, description=section("100"))
    assert len(comments(here, key)) == 1


def described(here: JiraHouse, key: str) -> str:
    return str(here.figures(key)["Description"])


def test_a_section_lost_to_an_open_editor_comes_back_once(here: JiraHouse) -> None:
    key = here.jira.story("Answer", labels=["ai"])
    here.settle()
    assert "AI Cost & Carbon" in described(here, key)
    # Ada began to type before the section came; what she saves does not have it.
    edit(here, key, description=text("As a reader I want answers"))
    assert described(here, key).count("AI Cost & Carbon") == 1
    assert "As a reader I want answers" in described(here, key)
    edit(here, key, description=text("As a reader I want short answers"))
    assert "AI Cost & Carbon" not in described(here, key)


def test_a_section_taken_out_stays_out(here: JiraHouse) -> None:
    written = text("As a reader I want answers")
    key = here.jira.story("Answer", labels=["ai"], description=written)
    here.settle()
    edit(here, key, description=written)
    edit(here, key, summary="Answer better")
    assert "AI Cost & Carbon" not in described(here, key)


def test_a_deleted_comment_comes_back_once(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"], description=section("100"))
    here.settle()
    for calls, expected in (("200", 1), ("300", 0), ("400", 0)):
        for one in comments(here, key):
            here.jira.as_ada("DELETE", f"/rest/api/3/issue/{key}/comment/{one['id']}")
        edit(here, key, description=section(calls))
        assert len(comments(here, key)) == expected, calls
    assert here.figures(key)[COST] is not None


def test_what_somebody_wrote_into_our_comment_stays(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"], description=section("100"))
    here.settle()
    (ours,) = comments(here, key)
    kept = {"body": text("Agreed with Ben: at most 100 calls.")}
    here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}/comment/{ours['id']}", kept)
    for calls in ("200", "300"):
        edit(here, key, description=section(calls))
    theirs, new = comments(here, key)
    assert theirs["body"] == kept["body"]
    assert "AI Cost & Carbon" in str(new["body"])


def test_a_figure_that_somebody_overwrote_is_put_back(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"], description=section("100"))
    here.settle()
    here.move_on(minutes=1)
    right = here.figures(key)[COST]
    cost = here.house.outside.jira("acme").connection.field_ids["estimated_cost_usd"]
    edit(here, key, **{cost: 99.0})
    assert here.figures(key)[COST] == right
    # A rule of the site's own that insists is given way to.
    for _ in range(6):
        edit(here, key, **{cost: 98.0})
    assert here.figures(key)[COST] == 98.0
    edit(here, key, description=section("200"))
    assert here.figures(key)[COST] not in {98.0, right}


def test_a_story_read_before_our_write_does_not_look_overwritten(here: JiraHouse) -> None:
    key = here.jira.story(labels=["ai"], description=section("100"))
    here.settle()
    before = here.house.outside.jira("acme").story(key)
    edit(here, key, description=section("200"))
    here.jira.forget()
    restore_figures(here.house.within("acme"), here.house.outside.jira("acme").connection, before)
    here.settle()
    assert writes(here) == []


def test_an_edit_while_the_section_is_on_its_way_is_kept(here: JiraHouse) -> None:
    key = here.jira.story("Answer", labels=["ai"])
    here.hand_over(*here.deliveries())
    drain_inbox(here.house)
    with here.transactions.begin() as session:
        promises = mailbox.claim_promises(session, here.jira.clock.now())
    here.jira.as_ada(
        "PUT", f"/rest/api/3/issue/{key}", {"fields": {"description": text("Typed meanwhile")}}
    )
    (promise,) = (each for each in promises if each.kind == "jira.story")
    write_story(here.house, promise)
    assert "Typed meanwhile" in described(here, key)
    assert "AI Cost & Carbon" in described(here, key)


def test_an_older_view_of_a_sprint_does_not_reopen_it(here: JiraHouse) -> None:
    key = here.jira.story()
    sprint_id = here.jira.sprint()
    here.jira.put_in_sprint(sprint_id, key)
    here.jira.set_sprint_state(sprint_id, "active")
    here.settle()
    reading = begin_reading(here.house)
    running = here.house.outside.jira("acme").sprint(sprint_id)
    here.move_on(hours=1)
    here.close(sprint_id)
    here.settle()
    # A catch-up asked before the Sprint closed and comes home after it.
    follow_sprint(here.house.within("acme"), "acme", running, reading)
    assert here.rows("SELECT state FROM sprint WHERE workspace_id = %s") == [("closed",)]
    here.spend(key, 2)
    assert here.dollars(sprint_id) == {}

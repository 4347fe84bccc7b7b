"""Inputs from the fields and from sub-tasks, all the way into Jira."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.backlog import store as backlog
from integration.estimation import store as estimates
from tests.following_jira.test_people_and_us import comments, edit, text
from tests.following_jira.world import section

if TYPE_CHECKING:
    from tests.following_jira.world import JiraHouse

TOKENS = "AI estimated tokens"


def fields(here: JiraHouse, **inputs: Any) -> dict[str, Any]:
    ids = here.house.outside.jira("acme").connection.field_ids
    return {ids[f"input_{name}"]: value for name, value in inputs.items()}


def workloads(here: JiraHouse, key: str) -> dict[str, tuple[Any, ...]]:
    """Return model, calls, input and output tokens of a story's workloads by name."""
    with here.transactions.begin() as session:
        found = estimates.latest(session, "acme", key)
    assert found is not None
    return {
        one.name: (one.model, one.calls, one.input_tokens, one.output_tokens)
        for one in found.estimate.workloads
    }


def test_the_fields_alone_are_enough(here: JiraHouse) -> None:
    inputs = fields(here, model="gpt-4o", calls=2000, input_tokens=1000, output_tokens=200)
    key = here.jira.story("Answer", **inputs)
    here.settle()
    assert workloads(here, key) == {"gpt-4o": ("gpt-4o", 2000, 1000, 200)}
    assert here.figures(key)[TOKENS] is not None
    # Cleared again, the figures go as well.
    edit(here, key, **dict.fromkeys(inputs))
    assert here.figures(key)[TOKENS] is None


def test_a_story_that_the_rule_marks_gets_its_section_beside_the_fields(here: JiraHouse) -> None:
    inputs = fields(here, model="gpt-4o", calls=2000, input_tokens=1000, output_tokens=200)
    key = here.jira.story("Answer", labels=["ai"], **inputs)
    here.settle()
    assert "AI Cost & Carbon" in str(here.figures(key)["Description"])
    assert workloads(here, key) == {"gpt-4o": ("gpt-4o", 2000, 1000, 200)}


def test_the_table_wins_and_the_conflict_is_named_in_the_one_comment(here: JiraHouse) -> None:
    inputs = fields(here, model="gpt-4.1", calls=2000, region="us-east-1")
    key = here.jira.story("Answer", labels=["ai"], description=section("2k"), **inputs)
    here.settle()
    assert workloads(here, key)["Answers"][:2] == ("gpt-4o", 2000)
    (comment,) = comments(here, key)
    said = str(comment["body"])
    assert "Model: the table says “gpt-4o”, the field “gpt-4.1”. The table counts." in said
    assert "Calls" not in said.partition("Assumptions")[0]
    edit(here, key, **fields(here, model="gpt-4o"))
    (comment,) = comments(here, key)
    assert "The table counts" not in str(comment["body"])


def test_an_edit_of_our_own_accounts_person_is_no_echo(here: JiraHouse) -> None:
    """The token may be a person's, who fills in fields as well."""
    key = here.jira.story("Answer", **fields(here, model="gpt-4o", calls=1, input_tokens=10,
                                             output_tokens=10))  # fmt: skip
    here.settle()
    here.house.outside.jira("acme").call(
        "PUT", f"/rest/api/3/issue/{key}", body={"fields": fields(here, calls=500)}
    )
    here.move_on(minutes=1)
    here.settle()
    assert workloads(here, key)["gpt-4o"][1] == 500


def subtask(here: JiraHouse, parent: str, calls: str) -> str:
    return here.jira.story(
        "Part", issuetype={"name": "Sub-task"}, parent={"key": parent}, description=section(calls)
    )


def test_what_subtasks_state_is_estimated_with_their_story(here: JiraHouse) -> None:
    key = here.jira.story("Answer", labels=["ai"], description=section("1k"))
    one, other = subtask(here, key, "2k"), subtask(here, key, "3k")
    here.settle()
    calls = {name: each[1] for name, each in workloads(here, key).items()}
    assert calls == {"Answers": 1000, f"{one} Answers": 2000, f"{other} Answers": 3000}
    # 6,000 calls of 2,000 tokens in and 300 out, before the usual overrun of a new team.
    shown = here.figures(key)
    assert shown[TOKENS] >= 6000 * 2300
    assert here.figures(one).get(TOKENS) is None
    assert comments(here, one) == []

    edit(here, one, description=section("500"))
    here.jira.as_ada("DELETE", f"/rest/api/3/issue/{other}")
    here.move_on(minutes=1)
    here.settle()
    calls = {name: each[1] for name, each in workloads(here, key).items()}
    assert calls == {"Answers": 1000, f"{one} Answers": 500}


def test_a_story_without_a_table_is_estimated_by_its_subtasks(here: JiraHouse) -> None:
    key = here.jira.story("Answer", description=text("Nothing about AI"))
    part = subtask(here, key, "2k")
    here.settle()
    assert {name: each[1] for name, each in workloads(here, key).items()} == {
        f"{part} Answers": 2000
    }
    assert here.figures(key)["AI inputs missing"] is None


def test_a_subtask_that_changes_its_story_takes_its_workloads_along(here: JiraHouse) -> None:
    first = here.jira.story("Answer", labels=["ai"], description=section("1k"))
    second = here.jira.story("Sum up", labels=["ai"], description=section("2k"))
    part = subtask(here, first, "4k")
    here.settle()
    edit(here, part, parent={"key": second})
    assert set(workloads(here, first)) == {"Answers"}
    assert set(workloads(here, second)) == {"Answers", f"{part} Answers"}


def test_a_subtask_is_no_story_of_the_sprint(here: JiraHouse) -> None:
    key = here.jira.story("Answer")
    part = here.jira.story("Part", issuetype={"name": "Sub-task"}, parent={"key": key})
    sprint_id = here.jira.sprint()
    here.jira.put_in_sprint(sprint_id, key, part)
    here.settle()
    with here.transactions.begin() as session:
        assert backlog.stories_in(session, "acme", sprint_id) == [key]

"""The gate of Sprint Planning: notices, flags on stories, what moves back, and the reserve."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integration.backlog.story import Membership
from integration.foundation.errors import NotFound
from integration.journeys.change_settings import change_workspace
from integration.journeys.check_plan import check_plan, trim_plan
from integration.journeys.keep_backlog import take_in_story
from integration.mailbox import queries as mailbox
from integration.workspaces.changes import WorkspaceChange
from tests.journeys.stage import ACME, END, NOON, START, story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.journeys.stage import Stage

HOUR = timedelta(hours=1)
TOKENS = 1000
"""Output tokens of a planned call."""


def planned(
    stage: Stage, number: int, calls: int, *, labels: Sequence[str] = ("AI",), at: Any = NOON,
    sprints: Sequence[Membership] = (Membership(15, START),),
) -> None:  # fmt: skip
    """Plan a story with so many calls of 1,000 output tokens of gpt-4o."""
    rows = [
        ("Workload", "Model", "Calls per Sprint", "Input tokens", "Output tokens"),
        ("Answers", "gpt-4o", str(calls), "0", str(TOKENS)),
    ]
    wanted = replace(story(number, *sprints, labels=tuple(labels)), updated_at=at)
    take_in_story(
        stage.transactions, ACME, wanted, stage.books, rows=rows, has_section=True, now=at
    )


@pytest.fixture
def plan(stage: Stage) -> Stage:
    """Sprint 15 is planned: SHOP-3 with about a million tokens, SHOP-4 with about 200,000."""
    stage.sprint(15, state="future", starts_at=END, ends_at=END + 14 * 24 * HOUR)
    planned(stage, 3, 1000)
    planned(stage, 4, 200)
    return stage


def check(stage: Stage, now: Any = NOON) -> list[int]:
    return check_plan(stage.transactions, ACME, now=now)


def said(stage: Stage, kind: str, subject: str) -> Any:
    with stage.transactions.begin() as session:
        return mailbox.promised(session, ACME, kind, subject)


def notice(stage: Stage) -> Any:
    found = said(stage, "slack.planning_notice", "sprint:15")
    return found and found.body


def flag(stage: Stage, number: int) -> Any:
    return said(stage, "jira.story", f"SHOP-{number}").body.get("plan_flag")


def note(stage: Stage, number: int) -> Any:
    return said(stage, "jira.comment", f"SHOP-{number}").body.get("plan")


def test_a_plan_over_its_cap_is_told_once_and_on_the_story_that_has_to_go(plan: Stage) -> None:
    plan.cap(500_000, "sprint-15", scope_value="15")
    for minute in range(3):
        assert check(plan, NOON + timedelta(minutes=minute)) == [15]
    told = said(plan, "slack.planning_notice", "sprint:15")
    assert told.version == 1
    assert told.body["state"] == "over"
    (commitment,) = told.body["commitments"]
    assert commitment["trim"] == ["SHOP-3"]
    assert commitment["planned"]["central"] > 1_000_000
    assert [line["story_key"] for line in told.body["stories"]] == ["SHOP-3", "SHOP-4"]
    assert (flag(plan, 3), flag(plan, 4)) == ("over", None)
    assert note(plan, 3)["limit"] == 500_000
    assert note(plan, 3)["share"]["central"] < commitment["planned"]["central"]
    assert note(plan, 4) is None
    # Nothing of it was said twice.
    assert said(plan, "jira.comment", "SHOP-3").version == 2


def test_only_the_upper_end_over_is_a_risk(plan: Stage) -> None:
    plan.cap(10**9, "sprint-15", scope_value="15")
    assert check(plan) == []
    assert notice(plan) is None
    plan.cap(600_000_000, "sprint-15", scope_value="15")
    check(plan)
    # P90 of an estimate without history is a multiple of its middle.
    spread = said(plan, "jira.story", "SHOP-3").body["estimate"]["tokens"]
    limit = (spread["central"] * 13) // 10
    plan.cap(limit, "sprint-15", scope_value="15")
    assert check(plan) == [15]
    assert notice(plan)["state"] == "at_risk"
    assert flag(plan, 3) == "at_risk"


def test_a_plan_that_fits_again_takes_everything_back(plan: Stage) -> None:
    plan.cap(500_000, "sprint-15", scope_value="15")
    check(plan)
    plan.cap(10**9, "sprint-15", scope_value="15")
    assert check(plan) == []
    assert notice(plan)["state"] == "fits"
    assert (flag(plan, 3), note(plan, 3)) == (None, None)


def test_a_story_taken_out_of_the_plan_is_told_no_more(plan: Stage) -> None:
    plan.cap(900_000, "sprint-15", scope_value="15")
    check(plan)
    planned(plan, 3, 1000, at=NOON + HOUR, sprints=[Membership(15, START, NOON)])
    assert check(plan, NOON + HOUR) == []
    assert (notice(plan)["state"], flag(plan, 3)) == ("fits", None)


def test_a_sprint_that_has_started_is_no_plan(plan: Stage) -> None:
    plan.cap(500_000, "sprint-15", scope_value="15")
    check(plan)
    plan.sprint(15, starts_at=END, ends_at=END + 14 * 24 * HOUR)
    assert check(plan, END) == []
    assert (notice(plan)["state"], flag(plan, 3)) == ("started", None)


def test_a_sprint_without_a_cap_is_told_nothing(plan: Stage) -> None:
    plan.cap(1, "other", scope_value="14")
    assert check(plan) == []
    assert notice(plan) is None


def test_what_is_kept_for_optimisation_work_is_used_by_that_alone(plan: Stage) -> None:
    tokens = said(plan, "jira.story", "SHOP-3").body["estimate"]["tokens"]["central"]
    limit = tokens * 10
    plan.cap(limit, "sprint-15", scope_value="15", reserve_pct=90)
    assert check(plan) == [15]
    assert notice(plan)["commitments"][0]["reserved"] == limit * 9 // 10
    assert notice(plan)["state"] == "over"
    planned(plan, 3, 1000, labels=("AI", "ai-optimisation"), at=NOON + HOUR)
    check(plan, NOON + HOUR)
    assert notice(plan)["state"] != "over"


def test_stories_move_back_where_the_workspace_says_so(plan: Stage) -> None:
    plan.cap(500_000, "sprint-15", scope_value="15")
    check(plan)
    assert said(plan, "jira.backlog", "sprint:15") is None
    change = WorkspaceChange(over_cap_stories="move_back")
    change_workspace(plan.transactions, ACME, change, actor="cli:ada", now=NOON)
    for minute in range(3):
        check(plan, NOON + timedelta(minutes=minute))
    moves = said(plan, "jira.backlog", "sprint:15")
    assert (moves.version, list(moves.body["stories"])) == (1, ["SHOP-3"])
    assert notice(plan)["moved"] == ["SHOP-3"]
    # Somebody pulls it in again, and the gate does not let it stay.
    planned(plan, 3, 1000, at=NOON + HOUR, sprints=[
        Membership(15, START, NOON), Membership(15, NOON + HOUR),
    ])  # fmt: skip
    check(plan, NOON + HOUR)
    assert said(plan, "jira.backlog", "sprint:15").version == 2


def test_a_risk_moves_nothing(plan: Stage) -> None:
    change = WorkspaceChange(over_cap_stories="move_back")
    change_workspace(plan.transactions, ACME, change, actor="cli:ada", now=NOON)
    spread = said(plan, "jira.story", "SHOP-3").body["estimate"]["tokens"]
    plan.cap((spread["central"] * 13) // 10, "sprint-15", scope_value="15")
    check(plan)
    assert said(plan, "jira.backlog", "sprint:15") is None


def test_a_person_trims_the_plan(plan: Stage) -> None:
    def trim() -> tuple[str, ...]:
        return trim_plan(
            plan.transactions, ACME, 15, actor="slack:U1", actor_name="Robin", now=NOON
        )

    with pytest.raises(NotFound):
        trim()
    plan.cap(500_000, "sprint-15", scope_value="15")
    check(plan)
    assert trim() == ("SHOP-3",)
    assert list(said(plan, "jira.backlog", "sprint:15").body["stories"]) == ["SHOP-3"]
    assert (notice(plan)["moved"], notice(plan)["moved_by"]) == (["SHOP-3"], "Robin")
    check(plan)
    assert notice(plan)["moved_by"] == "Robin"

"""The ladder of attribution: what outranks what, when a rule holds, and what is said about it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integration.metering.attribution import Attribution, AttributionRule, Ladder, attribute
from integration.metering.usage import UsageEvent, pseudonym

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PROJECTS = {"PROJ", "OPS_2"}


def call(**fields: Any) -> UsageEvent:
    return UsageEvent(source="api", occurred_at=NOON, request_model="m", **fields)


def decided(*rules: AttributionRule, **fields: Any) -> Attribution:
    return attribute(call(**fields), rules, PROJECTS)


def answer(*rules: AttributionRule, **fields: Any) -> tuple[str, str]:
    found = decided(*rules, **fields)
    return found.story_key, found.reason


KEY = AttributionRule("key", "ci-bot", "PROJ-1", rule_id="k")
TEAM = AttributionRule("team", "Core*", "PROJ-2", rule_id="t")
FEATURE = AttributionRule("feature", "search", "PROJ-3", rule_id="f")


@pytest.mark.parametrize(("fields", "story"), [
    ({"story_key": "PROJ-9"}, "PROJ-9"), ({"story_key": "proj-9"}, "PROJ-9"),
    ({"story_key": "jira:PROJ-9"}, "PROJ-9"), ({"tags": ("sprint:42", "jira:PROJ-9")}, "PROJ-9"),
    ({"tags": ("PROJ-9",)}, "PROJ-9"), ({"tags": ("story: ops_2-7",)}, "OPS_2-7"),
    ({"story_key": "PROJ-9", "tags": ("jira:PROJ-8",)}, "PROJ-9"),
])  # fmt: skip
def test_an_explicit_tag_names_the_story(fields: dict[str, Any], story: str) -> None:
    assert answer(**fields) == (story, "tag")


@pytest.mark.parametrize("tag", ["proj-9", "GPT-5", "sprint:42", "note:PROJ-9", "PROJ-0", "PROJ-"])
def test_an_ordinary_tag_is_no_story(tag: str) -> None:
    assert answer(tags=(tag,)) == ("", "none")


def test_the_ladder_goes_from_tag_to_key_team_feature_and_branch() -> None:
    rules = (FEATURE, TEAM, KEY)
    fields: dict[str, Any] = {
        "tags": ("jira:PROJ-9",), "key_alias": "ci-bot", "team": "core-web", "feature": "search",
        "branch": "fix/proj-8",
    }  # fmt: skip
    steps = []
    for dropped in ("", "tags", "key_alias", "team", "feature", "branch"):
        fields.pop(dropped, None)
        steps.append(answer(*rules, **fields))
    assert steps == [
        ("PROJ-9", "tag"), ("PROJ-1", "rule:k"), ("PROJ-2", "rule:t"), ("PROJ-3", "rule:f"),
        ("PROJ-8", "branch"), ("", "none"),
    ]  # fmt: skip


@pytest.mark.parametrize(("valid_from", "valid_to", "holds"), [
    (None, None, True), (NOON, None, True), (None, NOON, False),
    (datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC), None, False),
    (None, datetime(2026, 11, 20, 12, 0, 1, tzinfo=UTC), True),
])  # fmt: skip
def test_a_rule_holds_from_its_start_until_before_its_end(
    valid_from: datetime | None, valid_to: datetime | None, *, holds: bool
) -> None:
    rule = AttributionRule("team", "core", "PROJ-2", valid_from, valid_to, "t")
    assert answer(rule, team="core") == (("PROJ-2", "rule:t") if holds else ("", "none"))


def test_of_two_rules_that_hold_the_newer_one_decides() -> None:
    older = AttributionRule("team", "core", "PROJ-2", None, None, "a")
    newer = AttributionRule("team", "core", "PROJ-3", NOON, None, "b")
    assert answer(older, newer, team="core") == ("PROJ-3", "rule:b")
    assert answer(newer, older, team="core") == ("PROJ-3", "rule:b")


def test_a_rule_about_an_address_meets_the_pseudonym() -> None:
    rule = AttributionRule("user", "Bea@example.com", "PROJ-4", rule_id="u")
    assert answer(rule, user=pseudonym("bea@example.com")) == ("PROJ-4", "rule:u")


@pytest.mark.parametrize(("branch", "story"), [
    ("feat/PROJ-9-login", "PROJ-9"), ("proj-9", "PROJ-9"), ("fix_PROJ-9_again", "PROJ-9"),
    ("bea/ops_2-12", "OPS_2-12"), ("utf-8/PROJ-9", "PROJ-9"), ("PROJ-9-after-PROJ-8", "PROJ-9"),
    ("release/2026-11", ""), ("XPROJ-9", ""), ("PROJ-9x", ""), ("main", ""), ("PROJ-09", ""),
])  # fmt: skip
def test_a_branch_names_a_story_of_a_known_project_in_any_case(branch: str, story: str) -> None:
    assert decided(branch=branch).story_key == story


def test_without_known_projects_only_capital_letters_count() -> None:
    assert attribute(call(branch="fix/utf-8"), (), ()).story_key == ""
    assert attribute(call(branch="fix/utf-8-in-ABC-7"), (), ()).story_key == "ABC-7"
    assert attribute(call(story_key="abc-7"), (), ()).story_key == "ABC-7"


def test_a_commit_text_in_a_tag_is_read_like_a_branch() -> None:
    found = decided(tags=("commit:PROJ-5 mend the login",))
    assert (found.story_key, found.reason, found.explanation.field) == ("PROJ-5", "branch", "tags")


def test_the_explanation_says_what_decided_and_what_was_passed_over() -> None:
    found = decided(TEAM, story_key="PORJ-9", team="core-web")
    assert (found.story_key, found.reason) == ("PROJ-2", "rule:t")
    why = found.explanation
    assert (why.field, why.value, why.rule_id, why.pattern) == ("team", "core-web", "t", "Core*")
    assert why.passed_over == ("PORJ-9",)
    assert decided(branch="PROJ-9-PROJ-8").explanation.passed_over == ("PROJ-8",)
    assert decided(story_key="PORJ-9").explanation.passed_over == ("PORJ-9",)


def test_a_ladder_decides_many_calls_as_one_call_is_decided() -> None:
    ladder = Ladder((KEY, TEAM, FEATURE), PROJECTS)
    calls = [call(team="core"), call(branch="proj-3"), call(key_alias="CI-BOT"), call()]
    assert [ladder.attribute(event) for event in calls] == [
        attribute(event, (KEY, TEAM, FEATURE), PROJECTS) for event in calls
    ]

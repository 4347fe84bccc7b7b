"""A call is authorized under the caps that its usage will count under, whatever places it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integration.caps.policy import Denied, Granted
from integration.metering import store as metering
from integration.metering.attribution import AttributionRule
from tests.journeys.stage import ACME, NOON, START, Stage

if TYPE_CHECKING:
    from integration.metering.attribution import RuleKind

PLACED_BY: tuple[tuple[RuleKind | None, str, dict[str, Any]], ...] = (
    ("team", "assist", {"team": "assist"}),
    ("feature", "search*", {"feature": "search-v2"}),
    ("key", "ci", {"key_alias": "CI"}),
    ("user", "ada@example.com", {"user": "user-673b3797ca651be7"}),
    ("session", "s-1", {"session": "s-1"}),
    ("environment", "staging", {"environment": "staging"}),
    ("workload_class", "experiment", {"workload_class": "experiment"}),
    ("tag", "sprint-goal", {"tags": ("a", "sprint-goal")}),
    ("branch", "spike/*", {"branch": "spike/rerank"}),
    (None, "", {"branch": "feat/SHOP-1-login"}),
    (None, "", {"tags": ("jira:shop-1",)}),
)  # fmt: skip


@pytest.fixture
def ruled(stage: Stage) -> Stage:
    """The stage, with a rule of each kind that puts calls on SHOP-1."""
    with stage.transactions.begin() as session:
        for kind, pattern, _ in PLACED_BY:
            if kind is not None:
                rule = AttributionRule(kind, pattern, "SHOP-1", START, None, kind)
                metering.add_rule(session, ACME, rule, by="test", now=NOON)
    stage.cap(1000, "story-1", scope_kind="story", scope_value="SHOP-1")
    stage.cap(100_000)
    return stage


def test_whatever_places_usage_places_its_authorization(
    ruled: Stage, subtests: pytest.Subtests
) -> None:
    for place, (kind, _, labels) in enumerate(PLACED_BY):
        with subtests.test(kind or str(labels)):
            name, told = f"a{place}", {"story_key": "", **labels}
            granted = ruled.asks(name, 50, **told)
            assert isinstance(granted.decision, Granted)
            assert set(granted.decision.holds) == {"story-1", "sprint-14"}
            spent, _ = ruled.stands("story-1")
            ruled.uses(name, 50, **told)
            assert ruled.stands("story-1") == (spent + 50, 0)


def test_a_rules_story_is_refused_at_its_cap(ruled: Stage) -> None:
    answer = ruled.asks("a", 1001, story_key="", team="assist")
    assert isinstance(answer.decision, Denied)
    assert answer.decision.cap_id == "story-1"


def test_a_rule_holds_from_its_day_on(stage: Stage) -> None:
    stage.cap(1000, "story-1", scope_kind="story", scope_value="SHOP-1")
    with stage.transactions.begin() as session:
        tomorrow = NOON + timedelta(days=1)
        rule = AttributionRule("team", "search", "SHOP-1", tomorrow, None, "r")
        metering.add_rule(session, ACME, rule, by="test", now=NOON)
    early = stage.asks("a", 10, story_key="", team="search")
    late = stage.asks("b", 10, NOON + timedelta(days=1), story_key="", team="search")
    assert isinstance(early.decision, Granted)
    assert early.decision.holds == {}
    assert isinstance(late.decision, Granted)
    assert set(late.decision.holds) == {"story-1"}


def test_a_hold_that_expires_stays_where_it_was_placed(ruled: Stage) -> None:
    ruled.asks("a", 50, story_key="", key_alias="ci", ttl_seconds=60)
    assert ruled.expires(NOON + timedelta(minutes=2)) == 1
    assert ruled.stands("story-1") == (50, 0)
    ruled.uses("a", 20, story_key="", key_alias="ci")
    assert ruled.stands("story-1") == (20, 0)

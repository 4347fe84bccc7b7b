"""Caps are set, raised, removed, recounted, and compared with what is planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.backlog.story import Membership
from integration.caps import recount_queries
from integration.caps import store as caps
from integration.caps.policy import Granted
from integration.caps.raising.terms import Terms
from integration.foundation.errors import InvalidInput, NotFound
from integration.journeys.check_caps import check_caps
from integration.journeys.raise_cap import RaiseOutcome, Who, raise_cap
from integration.journeys.set_cap import remove_cap
from integration.mailbox import queries as mailbox
from integration.workspaces import queries as workspace_queries
from tests.journeys.stage import ACME, NOON, START

if TYPE_CHECKING:
    from typing import Any

    from tests.journeys.stage import Stage

KIND = "slack.cap_notice"
ROBIN = Who("slack:U1", "Robin")


def raised(stage: Stage, limit: int, reason: str = "agreed", who: Who = ROBIN) -> RaiseOutcome:
    return raise_cap(stage.transactions, ACME, "sprint-14", Terms(limit, reason), who=who, now=NOON)


def notice(stage: Stage, mark: str) -> Any:
    with stage.transactions.begin() as session:
        return mailbox.promised(session, ACME, KIND, f"sprint-14:{mark}")


def test_a_cap_over_a_running_sprint_begins_with_what_was_spent_and_is_held(stage: Stage) -> None:
    stage.asks("a", 400)
    stage.asks("b", 300)
    stage.uses("a", 100)
    stage.cap(1000)
    assert stage.stands() == (100, 300)
    stage.uses("b", 300)
    assert stage.stands() == (400, 0)


def test_a_cap_set_anew_over_another_scope_counts_and_holds_only_that(stage: Stage) -> None:
    stage.story(2)
    stage.cap(1000)
    stage.asks("a", 400)
    stage.asks("b", 300, story_key="SHOP-2")
    stage.uses("", 50, event_id="c")
    stage.cap(1000, scope_kind="story", scope_value="SHOP-2", sprint_id=14)
    assert stage.stands() == (0, 300)
    stage.cap(10**9, unit="usd")
    # gpt-4o: $10 per million output tokens; 50 were spent, 700 are held.
    assert stage.stands() == (500_000, 7_000_000)


def test_amounts_that_fill_63_bits_each_add_up(stage: Stage) -> None:
    stage.cap(1000, unit="kgco2e")
    for _ in range(3):
        with stage.transactions.begin() as session:
            caps.add_spend(session, ACME, {"sprint-14": 2**63 - 1})
    assert stage.stands() == (3 * (2**63 - 1), 0)
    assert stage.asks("a", 1).state == "denied"


def test_a_removed_cap_stops_nothing_and_holds_nothing(stage: Stage) -> None:
    stage.cap(100)
    stage.asks("a", 90)
    remove_cap(stage.transactions, ACME, "sprint-14", actor="key:1", now=NOON)
    assert stage.asks("b", 500).decision == Granted({})
    stage.uses("a", 90)
    stage.cap(1000)
    assert stage.stands() == (90, 500)
    with pytest.raises(NotFound):
        remove_cap(stage.transactions, ACME, "unheard-of", actor="key:1", now=NOON)


def test_a_cap_lowered_below_its_spend_denies_and_fires(stage: Stage) -> None:
    stage.cap(1000)
    stage.uses("", 400, event_id="x")
    stage.cap(300)
    assert stage.asks("a", 1).state == "denied"
    assert notice(stage, "threshold:100:300") is not None


def test_a_threshold_fires_once_and_again_only_after_a_raise_above_it(stage: Stage) -> None:
    stage.cap(1000, thresholds=(50,))
    for n in range(3):
        stage.uses("", 200, event_id=f"x{n}")
    assert notice(stage, "threshold:50:1000").version == 1
    raised(stage, 2000)
    assert notice(stage, "threshold:50:1000").body["resolved_by"] == "Robin"
    assert notice(stage, "threshold:50:2000") is None
    stage.uses("", 400, event_id="y")
    assert notice(stage, "threshold:50:2000").body["resolved_by"] == ""


def test_what_is_taken_back_from_the_books_unlatches_nothing(stage: Stage) -> None:
    stage.cap(1000, thresholds=(50,))
    stage.uses("", 600, event_id="x")
    with stage.transactions.begin() as session:
        caps.add_spend(session, ACME, {"sprint-14": -300})
    stage.cap(1000, thresholds=(50,), mode="warn")
    stage.uses("", 600, event_id="y")
    assert notice(stage, "threshold:50:1000").version == 1


def test_a_threshold_fires_again_in_another_window(stage: Stage) -> None:
    stage.sprint(15)
    stage.story(2, Membership(15, START))
    stage.cap(1000, thresholds=(50,))
    stage.uses("", 600, event_id="x", story_key="SHOP-1")
    stage.cap(1100, thresholds=(50,), scope_value="15")
    stage.uses("", 600, event_id="y", story_key="SHOP-2")
    assert notice(stage, "threshold:50:1100").version == 1


def test_a_threshold_notice_tells_forecast_and_top_stories(stage: Stage) -> None:
    stage.cap(1000, thresholds=(50,))
    stage.uses("", 600, event_id="x")
    told = notice(stage, "threshold:50:1000").body
    assert [line["story_key"] for line in told["top_stories"]] == ["SHOP-1"]
    # In tokens, as the cap: nothing less than what is spent, and four workdays go on.
    assert told["forecast"]["low"] >= 600
    assert told["forecast"]["central"] > 600


def test_a_raise_that_stays_below_the_spend_does_not_fire_the_same_threshold_again(
    stage: Stage,
) -> None:
    stage.cap(1000, thresholds=(50,))
    stage.uses("", 900, event_id="x")
    raised(stage, 1500)
    assert notice(stage, "threshold:50:1500") is None


@pytest.mark.parametrize(
    ("limit", "reason", "pointer"),
    [(1000, "agreed", "/limit"), (999, "agreed", "/limit"), (2**63, "agreed", "/limit"),
     (2000, "  ", "/reason"), (2000, "x" * 1001, "/reason")],
)  # fmt: skip
def test_a_raise_needs_a_higher_limit_and_a_reason(
    stage: Stage, limit: int, reason: str, pointer: str
) -> None:
    stage.cap(1000)
    with pytest.raises(InvalidInput) as refused:
        raised(stage, limit, reason)
    assert [error.pointer for error in refused.value.errors] == [pointer]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"limit": 0}, "/limit"),
        ({"limit": -5}, "/limit"),
        ({"limit": 2**63}, "/limit"),
        ({"thresholds": (0,)}, "/thresholds"),
        ({"scope_value": ""}, "/scope_value"),
        ({"scope_value": "99"}, "/scope_value"),
        ({"scope_value": "014"}, "/scope_value"),
        ({"scope_value": "fourteen"}, "/scope_value"),
        ({"sprint_id": 99}, "/sprint_id"),
        ({"cap_id": ""}, "/id"),
        ({"cap_id": "a\0"}, "/cap_id"),
        ({"max_tokens_per_request": 0}, "/max_tokens_per_request"),
        ({"reserve_pct": 91}, "/reserve_pct"),
        ({"reserve_pct": -1}, "/reserve_pct"),
        ({"approvers": ("slack:U1", "")}, "/approvers"),
        ({"period_start": NOON.replace(tzinfo=None)}, "/period_start"),
        ({"period_start": NOON, "period_end": NOON}, "/period_end"),
    ],
)
def test_a_cap_that_could_never_work_is_refused_by_name(
    stage: Stage, changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        stage.cap(**{"limit": 1000, **changes})
    assert pointer in [error.pointer for error in refused.value.errors]


def test_a_drifted_cap_is_corrected_and_the_correction_is_kept(stage: Stage) -> None:
    stage.cap(1000)
    stage.asks("a", 400)
    assert check_caps(stage.transactions, now=NOON) == []
    with stage.transactions.begin() as session:
        session.connection().exec_driver_sql("UPDATE cap SET held = 7")
    assert check_caps(stage.transactions, now=NOON) == [
        recount_queries.Drift(ACME, "sprint-14", 7, 400)
    ]
    assert stage.stands() == (0, 400)
    with stage.transactions.begin() as session:
        actions = [
            line.action for line in workspace_queries.audit_of(session, ACME, "cap:sprint-14")
        ]
    assert actions == ["cap.held_corrected", "cap.created"]


def test_a_threshold_that_two_bookings_reach_only_together_fires_at_the_check(
    stage: Stage,
) -> None:
    stage.cap(1000, thresholds=(50,))
    with stage.transactions.begin() as session:
        # What each of two transactions of 300 has left behind, neither having seen the other's.
        session.connection().exec_driver_sql("UPDATE cap_spend SET spent = 600")
    check_caps(stage.transactions, now=NOON)
    assert notice(stage, "threshold:50:1000") is not None


def test_a_cap_in_another_workspace_is_out_of_reach(stage: Stage) -> None:
    stage.cap(1000)
    with pytest.raises(NotFound):
        raise_cap(
            stage.transactions, "other", "sprint-14", Terms(2000, "mine"), who=ROBIN, now=NOON
        )

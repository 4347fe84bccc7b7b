"""Raises that wait for somebody, raises for a time, and what one window leaves to the next."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from integration.backlog.story import Membership
from integration.caps import queries as cap_queries
from integration.caps.raising import store as raising
from integration.caps.raising.terms import Terms
from integration.foundation.errors import Conflict, InvalidInput, NotFound, NotPermitted
from integration.journeys.raise_cap import RaiseOutcome, Who, decide_raise, raise_cap
from integration.journeys.set_cap import remove_cap, set_cap
from integration.journeys.turn_caps import turn_caps
from integration.mailbox import queries as mailbox
from integration.workspaces import queries as workspace_queries
from tests.journeys.stage import ACME, END, NOON, START

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any

    from tests.journeys.stage import Stage

HOUR = timedelta(hours=1)
ADA, ROBIN, EVE = Who("slack:U1", "Ada"), Who("slack:U2", "Robin"), Who("slack:U9", "Eve")
APPROVERS = (ADA.actor, ROBIN.actor)


def asks_for(
    stage: Stage, limit: int, who: Who, until: datetime | None = None, now: datetime = NOON,
    request_id: str = "r",
) -> RaiseOutcome:  # fmt: skip
    terms = Terms(limit, "a customer waits", until)
    return raise_cap(
        stage.transactions, ACME, "sprint-14", terms, who=who, now=now, request_id=request_id
    )


def decides(stage: Stage, who: Who, *, granted: bool = True, now: datetime = NOON) -> RaiseOutcome:
    return decide_raise(
        stage.transactions, ACME, "r", is_granted=granted, who=who, now=now, reason="fine"
    )


def limit_of(stage: Stage, cap_id: str = "sprint-14") -> int:
    with stage.transactions.begin() as session:
        return cap_queries.balances(session, ACME, [cap_id])[cap_id].cap.limit


def audited(stage: Stage, cap_id: str = "sprint-14") -> list[Any]:
    with stage.transactions.begin() as session:
        return workspace_queries.audit_of(session, ACME, f"cap:{cap_id}")


def shown(stage: Stage, kind: str, subject: str) -> Any:
    with stage.transactions.begin() as session:
        return mailbox.promised(session, ACME, kind, subject)


def test_an_approver_raises_at_once_and_anybody_does_where_none_is_named(stage: Stage) -> None:
    stage.cap(1000, approvers=APPROVERS)
    assert asks_for(stage, 2000, ADA).request.state == "granted"
    assert limit_of(stage) == 2000
    stage.cap(1000)
    assert asks_for(stage, 1500, EVE, request_id="s").request.state == "granted"


def test_who_may_not_raise_asks_and_an_approver_agrees(stage: Stage) -> None:
    stage.cap(1000, approvers=APPROVERS)
    assert asks_for(stage, 2000, EVE).request.state == "waiting"
    assert limit_of(stage) == 1000
    assert shown(stage, "slack.raise_request", "r").body["state"] == "waiting"
    with pytest.raises(NotPermitted, match="slack:U1, slack:U2"):
        decides(stage, EVE)
    assert decides(stage, ROBIN).balance.cap.limit == 2000
    told = shown(stage, "slack.raise_request", "r").body
    assert (told["state"], told["asked_by"], told["decided_by"]) == ("granted", "Eve", "Robin")
    done = audited(stage)[0]
    assert done.action == "cap.raised"
    assert done.actor == ROBIN.actor
    assert done.detail["before"] == 1000
    assert done.detail["limit"] == 2000
    assert done.detail["asked_by"] == "Eve"
    assert done.detail["reason"] == "a customer waits"
    assert [line.action for line in audited(stage)] == [
        "cap.raised", "cap.raise_asked", "cap.created",
    ]  # fmt: skip


def test_with_separate_duties_an_approver_cannot_agree_to_the_own_request(stage: Stage) -> None:
    stage.cap(1000, approvers=APPROVERS, separate_approver=True)
    assert asks_for(stage, 2000, ADA).request.state == "waiting"
    with pytest.raises(NotPermitted, match="cannot be the one who agrees"):
        decides(stage, ADA)
    decides(stage, ROBIN)
    assert limit_of(stage) == 2000


def test_a_request_is_decided_once_and_a_repeated_decision_changes_nothing(stage: Stage) -> None:
    stage.cap(1000, approvers=APPROVERS)
    asks_for(stage, 2000, EVE)
    decides(stage, ROBIN)
    decides(stage, ROBIN)
    with pytest.raises(Conflict, match="Robin"):
        decides(stage, ADA, granted=False)
    assert len([line for line in audited(stage) if line.action == "cap.raised"]) == 1
    with pytest.raises(NotFound):
        decide_raise(stage.transactions, ACME, "none", is_granted=True, who=ADA, now=NOON)


def test_a_declined_or_withdrawn_request_raises_nothing(stage: Stage) -> None:
    stage.cap(1000, approvers=APPROVERS)
    asks_for(stage, 2000, EVE)
    assert decides(stage, EVE, granted=False).request.state == "declined"
    assert limit_of(stage) == 1000
    assert audited(stage)[0].action == "cap.raise_declined"


def test_the_same_request_again_is_the_same_and_another_under_its_id_is_refused(
    stage: Stage,
) -> None:
    stage.cap(1000)
    first = asks_for(stage, 2000, ADA)
    assert asks_for(stage, 2000, ADA, now=NOON + HOUR).request == first.request
    assert limit_of(stage) == 2000
    with pytest.raises(Conflict):
        asks_for(stage, 3000, ADA)


def test_a_request_that_nobody_can_grant_any_more_is_put_away(stage: Stage) -> None:
    stage.cap(1000, approvers=APPROVERS)
    asks_for(stage, 2000, EVE, until=NOON + HOUR)
    turn_caps(stage.transactions, now=NOON)
    with stage.transactions.begin() as session:
        assert [each.request_id for each in raising.requests(session, ACME, ["waiting"])] == ["r"]
    with pytest.raises(Conflict, match="time is over"):
        decides(stage, ROBIN, now=NOON + HOUR)
    turn_caps(stage.transactions, now=NOON + HOUR)
    with stage.transactions.begin() as session:
        assert [each.state for each in raising.requests(session, ACME, ["outdated"])] == [
            "outdated"
        ]
    assert shown(stage, "slack.raise_request", "r").body["state"] == "outdated"


def test_a_raise_for_a_time_ends_on_the_dot_even_when_the_clock_is_late(stage: Stage) -> None:
    stage.cap(1000)
    asks_for(stage, 2000, ADA, until=NOON + HOUR)
    assert stage.asks("a", 1500, NOON + HOUR - timedelta(seconds=1)).state == "held"
    stage.voids("a")
    assert stage.asks("b", 1500, NOON + HOUR).state == "denied"
    assert turn_caps(stage.transactions, now=NOON + HOUR) == 1
    assert turn_caps(stage.transactions, now=NOON + 2 * HOUR) == 0
    assert limit_of(stage) == 1000
    ended = audited(stage)[0]
    assert (ended.action, ended.actor) == ("cap.raise_ended", "storymeter")
    assert (ended.detail["before"], ended.detail["limit"]) == (2000, 1000)
    told = shown(
        stage, "slack.cap_notice", f"sprint-14:raise_ended:{(NOON + HOUR).isoformat()}:1000"
    )
    assert told.body["event"] == "raise_ended"
    assert told.body["limit_before"] == 2000


def test_a_raise_counts_from_what_an_ended_one_fell_back_to(stage: Stage) -> None:
    stage.cap(1000)
    asks_for(stage, 2000, ADA, until=NOON + HOUR)
    asks_for(stage, 1500, ADA, now=NOON + HOUR, request_id="s")
    assert limit_of(stage) == 1500


def test_thresholds_fire_again_when_a_raise_for_a_time_has_ended(stage: Stage) -> None:
    stage.cap(1000, thresholds=(80,))
    stage.uses("", 900, event_id="x")
    first = shown(stage, "slack.cap_notice", "sprint-14:threshold:80:1000")
    asks_for(stage, 2000, ADA, until=NOON + HOUR)
    turn_caps(stage.transactions, now=NOON + HOUR)
    again = shown(stage, "slack.cap_notice", "sprint-14:threshold:80:1000")
    assert again.version > first.version
    assert again.body["resolved_by"] == ""


def told_of_raise(stage: Stage) -> list[tuple[str, str]]:
    """All that the channel would show as a raise, by kind and subject."""
    with stage.transactions.begin() as session:
        rows = session.execute(
            text(
                "SELECT kind, subject FROM outbox WHERE kind IN"
                " ('slack.cap_notice', 'slack.raise_request')"
                " AND (body->>'resolved_by' <> '' OR body->>'state' = 'granted')"
            )
        ).all()
    return [(row.kind, row.subject) for row in rows]


def test_one_raise_is_told_by_one_message_the_newest_about_the_old_limit(stage: Stage) -> None:
    stage.cap(1000, thresholds=(50, 80, 100))
    for number, tokens in enumerate((500, 300, 200)):
        stage.uses("", tokens, event_id=f"x{number}")
    assert stage.asks("a", 1).state == "denied"
    asks_for(stage, 2000, ADA)

    assert told_of_raise(stage) == [("slack.cap_notice", "sprint-14:denied:1000")]
    for pct in (50, 80, 100):
        past = shown(stage, "slack.cap_notice", f"sprint-14:threshold:{pct}:1000").body
        assert (past["is_past"], past["threshold_pct"]) == (True, pct)
        assert past["cap"]["limit"] == 1000, "it goes on telling what was true"

    asks_for(stage, 3000, ADA, request_id="s")
    assert sorted(told_of_raise(stage)) == [
        ("slack.cap_notice", "sprint-14:denied:1000"), ("slack.raise_request", "s"),
    ]  # fmt: skip


def test_a_raise_that_somebody_agreed_to_is_told_by_the_message_that_asked(stage: Stage) -> None:
    stage.cap(1000, approvers=APPROVERS, thresholds=(80,))
    stage.uses("", 900, event_id="x")
    asks_for(stage, 2000, EVE)
    decides(stage, ROBIN)

    assert told_of_raise(stage) == [("slack.raise_request", "r")]
    assert shown(stage, "slack.cap_notice", "sprint-14:threshold:80:1000").body["is_past"]


def test_a_raise_before_anything_was_told_gets_a_message_of_its_own(stage: Stage) -> None:
    stage.cap(1000)
    asks_for(stage, 2000, ADA)

    assert told_of_raise(stage) == [("slack.raise_request", "r")]


def test_setting_a_cap_anew_ends_its_raise_for_a_time(stage: Stage) -> None:
    stage.cap(1000)
    asks_for(stage, 2000, ADA, until=NOON + HOUR)
    stage.cap(1200)
    assert limit_of(stage) == 1200
    assert turn_caps(stage.transactions, now=NOON + HOUR) == 0


def test_what_was_set_says_who_what_before_and_why(stage: Stage) -> None:
    stage.cap(1000)
    balance = stage.cap(800, mode="warn")
    set_cap(
        stage.transactions, balance.cap, actor="cli:ada", actor_name="ada", reason="quiet week",
        now=NOON,
    )  # fmt: skip
    same, changed, created = audited(stage)
    assert created.detail["settings"]["limit"] == "1000"
    assert changed.detail["changed"] == {
        "limit": {"before": "1000", "after": "800"},
        "mode": {"before": "block", "after": "warn"},
    }
    assert (same.detail["changed"], same.detail["reason"]) == ({}, "quiet week")
    assert (same.actor, same.detail["name"]) == ("cli:ada", "ada")


def test_a_cap_with_approvers_is_not_loosened_or_removed_around_them(stage: Stage) -> None:
    cap = stage.cap(1000, approvers=APPROVERS).cap
    with pytest.raises(NotPermitted):
        set_cap(stage.transactions, replace(cap, limit=2000), actor=EVE.actor, now=NOON)
    with pytest.raises(NotPermitted):
        remove_cap(stage.transactions, ACME, "sprint-14", actor=EVE.actor, now=NOON)
    set_cap(stage.transactions, cap, actor=EVE.actor, now=NOON)
    remove_cap(stage.transactions, ACME, "sprint-14", actor=ADA.actor, now=NOON)


def next_sprint(stage: Stage, **changes: Any) -> None:
    stage.sprint(15, state="future", starts_at=END, ends_at=END + 14 * 24 * HOUR)
    stage.story(2, Membership(15, START))
    stage.cap(1000, "sprint-15", scope_value="15", **changes)


def closes(stage: Stage) -> None:
    stage.sprint(state="closed", completed_at=END)
    turn_caps(stage.transactions, now=END)


@pytest.mark.parametrize(
    ("rule", "spent", "limit"),
    [
        ("none", 400, 1000), ("unspent", 400, 1600), ("overrun", 400, 1000), ("both", 400, 1600),
        ("unspent", 1300, 1000), ("overrun", 1300, 700), ("both", 1300, 700), ("both", 9999, 1),
    ],
)  # fmt: skip
def test_a_closed_sprint_leaves_to_the_next_what_the_rule_says(
    stage: Stage, rule: str, spent: int, limit: int
) -> None:
    stage.cap(1000)
    next_sprint(stage, carry_over=rule)
    stage.uses("", spent, event_id="x", story_key="SHOP-1")
    turn_caps(stage.transactions, now=NOON)
    assert limit_of(stage, "sprint-15") == 1000
    closes(stage)
    assert limit_of(stage, "sprint-15") == limit


def test_late_usage_of_the_closed_sprint_changes_what_was_carried_over(stage: Stage) -> None:
    stage.cap(1000)
    next_sprint(stage, carry_over="unspent")
    closes(stage)
    assert limit_of(stage, "sprint-15") == 2000
    stage.uses("", 300, END + HOUR, occurred_at=NOON, event_id="late", story_key="SHOP-1")
    assert turn_caps(stage.transactions, now=END + HOUR) == 1
    assert limit_of(stage, "sprint-15") == 1700
    carried = audited(stage, "sprint-15")[0]
    assert carried.action == "cap.carried_over"
    assert (carried.detail["before"], carried.detail["limit"]) == (2000, 1700)
    assert carried.detail["source"] == "sprint-14"


def test_setting_a_cap_anew_keeps_what_was_carried_over(stage: Stage) -> None:
    stage.cap(1000)
    next_sprint(stage, carry_over="unspent")
    closes(stage)
    balance = stage.cap(500, "sprint-15", scope_value="15", carry_over="unspent")
    assert (balance.cap.limit, balance.cap.set_limit, balance.cap.carried_over) == (1500, 500, 1000)
    assert stage.cap(500, "sprint-15", scope_value="15").cap.limit == 500


def test_a_raise_for_a_time_keeps_its_promise_while_more_is_carried_over(stage: Stage) -> None:
    stage.cap(1000)
    next_sprint(stage, carry_over="unspent")
    raise_cap(
        stage.transactions, ACME, "sprint-15", Terms(1100, "a customer", END + HOUR), who=ADA,
        now=NOON,
    )  # fmt: skip
    closes(stage)
    assert limit_of(stage, "sprint-15") == 2000
    turn_caps(stage.transactions, now=END + HOUR)
    assert limit_of(stage, "sprint-15") == 2000


def test_one_period_leaves_to_the_next(stage: Stage) -> None:
    window = {"scope_kind": "team", "scope_value": "assist"}
    stage.cap(1000, "november", **window, period_end=END)
    stage.cap(1000, "december", **window, period_start=END, carry_over="both")
    stage.uses("", 1200, event_id="x", story_key="SHOP-1")
    turn_caps(stage.transactions, now=NOON)
    assert limit_of(stage, "december") == 1000
    turn_caps(stage.transactions, now=END)
    assert limit_of(stage, "december") == 800


def test_a_limit_that_is_no_more_is_refused(stage: Stage) -> None:
    stage.cap(1000)
    with pytest.raises(InvalidInput, match="above today"):
        asks_for(stage, 1000, ADA)

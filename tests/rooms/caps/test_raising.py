"""Who may loosen a cap, and what a raise makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.caps.carrying import carried, predecessor
from integration.caps.policy import Balance, Cap
from integration.caps.raising.permission import why_not_raise, why_not_set
from integration.caps.raising.terms import Terms, faults, raised

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CAP = Cap("acme", "c", "sprint", "15", "tokens", 1000)
GUARDED = replace(CAP, approvers=("slack:U1", "slack:U2"), approved_models=("gpt-4o",))


@pytest.mark.parametrize(
    ("cap", "actor", "asked_by", "may"),
    [
        (CAP, "slack:U9", "slack:U9", True),
        (GUARDED, "slack:U9", "slack:U9", False),
        (GUARDED, "slack:U1", "slack:U1", True),
        (GUARDED, "slack:U1", "slack:U9", True),
        (replace(GUARDED, separate_approver=True), "slack:U1", "slack:U1", False),
        (replace(GUARDED, separate_approver=True), "slack:U2", "slack:U1", True),
        (replace(CAP, separate_approver=True), "slack:U9", "slack:U9", False),
        (replace(CAP, separate_approver=True), "slack:U9", "key:1", True),
    ],
)
def test_only_an_approver_and_not_the_one_who_asked_agrees(
    cap: Cap, actor: str, asked_by: str, may: bool
) -> None:
    assert (why_not_raise(cap, actor, asked_by) == "") is may


@pytest.mark.parametrize(
    "changes",
    [
        {"limit": 1001}, {"mode": "warn"}, {"approvers": ()}, {"approvers": ("slack:U9",)},
        {"approved_models": ()}, {"approved_models": ("gpt-4o", "gpt-4.1")},
        {"max_tokens_per_request": None}, {"max_tokens_per_request": 501},
        {"scope_value": "16"}, {"unit": "usd"}, {"carry_over": "unspent"},
        {"failure_policy": "fail_open"},
    ],
)  # fmt: skip
def test_a_guarded_cap_is_loosened_by_its_approvers_and_administrators_only(
    changes: dict[str, object],
) -> None:
    standing = replace(GUARDED, max_tokens_per_request=500)
    wanted = replace(standing, **changes)  # type: ignore[arg-type]  # Any field.
    assert why_not_set(standing, wanted, "slack:U9")
    assert why_not_set(standing, wanted, "jira:sprint-15")
    assert not why_not_set(standing, wanted, "slack:U1")
    assert not why_not_set(standing, wanted, "key:1")
    apart = replace(standing, separate_approver=True)
    assert why_not_set(apart, replace(wanted, separate_approver=True), "slack:U1")


@pytest.mark.parametrize(
    "changes",
    [{"limit": 999}, {"reserve_pct": 20}, {"max_tokens_per_request": 10}, {"thresholds": (90,)}],
)
def test_anybody_who_sets_caps_may_make_one_stricter(changes: dict[str, object]) -> None:
    wanted = replace(GUARDED, **changes)  # type: ignore[arg-type]  # Any field.
    assert not why_not_set(GUARDED, wanted, "slack:U9")


@pytest.mark.parametrize(
    ("until", "pointer"),
    [
        (NOON, "/until"),
        (NOON - HOUR, "/until"),
        (NOON.replace(tzinfo=None), "/until"),
        (NOON + timedelta(days=400), "/until"),
    ],
)
def test_a_raise_for_a_time_ends_in_the_future(until: datetime, pointer: str) -> None:
    found = faults(CAP, Terms(2000, "a customer", until), NOON)
    assert [error.pointer for error in found] == [pointer]


@given(
    st.lists(st.tuples(st.integers(1, 500), st.none() | st.integers(1, 50)), max_size=6),
    st.integers(0, 60),
)
def test_after_every_raise_for_a_time_the_limit_is_the_last_one_for_good(
    steps: list[tuple[int, int | None]], hours: int
) -> None:
    cap, for_good = CAP, CAP.limit
    for more, lasting in steps:
        until = None if lasting is None else NOON + lasting * HOUR
        cap = raised(cap, Terms(cap.limit + more, "agreed", until))
        if until is None:
            for_good = cap.limit
    at = cap.at(NOON + hours * HOUR)
    assert cap.set_limit == for_good
    assert cap.at(NOON + 51 * HOUR).limit == for_good
    assert at.limit in {cap.limit, for_good}
    assert at.at(NOON + hours * HOUR) == at


AMOUNTS = st.integers(0, 5000)


@given(st.integers(1, 3000), AMOUNTS, AMOUNTS, st.integers(1, 3000))
def test_both_rules_together_carry_what_each_carries(
    limit: int, spent: int, held: int, next_limit: int
) -> None:
    earlier = Balance(replace(CAP, cap_id="a", scope_value="14", limit=limit), spent, held)

    def under(rule: str) -> int:
        cap = replace(CAP, limit=next_limit, carry_over=rule)  # type: ignore[arg-type]  # A rule.
        return carried(cap, earlier, is_over=True)

    assert under("none") == 0
    assert under("unspent") >= 0
    assert under("overrun") <= 0
    assert under("both") == under("unspent") + under("overrun")
    assert next_limit + under("both") >= 1


def test_the_cap_before_is_on_the_sprint_before_or_the_period_before() -> None:
    on_14 = Balance(replace(CAP, cap_id="a", scope_value="14"), 0, 0)
    tighter = Balance(replace(CAP, cap_id="b", scope_value="14"), 500, 0)
    other_unit = Balance(replace(CAP, cap_id="d", scope_value="14", unit="usd"), 0, 0)
    on_13 = Balance(replace(CAP, cap_id="e", scope_value="13"), 0, 0)
    others = [on_14, tighter, other_unit, on_13]
    assert predecessor(CAP, others, {15: 14, 14: 13}) == tighter
    assert predecessor(CAP, others, {14: 13}) is None
    november = Cap("acme", "n", "team", "assist", "usd", 9, period_end=NOON)
    december = replace(november, cap_id="d", period_start=NOON, period_end=NOON + 31 * 24 * HOUR)
    assert predecessor(december, [Balance(november, 1, 0)], {}) == Balance(november, 1, 0)
    elsewhere = replace(november, scope_value="search")
    assert predecessor(december, [Balance(elsewhere, 1, 0)], {}) is None

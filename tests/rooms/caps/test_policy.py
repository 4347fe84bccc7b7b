"""What fits under caps: exact at the edge, over any mix of caps and calls."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.caps.cover import CapsInForce
from integration.caps.policy import (
    Amounts,
    Balance,
    CallScope,
    Cap,
    Denied,
    Granted,
    Table,
    covers,
    decide,
    failure_policy,
    granted_with_room,
    thresholds_reached,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CAP = Cap("acme", "c", "workspace", "acme", "tokens", 1000)
CALL = CallScope(
    NOON, story_key="SHOP-1", sprint_id=14, epic_key="SHOP-9", feature="chat", team="assist",
    product_owner="robin", model="gpt-4o-mini",
)  # fmt: skip

amounts = st.integers(0, 500).map(lambda tokens: Amounts(tokens * 7, tokens, None))
caps = st.lists(
    st.builds(
        Balance,
        st.builds(
            replace, st.just(CAP), limit=st.integers(1, 3000),
            unit=st.sampled_from(["tokens", "usd"]), mode=st.sampled_from(["block", "warn"]),
        ),
        st.integers(0, 1500),
        st.integers(0, 1500),
    ),
    max_size=4,
)  # fmt: skip


@given(caps, st.lists(amounts, max_size=20))
def test_grants_never_take_a_blocking_cap_over_its_limit(
    balances: list[Balance], calls: list[Amounts]
) -> None:
    named = {
        f"c{place}": replace(balance, cap=replace(balance.cap, cap_id=f"c{place}"))
        for place, balance in enumerate(balances)
    }
    table = Table(dict(named))
    held = dict.fromkeys(named, 0)
    for call in calls:
        decision = table.decide(list(named), call, "gpt-4o")
        if isinstance(decision, Granted):
            for cap_id, amount in decision.holds.items():
                held[cap_id] += amount
    for cap_id, before in named.items():
        after = table.balances[cap_id]
        assert after.held == before.held + held[cap_id]
        if before.cap.mode == "block" and held[cap_id]:
            assert after.available >= 0


@given(caps, st.lists(amounts, max_size=20))
def test_calls_that_fit_together_are_granted_in_turn_as_they_are_granted_together(
    balances: list[Balance], calls: list[Amounts]
) -> None:
    named = {
        f"c{place}": replace(balance, cap=replace(balance.cap, cap_id=f"c{place}", limit=10**6))
        for place, balance in enumerate(balances)
    }
    together = [granted_with_room([each.cap for each in named.values()], c, "m") for c in calls]
    table = Table(dict(named))
    assert [table.decide(list(named), call, "m") for call in calls] == together


@given(caps, amounts)
def test_a_denial_is_true_of_the_cap_it_names(balances: list[Balance], call: Amounts) -> None:
    decision = decide(balances, call, "gpt-4o")
    refusing = [
        balance
        for balance in balances
        if balance.cap.mode == "block" and (call.under(balance.cap.unit) or 0) > balance.available
    ]
    assert isinstance(decision, Denied) == bool(refusing)


@pytest.mark.parametrize(
    ("changes", "is_granted"),
    [
        ({"limit": 1}, True),
        ({"approved_models": ("gpt-4o",)}, True),
        ({"approved_models": ("o3",)}, False),
        ({"approved_models": ("o3",), "mode": "warn"}, True),
        ({"max_tokens_per_request": 10}, True),
        ({"max_tokens_per_request": 9}, False),
        ({"unit": "kgco2e"}, False),
        ({"unit": "kgco2e", "mode": "observe"}, True),
    ],
)
def test_room_is_no_help_against_what_a_cap_refuses_anyhow(
    changes: dict[str, object], is_granted: bool
) -> None:
    cap = replace(CAP, **changes)  # type: ignore[arg-type]
    assert bool(granted_with_room([cap], Amounts(1, 10, None), "gpt-4o")) == is_granted


@pytest.mark.parametrize(
    ("changes", "is_covered"),
    [
        ({"scope_kind": "sprint", "scope_value": "14"}, True),
        ({"scope_kind": "sprint", "scope_value": "15"}, False),
        ({"scope_kind": "story", "scope_value": "SHOP-1"}, True),
        ({"scope_kind": "story", "scope_value": "SHOP-10"}, False),
        ({"scope_kind": "epic", "scope_value": "SHOP-9"}, True),
        ({"scope_kind": "feature", "scope_value": "chat"}, True),
        ({"scope_kind": "team", "scope_value": "assist"}, True),
        ({"scope_kind": "team", "scope_value": "other"}, False),
        ({"scope_kind": "product_owner", "scope_value": "robin", "sprint_id": 14}, True),
        ({"scope_kind": "product_owner", "scope_value": "robin", "sprint_id": 15}, False),
        ({"scope_kind": "model", "scope_value": "gpt-4o"}, True),
        ({"scope_kind": "model", "scope_value": "GPT-4o"}, True),
        ({"scope_kind": "model", "scope_value": "claude"}, False),
        ({"period_start": NOON}, True),
        ({"period_start": NOON + timedelta(seconds=1)}, False),
        ({"period_end": NOON}, False),
        ({"period_end": NOON + timedelta(seconds=1)}, True),
    ],
)
def test_a_cap_covers_what_its_scope_and_window_say(
    changes: dict[str, object], is_covered: bool
) -> None:
    assert covers(replace(CAP, **changes), CALL) is is_covered  # type: ignore[arg-type]  # Any field.


def test_a_routing_prefix_does_not_lead_around_a_model_family() -> None:
    cap = replace(CAP, scope_kind="model", scope_value="gpt-4o")
    assert covers(cap, msgspec.structs.replace(CALL, model="openai/gpt-4o-mini"))


@pytest.mark.parametrize(
    ("changes", "call", "reason"),
    [
        ({"approved_models": ("gpt-4o-mini",)}, Amounts(1, 1, 1), "model_not_approved"),
        ({"max_tokens_per_request": 99}, Amounts(1, 100, 1), "too_many_tokens"),
        ({"unit": "usd"}, Amounts(None, 1, 1), "unknown_cost"),
        ({"unit": "kgco2e"}, Amounts(1, 1, None), "unknown_cost"),
        ({"limit": 99}, Amounts(1, 100, 1), "cap_reached"),
    ],
)
def test_a_denial_says_why_and_a_warning_cap_only_warns(
    changes: dict[str, object], call: Amounts, reason: str
) -> None:
    cap = replace(CAP, **changes)  # type: ignore[arg-type]  # Any field.
    denied = decide([Balance(cap, 0, 0)], call, "gpt-4o")
    assert isinstance(denied, Denied)
    assert denied.reason == reason
    warned = decide([Balance(replace(cap, mode="warn"), 0, 0)], call, "gpt-4o")
    assert isinstance(warned, Granted)
    assert warned.warnings == (f"c: {reason}",)


def test_one_blocking_cap_that_fails_closed_decides_what_happens_in_an_outage() -> None:
    open_, closed = replace(CAP, failure_policy="fail_open"), CAP
    warns = replace(CAP, mode="warn")
    assert [failure_policy(caps) for caps in ([], [warns], [open_], [open_, closed])] == [
        "fail_open", "fail_open", "fail_open", "fail_closed",
    ]  # fmt: skip


def test_thresholds_are_reached_exactly_at_their_share() -> None:
    cap = replace(CAP, thresholds=(100, 50, 80))
    assert thresholds_reached(cap, 499) == []
    assert thresholds_reached(cap, 500) == [50]
    assert thresholds_reached(cap, 1000) == [50, 80, 100]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "workspace",
                    "sprint",
                    "product_owner",
                    "team",
                    "epic",
                    "feature",
                    "story",
                    "model",
                ]
            ),
            st.sampled_from(
                ["acme", "14", "robin", "assist", "SHOP-9", "chat", "SHOP-1", "gpt-4o"]
            ),
            st.sampled_from([None, 14, 15]),
        ),
        max_size=30,
    ),
    st.sampled_from(["SHOP-1", "SHOP-2", ""]),
)
def test_the_index_finds_the_caps_that_cover_a_call_and_no_others(
    wanted: list[tuple[str, str, int | None]], story_key: str
) -> None:
    caps = [
        replace(CAP, cap_id=f"c{place:02}", scope_kind=kind, scope_value=value, sprint_id=sprint_id)  # type: ignore[arg-type]  # One of the kinds.
        for place, (kind, value, sprint_id) in enumerate(wanted)
    ]
    call = msgspec.structs.replace(CALL, story_key=story_key)
    assert CapsInForce(caps).covering(call) == [cap for cap in caps if covers(cap, call)]

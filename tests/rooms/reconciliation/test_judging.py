"""Accuracy, savings, allocation and what changed between revisions, worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.reconciliation.accuracy import Judged, largest_errors, team_accuracy
from integration.reconciliation.allocation import Allocation, AllocationRule, allocate
from integration.reconciliation.revision import (
    Change,
    changes_between,
    content_digest,
    stories_changed,
)
from integration.reconciliation.savings import (
    Denial,
    Output,
    prevented,
    saving_against_previous,
    saving_against_what_if,
)


def judged(actual: int, central: int = 100) -> Judged:
    return Judged(low=80, central=central, high=120, actual=actual)


def test_a_team_is_judged_by_medians_and_coverage() -> None:
    team = team_accuracy([judged(90), judged(120), judged(1000), judged(70)])
    # Errors −10, +20, +900, −30: absolute median (20 + 30) / 2, signed median (−10 + 20) / 2.
    assert (team.stories, team.median_absolute_error_pct, team.median_error_pct) == (4, 25.0, 5.0)
    assert team.interval_coverage_pct == 50.0


def test_without_stories_there_is_no_figure_rather_than_zero() -> None:
    team = team_accuracy([])
    assert (team.interval_coverage_pct, team.median_absolute_error_pct) == (None, None)


def test_an_estimate_of_zero_has_no_error_in_percent() -> None:
    assert judged(5, central=0).error_pct is None


def test_the_largest_errors_are_by_money_and_both_ways() -> None:
    stories = {"A-1": judged(90), "A-2": judged(40), "A-3": judged(130)}
    assert largest_errors(stories, 2) == ["A-2", "A-3"]


def test_a_saving_is_per_unit_so_that_doing_less_saves_nothing() -> None:
    previous = [Output(list_cost_nanousd=600, units=30), Output(list_cost_nanousd=200, units=10)]
    same_price = saving_against_previous(previous, Output(list_cost_nanousd=100, units=5))
    assert same_price is not None
    assert same_price.saved_nanousd == 0
    cheaper = saving_against_previous(previous, Output(list_cost_nanousd=300, units=20))
    assert cheaper is not None
    # 20 units at 20 each would have been 400.
    assert (cheaper.baseline_nanousd, cheaper.saved_nanousd, cheaper.saved_pct) == (400, 100, 25.0)


def test_an_accepted_what_if_is_measured_at_the_volume_that_came() -> None:
    saving = saving_against_what_if(
        Output(list_cost_nanousd=1000, units=100), Output(list_cost_nanousd=700, units=150)
    )
    assert saving is not None
    assert (saving.baseline_nanousd, saving.saved_nanousd) == (1500, 800)


def test_without_units_there_is_no_baseline() -> None:
    assert saving_against_previous([], Output(list_cost_nanousd=1, units=1)) is None
    assert saving_against_what_if(Output(list_cost_nanousd=1, units=0),
                                  Output(list_cost_nanousd=1, units=1)) is None  # fmt: skip


def test_a_call_tried_again_is_prevented_once_and_one_let_through_later_not_at_all() -> None:
    denials = [
        Denial(authorization_id="a", cap_id="sprint", worst_case=10),
        Denial(authorization_id="a", cap_id="sprint", worst_case=12),
        Denial(authorization_id="a", cap_id="team", worst_case=10),
        Denial(authorization_id="b", cap_id="sprint", worst_case=5),
        Denial(authorization_id="c", cap_id="sprint", worst_case=50, allowed_later=True),
        Denial(authorization_id="c", cap_id="sprint", worst_case=50),
    ]
    assert prevented(denials) == {"sprint": 17, "team": 10}


def test_the_units_left_over_go_to_the_largest_remainders() -> None:
    # 10 by 1 : 1 : 4 is 1.67, 1.67, 6.67; two units left, the remainders are equal.
    assert allocate(10, {"A-1": 1, "A-2": 1, "A-3": 4}, "by_tokens") == Allocation(
        {"A-1": 2, "A-2": 2, "A-3": 6}, 0
    )
    assert allocate(10, {"A-1": 1, "A-2": 0, "A-3": 9}, "even").shares == {
        "A-1": 4, "A-2": 3, "A-3": 3,
    }  # fmt: skip


def test_without_a_reason_for_a_split_everything_stays_unattributed() -> None:
    assert allocate(10, {"A-1": 5}, "none") == Allocation({"A-1": 0}, 10)
    assert allocate(10, {"A-1": 0}, "by_tokens") == Allocation({"A-1": 0}, 10)
    assert allocate(10, {}, "even") == Allocation({}, 10)


def test_token_counts_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="below 0"):
        allocate(10, {"A-1": -1}, "by_tokens")


@given(
    st.integers(-(10**15), 10**15),
    st.dictionaries(st.text(max_size=3), st.integers(0, 10**9), max_size=20),
    st.sampled_from(["none", "even", "by_tokens"]),
)
def test_shares_and_the_rest_are_always_the_whole(
    amount: int, tokens: dict[str, int], rule: AllocationRule
) -> None:
    found = allocate(amount, tokens, rule)
    assert sum(found.shares.values()) + found.unallocated == amount
    assert all(share * amount >= 0 for share in found.shares.values())


def report(calls: int, **more: object) -> dict[str, object]:
    stories = [{"story_key": "A-1", "actual": {"calls": calls}}, {"story_key": "A-2", "x": 1}]
    return {"revision": 1, "as_of": "monday", "stories": stories, "late_usage_nanousd": 0, **more}


def test_a_report_made_later_with_the_same_content_is_the_same() -> None:
    again = report(5, as_of="tuesday", revision=2)
    assert content_digest(report(5)) == content_digest(again)
    assert content_digest(report(5)) != content_digest(report(6))
    assert changes_between(report(5), again) == []


def test_changes_name_the_story_and_field_they_are_in() -> None:
    after = report(6, late_usage_nanousd=9)
    changes = changes_between(report(5), after)
    assert changes == [
        Change(("late_usage_nanousd",), 0, 9),
        Change(("stories", "A-1", "actual", "calls"), 5, 6),
    ]
    assert stories_changed(changes) == ["A-1"]


def test_a_story_that_came_in_is_one_change() -> None:
    after = report(5)
    after["stories"] = [{"story_key": "A-1", "actual": {"calls": 5}}]
    assert changes_between(report(5), after) == [
        Change(("stories", "A-2"), {"story_key": "A-2", "x": 1}, None)
    ]

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from integration.backlog.story import Membership
from integration.jira.changelog import SprintChange, memberships, sprint_changes

CREATED = datetime(2026, 11, 1, tzinfo=UTC)
UPDATED = CREATED + timedelta(days=20)
SPRINT_FIELD = "customfield_10020"


def day(number: int) -> datetime:
    return CREATED + timedelta(days=number)


def moved(number: int, before: set[int], after: set[int]) -> SprintChange:
    return SprintChange(day(number), frozenset(before), frozenset(after))


def test_a_story_that_was_never_in_a_sprint_has_no_membership() -> None:
    assert memberships(CREATED, UPDATED, [], []) == ()


def test_a_story_created_in_a_sprint_is_in_it_since_its_creation() -> None:
    assert memberships(CREATED, UPDATED, [], [7]) == (Membership(7, CREATED),)


def test_what_the_first_change_came_from_holds_since_creation() -> None:
    found = memberships(CREATED, UPDATED, [moved(3, {7}, {8})], [8])

    assert found == (Membership(7, CREATED, day(3)), Membership(8, day(3)))


def test_a_story_carried_over_stays_in_the_closed_sprint_too() -> None:
    changes = [moved(1, set(), {7}), moved(14, {7}, {7, 8})]

    found = memberships(CREATED, UPDATED, changes, [7, 8])

    assert found == (Membership(7, day(1)), Membership(8, day(14)))


def test_a_story_in_two_parallel_sprints_leaves_one_of_them() -> None:
    changes = [moved(1, set(), {7, 8}), moved(4, {7, 8}, {8})]

    found = memberships(CREATED, UPDATED, changes, [8])

    assert found == (Membership(7, day(1), day(4)), Membership(8, day(1)))


def test_a_story_taken_out_and_added_again_has_two_intervals() -> None:
    changes = [moved(1, set(), {7}), moved(3, {7}, set()), moved(5, set(), {7})]

    found = memberships(CREATED, UPDATED, changes, [7])

    assert found == (Membership(7, day(1), day(3)), Membership(7, day(5)))


def test_a_deleted_sprint_ends_when_the_story_was_last_updated() -> None:
    found = memberships(CREATED, UPDATED, [moved(1, set(), {7})], [])

    assert found == (Membership(7, day(1), UPDATED),)


def test_changes_are_read_in_any_order_and_other_fields_are_left_out() -> None:
    histories: list[dict[str, Any]] = [
        {
            "id": "12",
            "created": "2026-11-04T00:00:00.000+0000",
            "items": [
                {"field": "Sprint", "fieldId": SPRINT_FIELD, "from": "7", "to": "7, 8"},
                {"field": "status", "fieldId": "status", "from": "1", "to": "3"},
            ],
        },
        {
            "id": "11",
            "created": "2026-11-02T01:00:00.000+0100",
            "items": [{"field": "Sprint", "fieldId": SPRINT_FIELD, "from": None, "to": "7"}],
        },
        {"id": "13", "created": "2026-11-05T00:00:00.000+0000", "items": []},
    ]

    assert sprint_changes(histories, SPRINT_FIELD) == [
        moved(1, set(), {7}),
        moved(3, {7}, {7, 8}),
    ]


def test_two_changes_at_one_instant_are_ordered_by_their_ids() -> None:
    at = "2026-11-02T00:00:00.000+0000"
    histories: list[dict[str, Any]] = [
        {"id": "9", "created": at, "items": [{"field": "Sprint", "from": "", "to": "7"}]},
        {"id": "10", "created": at, "items": [{"field": "Sprint", "from": "7", "to": ""}]},
    ]

    found = memberships(CREATED, UPDATED, sprint_changes(reversed(histories), ""), [])

    assert found == ()


sprint_sets = st.frozensets(st.integers(1, 4))


@given(st.lists(st.tuples(st.integers(0, 19), sprint_sets), max_size=12), sprint_sets)
def test_intervals_in_one_sprint_never_overlap_and_end_in_the_present_field(
    moves: list[tuple[int, frozenset[int]]], current: frozenset[int]
) -> None:
    changes, before = [], frozenset[int]()
    for number, after in sorted(moves, key=lambda move: move[0]):
        changes.append(SprintChange(day(number), before, after))
        before = after

    found = memberships(CREATED, UPDATED, changes, current)

    assert {one.sprint_id for one in found if one.left_at is None} == current
    for sprint_id in {one.sprint_id for one in found}:
        spans = [(one.joined_at, one.left_at) for one in found if one.sprint_id == sprint_id]
        for (start, end), (next_start, _) in pairwise(spans):
            assert end is not None
            assert start < end <= next_start

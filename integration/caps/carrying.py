"""What one window leaves to the next: which cap came before, and how much of it changes the limit.

A cap on a Sprint follows the cap of the same scope and unit on the Sprint that the same board had
before; a cap over a period follows the one whose period ends where its own begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.caps.policy import sprint_id_of
from integration.caps.raising.terms import LARGEST_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integration.caps.policy import Balance, Cap


def predecessor(cap: Cap, others: Iterable[Balance], before: Mapping[int, int]) -> Balance | None:
    """Return how the cap before this one stands; of several the one with the least left.

    `before` says which Sprint came before which on its board.
    """
    found = [each for each in others if _comes_before(each.cap, cap, before)]
    return min(found, key=lambda each: (each.available, each.cap.cap_id), default=None)


def _comes_before(earlier: Cap, cap: Cap, before: Mapping[int, int]) -> bool:
    if (earlier.scope_kind, earlier.unit) != (cap.scope_kind, cap.unit):
        return False
    if cap.scope_kind != "sprint" and earlier.scope_value != cap.scope_value:
        return False
    sprint_id = sprint_id_of(cap)
    if sprint_id is not None:
        previous = before.get(sprint_id)
        return previous is not None and sprint_id_of(earlier) == previous
    return (
        cap.period_start is not None
        and sprint_id_of(earlier) is None
        and earlier.period_end == cap.period_start
    )


def carried(cap: Cap, earlier: Balance | None, *, is_over: bool) -> int:
    """How much of the window before changes a cap's limit, in the cap's unit.

    What is still held counts as spent until its usage says otherwise. Nothing before the earlier
    window `is_over`. The limit never falls below one: a cap of nothing would have no share to show.

    >>> from integration.caps.policy import Balance, Cap
    >>> cap = Cap("acme", "b", "sprint", "15", "tokens", 300, carry_over="both")
    >>> before = Cap("acme", "a", "sprint", "14", "tokens", 200)
    >>> carried(cap, Balance(before, 150, 10), is_over=True)
    40
    >>> carried(cap, Balance(before, 650, 0), is_over=True)
    -299
    """
    if earlier is None or not is_over or cap.carry_over == "none":
        return 0
    left = earlier.available
    if cap.carry_over == "unspent":
        left = max(0, left)
    elif cap.carry_over == "overrun":
        left = min(0, left)
    return min(max(left, 1 - cap.set_limit), LARGEST_LIMIT - cap.set_limit)

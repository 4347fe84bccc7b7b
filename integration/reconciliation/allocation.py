"""Sharing unattributed or shared spend out over stories, by the workspace's rule, to the last unit.

What is shared out stays visible as such: it is shown beside a story's own spend, never inside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

AllocationRule = Literal["none", "even", "by_tokens"]


@dataclass(frozen=True, slots=True)
class Allocation:
    """Each story's share and what stays unattributed; together they are the whole amount."""

    shares: dict[str, int]
    unallocated: int


def allocate(amount: int, tokens: Mapping[str, int], rule: AllocationRule) -> Allocation:
    """Share an integer amount over the stories named by the keys of `tokens`.

    Largest remainder (Hamilton): every story gets the whole part of its exact share, and the units
    left over go to the largest remainders, of equal ones to the first key in order. By tokens with
    no token anywhere, nothing is shared out: there is no reason for any split.

    Raises:
        ValueError: if a token count is below 0.
    """
    if any(count < 0 for count in tokens.values()):
        raise ValueError("Token counts are not below 0.")
    weights = {key: 1 if rule == "even" else count for key, count in sorted(tokens.items())}
    whole = sum(weights.values())
    if rule == "none" or not whole:
        return Allocation(dict.fromkeys(weights, 0), amount)
    sign, size = (-1 if amount < 0 else 1), abs(amount)
    shares = {key: size * weight // whole for key, weight in weights.items()}
    left = size - sum(shares.values())
    by_remainder = sorted(weights, key=lambda key: (-(size * weights[key] % whole), key))
    for key in by_remainder[:left]:
        shares[key] += 1
    return Allocation({key: sign * share for key, share in shares.items()}, 0)

"""Which caps cover a call, found by its marks instead of by asking each cap in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.caps.policy import covers, value_in_scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from integration.caps.policy import CallScope, Cap, ScopeKind

BY_VALUE: tuple[ScopeKind, ...] = (
    "sprint", "product_owner", "team", "epic", "feature", "story",
)  # fmt: skip
"""Kinds of which a cap covers exactly the calls with its value; the others are asked one by one."""


class CapsInForce:
    """A workspace's caps in the order of their ids. A hundred story caps cost a call one look."""

    def __init__(self, caps: Sequence[Cap]) -> None:
        self.caps = tuple(caps)
        self._by_id = {cap.cap_id: cap for cap in self.caps}
        self._others: list[tuple[int, Cap]] = []
        self._by_value: dict[tuple[ScopeKind, str], list[tuple[int, Cap]]] = {}
        for place, cap in enumerate(self.caps):
            if cap.scope_kind in BY_VALUE:
                key = cap.scope_kind, cap.scope_value
                self._by_value.setdefault(key, []).append((place, cap))
            else:
                self._others.append((place, cap))

    def named(self, cap_ids: Iterable[str]) -> list[Cap]:
        """The caps with these ids."""
        return [self._by_id[cap_id] for cap_id in cap_ids]

    def covering(self, call: CallScope) -> list[Cap]:
        """The caps that a call falls under, in the order of their ids."""
        candidates = list(self._others)
        if self._by_value:
            for kind in BY_VALUE:
                found = self._by_value.get((kind, value_in_scope(kind, call)))
                if found is not None:
                    candidates += found
        if len(candidates) > 1:
            candidates.sort(key=_place)
        return [cap for _, cap in candidates if covers(cap, call)]


def _place(placed: tuple[int, Cap]) -> int:
    return placed[0]

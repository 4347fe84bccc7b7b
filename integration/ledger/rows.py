"""Roll-up sums of entries, and array literals, as PostgreSQL takes them in fastest."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, cast

from integration.ledger.entry import AMOUNTS, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

_FIRST_AMOUNT = LedgerEntry._fields.index(AMOUNTS[0])
_AMOUNTS = slice(_FIRST_AMOUNT, _FIRST_AMOUNT + len(AMOUNTS))

SpendKey = tuple["date", str, str, str, int]
"""Day, story, provider, model and Sprint."""
_key_of: Callable[[LedgerEntry], SpendKey] = attrgetter(
    "occurred_on", "story_key", "provider_name", "model", "sprint_id"
)


def sums(entries: Iterable[LedgerEntry]) -> list[tuple[SpendKey, list[int]]]:
    """Add entries up by day, story, provider, model and Sprint; unknown amounts add nothing.

    Sorted, so that two writers take the rows of a roll-up in the same order.
    """
    parts: dict[SpendKey, list[tuple[int | None, ...]]] = {}
    for entry in entries:
        amounts = cast("tuple[int | None, ...]", entry[_AMOUNTS])
        parts.setdefault(_key_of(entry), []).append(amounts)
    return sorted(
        (key, [sum(filter(None, column)) for column in zip(*rows, strict=True)])
        for key, rows in parts.items()
    )


def array_of(values: Iterable[object]) -> str:
    """An array literal of numbers, dates or hexadecimal UUIDs."""
    return "{" + ",".join(map(str, values)) + "}"


def text_array_of(values: Iterable[str]) -> str:
    """An array literal of any texts."""
    return "{" + ",".join(map(_quoted, values)) + "}"


@lru_cache(maxsize=8192)
def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

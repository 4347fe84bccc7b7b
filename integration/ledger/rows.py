"""Roll-up sums of entries, and array literals, as PostgreSQL takes them in fastest."""

from __future__ import annotations

from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from integration.ledger.blocks import Block

SpendKey = tuple["date", str, str, str, int]
"""Day, story, provider, model and Sprint."""


def sums(blocks: Iterable[Block]) -> list[tuple[SpendKey, list[int]]]:
    """Add blocks up by day, story, provider, model and Sprint.

    Sorted, so that two writers take the rows of a roll-up in the same order.
    """
    found: dict[SpendKey, list[int]] = {}
    for block in blocks:
        words = block.words
        key = (
            words.occurred_on, words.story_key, words.provider_name, words.model, words.sprint_id,
        )  # fmt: skip
        amounts, before = block.sums(), found.get(key)
        found[key] = amounts if before is None else list(map(add, before, amounts))
    return sorted(found.items())


def array_of(values: Iterable[object]) -> str:
    """An array literal of numbers, dates or hexadecimal UUIDs."""
    return "{" + ",".join(map(str, values)) + "}"


def text_array_of(values: Iterable[str]) -> str:
    """An array literal of any texts."""
    return "{" + ",".join(map(_quoted, values)) + "}"


@lru_cache(maxsize=8192)
def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

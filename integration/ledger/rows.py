"""Roll-up sums of entries, and array literals, as PostgreSQL takes them in fastest."""

from __future__ import annotations

from functools import lru_cache
from operator import add
from typing import TYPE_CHECKING, TypeVar

from integration.ledger.entry import AMOUNTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from integration.ledger.blocks import Block, Words

SprintKey = tuple[int, str, str, str]
"""Sprint, story, provider and model."""
DayKey = tuple["date", int, str, str, str]
Key = TypeVar("Key", SprintKey, DayKey)


def sprint_key(words: Words) -> SprintKey:
    """By what the roll-up of Sprints adds up, in the order of SPRINT_KEYS."""
    return words.sprint_id, words.story_key, words.provider_name, words.model


def day_key(words: Words) -> DayKey:
    """By what the roll-up of days adds up, in the order of DAY_KEYS."""
    return words.occurred_on, *sprint_key(words)


def sums(blocks: Iterable[Block], key_of: Callable[[Words], Key]) -> list[tuple[Key, list[int]]]:
    """Add the AMOUNTS of blocks up by key.

    Sorted, so that two writers take the rows of a roll-up in the same order.
    """
    found: dict[Key, list[int]] = {}
    for block in blocks:
        key = key_of(block.words)
        amounts, before = block.sums(), found.get(key)
        found[key] = amounts if before is None else list(map(add, before, amounts))
    return sorted(found.items())


def arrays_of(
    kinds: Mapping[str, str], parts: Sequence[tuple[tuple[object, ...], list[int]]]
) -> dict[str, str]:
    """The columns of keys and amounts as array literals, by name; `kinds` are those of the keys."""
    columns = zip(*[(*key, *amounts) for key, amounts in parts], strict=True)
    return {
        name: text_array_of(map(str, column)) if kinds.get(name) == "text" else array_of(column)
        for name, column in zip((*kinds, *AMOUNTS), columns, strict=True)
    }


def array_of(values: Iterable[object]) -> str:
    """An array literal of numbers, dates or hexadecimal UUIDs."""
    return "{" + ",".join(map(str, values)) + "}"


def text_array_of(values: Iterable[str]) -> str:
    """An array literal of any texts."""
    return "{" + ",".join(map(_quoted, values)) + "}"


@lru_cache(maxsize=8192)
def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

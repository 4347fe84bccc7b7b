"""Entries as text that PostgreSQL takes in fastest: COPY lines, array literals, roll-up sums."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from integration.ledger.entry import AMOUNTS, LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

COLUMNS = ("workspace_id", "recorded_at", *LedgerEntry._fields)
_FIRST_AMOUNT = LedgerEntry._fields.index(AMOUNTS[0])
_AMOUNTS = slice(_FIRST_AMOUNT, _FIRST_AMOUNT + len(AMOUNTS))

SpendKey = tuple["date", str, str, str, int]
"""Day, story, provider, model and Sprint."""


def copy_text(workspace_id: str, recorded_at: str, entries: Sequence[LedgerEntry]) -> bytes:
    """Render entries for `COPY ledger_entry (COLUMNS) FROM STDIN`."""
    start = f"{_escaped(workspace_id)}\t{recorded_at}\t"
    return "".join([start + _line(entry) for entry in entries]).encode()


def _line(entry: LedgerEntry) -> str:
    (
        entry_id, occurred_on, occurred_at, kind, reverses, source, outcome, provider, model,
        region, story, attribution, sprint, team, feature, authorization, calls, given, read,
        written, made, reasoned, seconds, listed, agreed, energy, low, central, high, market,
        unpriced, unknown, avoided, said, version, reason, attributes,
    ) = entry  # fmt: skip
    # JSON escapes control characters by itself; its backslashes are COPY's escapes as well.
    if "\\" in attributes:
        attributes = attributes.replace("\\", "\\\\")
    return (
        f"{entry_id.hex}\t{_iso(occurred_on)}\t{occurred_at.isoformat()}\t{kind}\t"
        f"{reverses.hex if reverses else NULL}\t{_escaped(source)}\t{outcome}\t"
        f"{_escaped(provider)}\t{_escaped(model)}\t{_escaped(region)}\t{_escaped(story)}\t"
        f"{_escaped(attribution)}\t{sprint}\t{_escaped(team)}\t{_escaped(feature)}\t"
        f"{authorization and _escaped(authorization)}\t{calls}\t{given}\t{read}\t{written}\t{made}"
        f"\t{reasoned}\t{seconds}\t{NULL if listed is None else listed}\t"
        f"{NULL if agreed is None else agreed}\t{NULL if energy is None else energy}\t"
        f"{NULL if low is None else low}\t{NULL if central is None else central}\t"
        f"{NULL if high is None else high}\t{NULL if market is None else market}\t{unpriced}\t"
        f"{unknown}\t{avoided}\t{NULL if said is None else said}\t{version}\t{_escaped(reason)}\t"
        f"{attributes}\n"
    )


NULL = "\\N"
_SPECIAL = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


@lru_cache(maxsize=8192)
def _escaped(text: str) -> str:
    return text.translate(_SPECIAL)


@lru_cache(maxsize=512)
def _iso(day: date) -> str:
    return day.isoformat()


def sums(entries: Iterable[LedgerEntry]) -> list[tuple[SpendKey, list[int]]]:
    """Add entries up by day, story, provider, model and Sprint; unknown amounts add nothing.

    Sorted, so that two writers take the rows of a roll-up in the same order.
    """
    parts: dict[SpendKey, list[tuple[int | None, ...]]] = {}
    for entry in entries:
        key = (entry[1], entry[10], entry[7], entry[8], entry[12])
        amounts = cast("tuple[int | None, ...]", entry[_AMOUNTS])
        parts.setdefault(key, []).append(amounts)
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

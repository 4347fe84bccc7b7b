"""Entries as rows of a binary COPY, the form that costs least to make and to read.

A row is the number of its fields, then the length and the bytes of each; numbers are big-endian,
a length of -1 stands for NULL (PostgreSQL's manual, COPY, "Binary Format").
"""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from integration.ledger.entry import LedgerEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIELDS = LedgerEntry._fields
_LABELS = slice(_FIELDS.index("source"), _FIELDS.index("authorization_id"))
"""Words, and the Sprint, that many entries share: rendered once."""

COLUMNS = (
    "workspace_id", "recorded_at", *_FIELDS[_LABELS], "entry_id", "occurred_on", "occurred_at",
    "calls", "input_tokens", "cache_read_input_tokens", "cache_write_input_tokens",
    "output_tokens", "reasoning_output_tokens", "accelerator_seconds", "unpriced_calls",
    "calls_without_factor", "avoided_calls", "books_version",
    "list_cost_nanousd", "contracted_cost_nanousd", "energy_uwh", "location_low_ugco2e",
    "location_central_ugco2e", "location_high_ugco2e", "market_ugco2e", "source_cost_nanousd",
    "reverses", "kind", "unpriced_reason", "authorization_id", "attributes",
)  # fmt: skip
"""Of `ledger_entry`, in the order in which a row has them."""

_START = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_NULL = b"\xff\xff\xff\xff"
_JSONB_VERSION = b"\x01"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(2000, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)

_pack_numbers = struct.Struct(">i16s ii iq" + "iq" * 11).pack
_pack_amounts = struct.Struct(">" + "iq" * 6).pack
_pack_number = struct.Struct(">iq").pack
_pack_length = struct.Struct(">i").pack


def copy_rows(workspace_id: str, recorded_at: datetime, entries: Sequence[LedgerEntry]) -> bytes:
    """Render entries for `COPY ledger_entry (COLUMNS) FROM STDIN (FORMAT binary)`.

    Raises:
        OverflowError: a number is larger than a column can be.
    """
    start = (
        len(COLUMNS).to_bytes(2, "big")
        + _text(workspace_id)
        + _pack_number(8, (recorded_at - _EPOCH) // _MICROSECOND)
    )
    parts = [_START]
    try:
        for entry in entries:
            parts.append(start)
            parts += _fields(entry)
    except struct.error as error:
        raise OverflowError(str(error)) from error
    parts.append(_END)
    return b"".join(parts)


def _fields(entry: LedgerEntry) -> tuple[bytes, ...]:
    """All that follows `recorded_at`."""
    (
        entry_id, day, at, kind, reverses, _, _, _, _, _, _, _, _, _, _, authorization,
        calls, given, read, written, made, reasoned, seconds, listed, agreed, energy, low, central,
        high, market, unpriced, unknown, avoided, said, version, reason, attributes,
    ) = entry  # fmt: skip
    if None in (listed, agreed, energy, low, central, high):
        amounts = b"".join(map(_number, (listed, agreed, energy, low, central, high)))
    else:
        amounts = _pack_amounts(8, listed, 8, agreed, 8, energy, 8, low, 8, central, 8, high)
    document = attributes.encode()
    return (
        _labels(entry[_LABELS]),
        _pack_numbers(
            16, entry_id.bytes, 4, day.toordinal() - _FIRST_DAY,
            8, (at - _EPOCH) // _MICROSECOND, 8, calls, 8, given, 8, read, 8, written, 8, made,
            8, reasoned, 8, seconds, 8, unpriced, 8, unknown, 8, avoided, 8, version,
        ),
        amounts,
        _NULL if market is None else _pack_number(8, market),
        _NULL if said is None else _pack_number(8, said),
        _NULL if reverses is None else _pack_length(16) + reverses.bytes,
        _word(kind),
        _word(reason),
        _text(authorization) if authorization else _NO_TEXT,
        _pack_length(len(document) + 1),
        _JSONB_VERSION,
        document,
    )  # fmt: skip


@lru_cache(maxsize=8192)
def _labels(labels: tuple[str | int, ...]) -> bytes:
    return b"".join(
        _text(label) if isinstance(label, str) else _pack_number(8, label) for label in labels
    )


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _pack_length(len(encoded)) + encoded


def _number(number: int | None) -> bytes:
    return _NULL if number is None else _pack_number(8, number)


_word = lru_cache(maxsize=1024)(_text)
_NO_TEXT = _text("")

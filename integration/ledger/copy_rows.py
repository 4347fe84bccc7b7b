"""Entries as rows of a binary COPY, the form that costs least to make and to read.

A row is the number of its fields, then the length and the bytes of each; numbers are big-endian,
a length of -1 stands for NULL (PostgreSQL's manual, COPY, "Binary Format"). The words come first,
so that all rows of a block begin with the same bytes.
"""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from integration.ledger.blocks import NUMBERS, Words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from integration.ledger.blocks import Block

COLUMNS = (
    "workspace_id", "recorded_at", *Words._fields, "entry_id", "occurred_at", *NUMBERS,
    "attributes",
)  # fmt: skip
"""Of `ledger_entry`, in the order in which a row has them."""

_START = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"
_JSONB_VERSION = 1
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST_DAY = date(2000, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_pack_length = struct.Struct(">i").pack


def copy_rows(workspace_id: str, recorded_at: datetime, blocks: Sequence[Block]) -> bytes:
    """Render blocks for `COPY ledger_entry (COLUMNS) FROM STDIN (FORMAT binary)`.

    Raises:
        OverflowError: a number is larger than a column can be.
    """
    start = (
        len(COLUMNS).to_bytes(2, "big") + _field(workspace_id) + _number(_microseconds(recorded_at))
    )
    try:
        rows = [part for block in blocks for part in _rows(start, block)]
    except struct.error as error:
        raise OverflowError(str(error)) from error
    return b"".join([_START, *rows, _END])


def _rows(start: bytes, block: Block) -> Iterable[bytes]:
    """Each row in three parts: its words, its numbers, its attributes."""
    ids, moments, _, documents = zip(*block.rows, strict=True)
    fields: list[Iterable[Any]] = [repeat(16), ids, repeat(8), map(_microseconds, moments)]
    for column in block.columns:
        fields += [repeat(-1)] if column[0] is None else [repeat(8), column]
    fields += [[len(each) + 1 for each in documents], repeat(_JSONB_VERSION)]
    pack = _packer(tuple([column[0] is None for column in block.columns]))
    return chain.from_iterable(
        zip(repeat(start + _words(block.words)), map(pack, *fields), documents)
    )


@lru_cache(maxsize=256)
def _packer(is_null: tuple[bool, ...]) -> Callable[..., bytes]:
    """What packs a row from its id to the head of its attributes, lengths and values in turn."""
    numbers = "".join("i" if null else "iq" for null in is_null)
    return struct.Struct(f">i16siq{numbers}iB").pack


@lru_cache(maxsize=8192)
def _words(words: Words) -> bytes:
    return b"".join(map(_field, words))


def _field(value: str | int | date | UUID | None) -> bytes:
    if isinstance(value, str):
        encoded = value.encode()
        return _pack_length(len(encoded)) + encoded
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, date):
        return struct.pack(">ii", 4, value.toordinal() - _FIRST_DAY)
    return _pack_length(-1) if value is None else _pack_length(16) + value.bytes


def _number(value: int) -> bytes:
    return struct.pack(">iq", 8, value)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND

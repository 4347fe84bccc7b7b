"""Arrays for statements, in PostgreSQL's binary form: thousands of values in a few joins.

psycopg looks at every element of a list; of literals, PostgreSQL parses every one.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

if TYPE_CHECKING:
    from collections.abc import Sequence

_UUID, _BIGINT, _DATE = (psycopg.postgres.types[name].oid for name in ("uuid", "int8", "date"))
_HEADER = Struct(">iiiii")
_FIRST_DAY = date(2000, 1, 1).toordinal()
_pack_bigint = Struct(">q").pack
_pack_day = Struct(">i").pack


class PackedArray:
    """One parameter of a statement, such as `%(days)s::date[]`: the cast says what it is."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed


def uuids(values: Sequence[bytes]) -> PackedArray:
    """An array of UUIDs, each given as its 16 bytes."""
    return _array(_UUID, 16, values)


def bigints(values: Sequence[int]) -> PackedArray:
    """An array of whole numbers of 64 bits."""
    return _array(_BIGINT, 8, [_pack_bigint(value) for value in values])


def dates(values: Sequence[date]) -> PackedArray:
    """An array of days."""
    return _array(_DATE, 4, [_day(value) for value in values])


@lru_cache(maxsize=1024)
def _day(day: date) -> bytes:
    return _pack_day(day.toordinal() - _FIRST_DAY)


def _array(kind: int, width: int, elements: Sequence[bytes]) -> PackedArray:
    if not elements:
        return PackedArray(_HEADER.pack(0, 0, kind, 0, 1)[:12])
    length = width.to_bytes(4, "big")
    start = _HEADER.pack(1, 0, kind, len(elements), 1)
    return PackedArray(start + length + length.join(elements))


class _AsItIs(Dumper):
    format = Format.BINARY

    def dump(self, obj: PackedArray) -> Buffer | None:
        return obj.packed


psycopg.adapters.register_dumper(PackedArray, _AsItIs)

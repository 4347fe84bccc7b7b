"""How many items an OTLP protobuf body holds, told before it is parsed.

An empty span takes two bytes on the wire and a hundred times that in memory, so a hostile body
must be refused before the parser unfolds it. Traces, logs and metrics nest alike: items are field
2 of a scope group, which is field 2 of a resource group, which is field 1 of the body.
"""

from __future__ import annotations

from integration.sources.batch import MAX_ITEMS, malformed, too_many

_PATH = (1, 2, 2)
_FIXED = {1: 8, 5: 4}  # Bytes of the wire types fixed64 and fixed32.


def check_size(body: bytes) -> None:
    """Raise InvalidInput when there are more items than are taken at once, or no valid lengths."""
    try:
        _count(body, 0, len(body), 0, 0)
    except IndexError:
        raise malformed("", "not_protobuf", "the body is no OTLP protobuf message") from None


def _count(body: bytes, at: int, end: int, depth: int, found: int) -> int:
    while at < end:
        tag, at = _varint(body, at)
        kind = tag & 7
        if kind == 2:
            length, at = _varint(body, at)
            if at + length > end:
                raise IndexError
            if tag >> 3 == _PATH[depth]:
                found += 1
                if found > MAX_ITEMS:
                    raise too_many()
                if depth + 1 < len(_PATH):
                    found = _count(body, at, at + length, depth + 1, found)
            at += length
        elif kind in _FIXED:
            at += _FIXED[kind]
        elif kind == 0:
            _, at = _varint(body, at)
        else:
            raise IndexError
    return found


def _varint(body: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = body[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise IndexError

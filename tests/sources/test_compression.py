"""Compressed bodies: opened within their limit, or refused."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from integration.foundation.errors import InvalidInput, PayloadTooLarge
from integration.sources.compression import decompress

TEXT = b"usage " * 1000
PACKED = gzip.compress(TEXT, mtime=0)  # Without the time, so that test ids are the same everywhere.
MIB = 1 << 20


@pytest.mark.parametrize(("encoding", "body"), [
    ("", TEXT), ("identity", TEXT), ("gzip", PACKED), (" GZIP ", PACKED),
    ("x-gzip", PACKED), ("deflate", zlib.compress(TEXT)),
    ("gzip", gzip.compress(TEXT[:3000], mtime=0) + gzip.compress(TEXT[3000:], mtime=0)),
])  # fmt: skip
def test_a_body_is_opened(encoding: str, body: bytes) -> None:
    assert decompress(body, encoding, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_a_body_over_the_limit_is_refused(encoding: str) -> None:
    packed = {"": TEXT, "gzip": PACKED, "deflate": zlib.compress(TEXT)}[encoding]
    with pytest.raises(PayloadTooLarge):
        decompress(packed, encoding, len(TEXT) - 1)


def test_a_bomb_never_fills_more_memory_than_the_limit_allows() -> None:
    bomb = gzip.compress(bytes(256 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(PayloadTooLarge):
            decompress(bomb, "gzip", 4 * MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MIB


@pytest.mark.parametrize(("encoding", "body"), [
    ("br", TEXT), ("gzip", b"not gzip"), ("gzip", PACKED[:-9]),
    ("gzip", PACKED + b"trailing"), ("deflate", b"\x00"),
])  # fmt: skip
def test_damaged_and_unknown_encodings_are_refused(encoding: str, body: bytes) -> None:
    with pytest.raises(InvalidInput):
        decompress(body, encoding, MIB)

"""Bodies that were compressed on the way, opened without letting a bomb fill the memory."""

from __future__ import annotations

import zlib

from integration.foundation.errors import PayloadTooLarge
from integration.sources.batch import malformed

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS  # Lets zlib recognise either header.
_STEP = 1 << 20


def decompress(body: bytes, encoding: str, limit_bytes: int) -> bytes:
    """Return the body as it was before `Content-Encoding`: gzip, deflate or identity.

    Raises PayloadTooLarge once more than `limit_bytes` come out, having held no more than that plus
    one MiB, and InvalidInput when the encoding is unknown or the data is damaged or cut short.
    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        if len(body) > limit_bytes:
            raise PayloadTooLarge(f"the body is larger than {limit_bytes} bytes")
        return body
    if name not in {"gzip", "x-gzip", "deflate"}:
        raise malformed("", "unknown_encoding", "send the body plain or with gzip")
    try:
        return _inflate(body, limit_bytes)
    except zlib.error:
        raise malformed("", "damaged", "the compressed body cannot be opened") from None


def _inflate(body: bytes, limit_bytes: int) -> bytes:
    opened = bytearray()
    rest = body
    while rest:
        stream = zlib.decompressobj(_GZIP_OR_ZLIB)
        while rest and not stream.eof:
            opened += stream.decompress(rest, _STEP)
            if len(opened) > limit_bytes:
                raise PayloadTooLarge(f"the body is larger than {limit_bytes} bytes when opened")
            rest = stream.unconsumed_tail
        opened += stream.flush(_STEP)
        if not stream.eof:
            raise malformed("", "damaged", "the compressed body is cut short")
        rest = stream.unused_data  # A gzip file may hold several members.
    if len(opened) > limit_bytes:
        raise PayloadTooLarge(f"the body is larger than {limit_bytes} bytes when opened")
    return bytes(opened)

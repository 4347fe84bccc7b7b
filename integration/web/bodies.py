"""Reads what was sent, within limits, and turns JSON into a declared shape or a clear 400."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from flask import request

from integration.foundation.errors import FieldError, InvalidInput, PayloadTooLarge
from integration.sources.compression import decompress
from integration.web.service import service

Shape = TypeVar("Shape")


def sent_body() -> bytes:
    """Return the raw body, decompressed, at most as large as the door allows.

    Raises:
        PayloadTooLarge: as sent or once decompressed.
        InvalidInput: it is not the compression it says it is.
    """
    limit = service().max_body_bytes
    if (request.content_length or 0) > limit:
        raise PayloadTooLarge(f"The body is over {limit} bytes")
    # A body of unstated length is cut off where this says: one byte late, so that it is noticed.
    request.max_content_length = limit + 1
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise PayloadTooLarge(f"The body is over {limit} bytes")
    return decompress(body, request.headers.get("Content-Encoding", ""), limit)


def sent_json(shape: type[Shape]) -> Shape:
    """Return the body as a declared shape.

    Raises:
        InvalidInput: naming the field that is missing or of the wrong type.
    """
    try:
        return msgspec.json.decode(sent_body(), type=shape)
    except msgspec.ValidationError as wrong:
        message, _, path = str(wrong).partition(" - at `$")
        pointer = "/" + path.rstrip("`").lstrip(".").replace(".", "/").replace("[", "/")
        raise InvalidInput(
            message, errors=(FieldError(pointer.replace("]", ""), "invalid", message),)
        ) from wrong
    except msgspec.DecodeError as wrong:
        raise InvalidInput(f"The body is not JSON: {wrong}") from wrong

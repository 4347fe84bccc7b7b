"""Bodies of JSON items: an array, an object that holds one, or one object per line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from integration.foundation.errors import FieldError
from integration.sources.batch import MAX_ITEMS, malformed, too_many

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integration.sources.batch import Collector

T = TypeVar("T")

DECODE_ERRORS = (msgspec.MsgspecError, ValueError, RecursionError, OverflowError)
MAX_BRACES = 100 * MAX_ITEMS


class _Anything(msgspec.Struct, gc=False):
    """An object of which nothing is kept: 16 bytes, so that items can be counted safely."""


_OBJECTS = msgspec.json.Decoder(list[_Anything])
_RAW_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode_items(body: bytes, decode: Callable[[bytes], list[T]]) -> list[T] | None:
    """Decode an array of items in one go; None when some item does not fit.

    Raises InvalidInput when there are too many items.
    """
    _guard(body)
    try:
        items = decode(body)
    except DECODE_ERRORS:
        return None
    if len(items) > MAX_ITEMS:
        raise too_many()
    return items


def raw_items(body: bytes, key: str = "") -> list[msgspec.Raw]:
    """Split a body into its items without reading them.

    Takes `[…]`, `{key: […]}`, one object, or objects on lines. Raises InvalidInput otherwise.
    """
    first = body.lstrip()[:1]
    try:
        if first == b"[":
            return _array(body)
        if first == b"{":
            return _from_object(body, key)
    except DECODE_ERRORS as error:
        raise malformed("", "not_json", f"the body cannot be read: {describe(error)}") from None
    raise malformed("", "not_json", "expected a JSON array or object")


def each_item(
    body: bytes, key: str, decode: Callable[[msgspec.Raw], T], collector: Collector
) -> Iterator[tuple[int, T]]:
    """Yield the items of a body with their index; one that does not fit is rejected alone.

    Raises InvalidInput when the body holds no items at all.
    """
    for index, raw in enumerate(raw_items(body, key)):
        try:
            item = decode(raw)
        except DECODE_ERRORS as error:
            message = describe(error)
            what = message.partition(" - at `")[0]
            collector.reject(index, "", FieldError(pointer_of(message), "wrong_type", what))
            continue
        yield index, item


def _from_object(body: bytes, key: str) -> list[msgspec.Raw]:
    try:
        held = _OBJECT.decode(body)
    except DECODE_ERRORS:
        return _lines(body)
    if key and key in held:
        return _array(bytes(held[key]))
    return [msgspec.Raw(body)]


def _array(body: bytes) -> list[msgspec.Raw]:
    _guard(body)
    try:
        if len(_OBJECTS.decode(body)) > MAX_ITEMS:
            raise too_many()
    except msgspec.ValidationError:
        if body.count(b",") > MAX_ITEMS:
            raise
    return _RAW_ITEMS.decode(body)


def _lines(body: bytes) -> list[msgspec.Raw]:
    if body.count(b"\n") > MAX_ITEMS:
        raise too_many()
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) == 1:
        _OBJECT.decode(lines[0])  # Says what is wrong with a single broken object.
    return [msgspec.Raw(line) for line in lines]


def _guard(body: bytes) -> None:
    """Refuse a body that could only be made to fill memory before it is decoded."""
    if body.count(b"{") > MAX_BRACES:
        raise too_many()


def describe(error: BaseException) -> str:
    """Say what is wrong in one short sentence, without quoting the body."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not valid UTF-8"
    return str(error)[:200]


def pointer_of(message: str) -> str:
    """Turn the path at the end of a msgspec message (`… - at `$.a[0]``) into a JSON pointer."""
    _, found, path = message.rpartition(" - at `")
    if not found:
        return ""
    steps = path.rstrip("`").removeprefix("$").replace("[", ".").replace("]", "").split(".")
    return "".join(f"/{step}" for step in steps if step)


def as_mapping(value: object) -> dict[str, Any]:
    """Return the value when it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}

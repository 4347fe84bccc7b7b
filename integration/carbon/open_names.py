"""What the name of an open-weight model says: which model, its size, its bits per weight.

Hosts write one model in many ways: "meta-llama/Meta-Llama-3.1-8B-Instruct", "llama3.1:8b",
"llama-v3p1-8b-instruct", "Llama-3.1-8B-Instruct-Q4_K_M-GGUF". Their words are compared without
spelling, without what does not change the size, and without dates.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Words = tuple[str, ...]

# First match counts: a name may carry the tool (GPTQ) and the bits (Int8).
_BITS = (
    (8, r"q8[_\w]*|int8|fp8|mxfp8|w8a(?:8|16)|8-?bits?"),
    (6, r"q6[_\w]*"),
    (5, r"q5[_\w]*"),
    (4, r"i?q4[_\w]*|int4|nf4|fp4|nvfp4|mxfp4|w4a(?:4|8|16)|4-?bits?|awq|gptq"),
    (3, r"i?q3[_\w]*|3-?bits?"),
    (2, r"i?q2[_\w]*|2-?bits?"),
    (16, r"bf16|fp16|f16"),
)  # fmt: skip
_EDGE, _END = r"(?<![a-z0-9])(?:", r")(?![a-z0-9])"
_BITS_IN_NAME = tuple((bits, re.compile(_EDGE + marks + _END)) for bits, marks in _BITS)
_PACKAGING = re.compile(
    _EDGE + r"gguf|ggml|qat|exl2|mlx|bnb|onnx|dwq|ud|i1|quantized|dynamic" + _END
)
_P_FOR_POINT = re.compile(r"(?<=\d)p(?=\d)")
_BEDROCK_VERSION = re.compile(r"-v?\d+:\d+$")
_MAKER_BEFORE_POINT = re.compile(r"^(?:[a-z-]+\.)+(?=[a-z])")
_WORD = re.compile(r"[a-z]+|\d+[a-z]*")
_DATE = re.compile(r"^\d{4,8}$")
_NO_SIZE = frozenset({
    "v", "instruct", "chat", "it", "hf", "base", "meta", "think", "thinking", "reasoning", "turbo",
    "versatile", "instant", "preview", "latest", "free", "maas", "nitro", "exacto", "extended",
    "online", "beta", "fast", "high", "text", "vision", "pt", "sft", "dpo", "abliterated",
    "uncensored", "4k", "8k", "16k", "32k", "64k", "128k", "200k", "256k", "1m",
})  # fmt: skip

_SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)([bmt])(?![a-z0-9])")
_MIXTURE = re.compile(r"(?<![a-z0-9.])(\d+)x(\d+(?:\.\d+)?)b(?![a-z0-9])")
_ACTIVE = re.compile(r"(?<![a-z0-9.])a(\d+(?:\.\d+)?)([bm])(?![a-z0-9])")
_EXPERTS = re.compile(r"(?<![a-z0-9.])\d+e(?![a-z0-9])|b?x\d+e(?![a-z0-9])")
_BILLIONS = {"t": 1000.0, "b": 1.0, "m": 0.001}
SMALLEST_B, LARGEST_B = 0.05, 5000.0
EXPERTS_PER_TOKEN = 2


class NamedSize(NamedTuple):
    """Billions of parameters that a name states, and in words how it was read."""

    active_b: float
    total_b: float
    reading: str


def bits_in_name(model: str) -> int | None:
    """Return the bits per weight that a name states; None where it states none."""
    name = _last_part(model)
    return next((bits for bits, mark in _BITS_IN_NAME if mark.search(name)), None)


def spellings(model: str) -> Iterator[Words]:
    """Yield a name's words, most telling first: all, without empty words, without dates."""
    name = _without_bits(_BEDROCK_VERSION.sub("", _last_part(model)))
    for plain in dict.fromkeys((name, _MAKER_BEFORE_POINT.sub("", name))):
        words = tuple(_WORD.findall(_P_FOR_POINT.sub(".", plain)))
        yield words
        telling = tuple(word for word in words if word not in _NO_SIZE)
        yield telling
        yield tuple(word for word in telling if not _DATE.match(word))


def size_in_name(model: str) -> NamedSize | None:
    """Read the size out of a name like "acme-70b", "8x7B" or "30B-A3B".

    None where the name states none, or more than one and does not say which is active: "17B-16E"
    names the active parameters only, "1B-7B" both without saying so.
    """
    name = _without_bits(_last_part(model))
    if _EXPERTS.search(name):
        return None
    found = _mixture(name) or _sparse(name) or _dense(name)
    if found is None or not SMALLEST_B <= found.total_b <= LARGEST_B:
        return None
    return found if 0 < found.active_b <= found.total_b else None


def _mixture(name: str) -> NamedSize | None:
    found = _MIXTURE.search(name)
    if found is None:
        return None
    experts, each = int(found[1]), float(found[2])
    used = min(experts, EXPERTS_PER_TOKEN)
    reading = f"{found[0]}: {experts} experts of {each:g} billion, {used} of them per token assumed"
    return NamedSize(used * each, experts * each, reading)


def _sparse(name: str) -> NamedSize | None:
    active, sizes = _ACTIVE.search(name), _sizes(name)
    if active is None or len(sizes) != 1:
        return None
    active_b, total_b = float(active[1]) * _BILLIONS[active[2]], sizes[0]
    return NamedSize(active_b, total_b, f"{total_b:g} billion parameters, {active_b:g} active")


def _dense(name: str) -> NamedSize | None:
    sizes = _sizes(name)
    if len(sizes) != 1 or _ACTIVE.search(name):
        return None
    return NamedSize(sizes[0], sizes[0], f"{sizes[0]:g} billion parameters, taken as dense")


def _sizes(name: str) -> list[float]:
    # "1m" is a context length.
    found = (float(number) * _BILLIONS[unit] for number, unit in _SIZE.findall(name))
    return list(dict.fromkeys(size for size in found if size >= SMALLEST_B))


def _last_part(model: str) -> str:
    return model.strip().lower().rpartition("/")[2]


def _without_bits(name: str) -> str:
    for _, mark in _BITS_IN_NAME:
        name = mark.sub("", name)
    return _PACKAGING.sub("", name)

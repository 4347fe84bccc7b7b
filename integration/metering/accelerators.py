"""One spelling for each accelerator, from what drivers, clouds and people call it."""

from __future__ import annotations

import re
from functools import lru_cache

_MEMORY = re.compile(r"\b\d+ ?gb\b|\bhbm\d\w*")
_SOCKET = re.compile(r"\bsxm\d\b")
_MAKERS = (
    "nvidia", "amd", "intel", "google", "aws", "habana", "geforce", "tesla", "instinct",
)  # fmt: skip


@lru_cache(maxsize=1024)
def plain_accelerator(name: str) -> str:
    """Reduce "NVIDIA A100-SXM4-80GB" and "A100 SXM" to the same letters."""
    plain = _MEMORY.sub("", name.lower())
    plain = _SOCKET.sub("sxm", plain)
    plain = "".join(letter for letter in plain if letter.isalnum())
    for maker in _MAKERS:
        plain = plain.removeprefix(maker)
    return plain


def is_same_accelerator(one: str, other: str) -> bool:
    """Whether two names mean the same device; a bare "H100" means the SXM module."""
    first, second = plain_accelerator(one), plain_accelerator(other)
    return second in {first, f"{first}sxm"} or first == f"{second}sxm"

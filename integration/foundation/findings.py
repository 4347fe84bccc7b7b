"""What a doctor says of one thing it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it is, and what to do when it is not well."""

    subject: str
    is_well: bool
    sentence: str
    kind: str = ""
    """What sort of finding it is, where a reader has to tell them apart."""

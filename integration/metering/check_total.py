"""What senders say they used in sum, and what that makes in tokens as we count them.

A sum carries no id of a call, so it is never spend: it tells only whether calls are missing.
"""

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003 -- a NamedTuple reads the type.
from dataclasses import dataclass
from datetime import date, datetime  # noqa: TC003 -- likewise.
from decimal import Decimal
from typing import Literal, NamedTuple

TokenType = Literal["input", "cache_read", "cache_write", "output", "reasoning", "tool", ""]


@dataclass(frozen=True, slots=True)
class CheckTotal:
    """One reported sum of one series; `amount` counts since `started_at`.

    Of a cumulative series the latest value replaces the earlier ones; values of others are added.
    `token_type` follows the sender; `Told` says how each sender counts.
    """

    source: str
    metric: str
    series: str
    """Digest of everything that tells this series from another, for replacing and adding up."""
    started_at: datetime | None
    at: datetime
    amount: Decimal
    unit: Literal["tokens", "usd"]
    token_type: TokenType
    cumulative: bool
    provider_name: str = ""
    model: str = ""
    story_key: str = ""
    session: str = ""


class SeriesSum(NamedTuple):
    """What the series of one kind add up to on one UTC day."""

    day: date
    source: str
    unit: str
    token_type: str
    amount: Decimal


class Told(NamedTuple):
    """What one source told of one UTC day, in tokens as we count them."""

    day: date
    source: str
    input_tokens: int
    """Cached ones included."""
    output_tokens: int
    """Reasoning included."""
    cost_usd: Decimal


# Claude Code counts cached tokens beside the input; Gemini CLI counts thoughts beside the output
# and tool-use prompts beside the input; everybody else counts parts inside.
_INPUT = {"claude_code": {"input", "cache_read", "cache_write"}, "gemini_cli": {"input", "tool"}}
_OUTPUT = {"gemini_cli": {"output", "reasoning"}}


def told(sums: Iterable[SeriesSum]) -> list[Told]:
    """Add up by day and source, each as its sender counts.

    >>> day = date(2026, 11, 20)
    >>> parts = {"input": 400, "cache_read": 700, "cache_write": 100, "output": 50}.items()
    >>> rows = [SeriesSum(day, "claude_code", "tokens", kind, Decimal(n)) for kind, n in parts]
    >>> told(rows)[0][2:4]
    (1200, 50)
    """
    found: dict[tuple[date, str], Told] = {}
    for each in sums:
        before = found.get((each.day, each.source), Told(each.day, each.source, 0, 0, Decimal(0)))
        into = each.token_type in _INPUT.get(each.source, {"input"})
        out_of = each.token_type in _OUTPUT.get(each.source, {"output"})
        is_tokens = each.unit == "tokens"
        found[each.day, each.source] = before._replace(
            input_tokens=before.input_tokens + (int(each.amount) if is_tokens and into else 0),
            output_tokens=before.output_tokens + (int(each.amount) if is_tokens and out_of else 0),
            cost_usd=before.cost_usd + (each.amount if each.unit == "usd" else 0),
        )
    return [found[key] for key in sorted(found)]

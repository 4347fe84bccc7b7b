"""Holds the ledger against a provider's own log: each call once, on its story, at its price."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from benchmarks.fake_upstream import Answered, Upstream

# Nano-USD per token: input, cached input, output; 250 is $0.25 a million. Typed in from OpenAI's
# price page. A token costs a whole number of nano-dollars, so nothing is rounded.
PRICES = {
    "gpt-5-mini": (250, 25, 2_000), "gpt-4.1": (2_000, 500, 8_000),
    "gpt-4o-mini": (150, 75, 600), "o4-mini": (1_100, 275, 4_400),
    "text-embedding-3-small": (20, 0, 0),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was counted on both sides, and what does not fit."""

    calls: int
    records_received: int
    ledger_calls: int
    cost_gap_nanousd: int
    complaints: list[str]


def judge(upstream: Upstream, engine: Engine, received: int) -> Verdict:
    """Hold the ledger against the provider's log, call by call, told apart by their figures."""
    with engine.connect() as connection:
        rows = connection.execute(text(STANDING)).mappings().all()
        totals = connection.execute(text(TOTALS)).mappings().one()
    kept: dict[tuple[int, int], list[Any]] = {}
    for row in rows:
        kept.setdefault((row["input_tokens"], row["output_tokens"]), []).append(row)
    complaints, gap = [], 0
    for call in upstream.answered:
        found = kept.pop((call.input_tokens, call.output_tokens), [])
        gap += abs(sum(row["list_cost_nanousd"] or 0 for row in found) - expected_nanousd(call))
        complaints += differences(call, found)
    strays = [row for rest in kept.values() for row in rest]
    gap += sum(abs(row["list_cost_nanousd"] or 0) for row in strays)
    complaints += [f"in the ledger, but in no log of the provider: {dict(row)}" for row in strays]
    print(f"Ledger: {dict(totals)}", file=sys.stderr)
    return Verdict(len(upstream.answered), received, int(totals["calls"]), gap, complaints)


STANDING = """
SELECT source, model, story_key, calls, input_tokens, cache_read_input_tokens, output_tokens,
    reasoning_output_tokens, list_cost_nanousd
FROM ledger_entry AS e
WHERE kind <> 'reversal' AND outcome = 'completed'
    AND NOT EXISTS (SELECT FROM ledger_entry AS r WHERE r.reverses = e.entry_id)
"""
TOTALS = """
SELECT sum(calls)::bigint AS calls, sum(list_cost_nanousd)::bigint AS list_cost_nanousd,
    sum(avoided_calls)::bigint AS avoided_calls, count(*) AS entries FROM ledger_entry
"""


def expected_nanousd(call: Answered) -> int:
    """Price a call by hand."""
    price = PRICES[call.model]
    plain = call.input_tokens - call.cached_tokens
    return plain * price[0] + call.cached_tokens * price[1] + call.output_tokens * price[2]


def differences(call: Answered, found: list[Any]) -> list[str]:
    """Everything in which the ledger differs from the provider's log about one call."""
    if len(found) != 1:
        seen = ", ".join(f"{row['source']} on {row['story_key'] or 'no story'}" for row in found)
        return [f"{call} stands {len(found)} times in the ledger: {seen}"]
    (row,) = found
    pairs = (
        ("story", call.story_key, row["story_key"]), ("calls", 1, row["calls"]),
        ("cached", call.cached_tokens, row["cache_read_input_tokens"]),
        ("reasoning", call.reasoning_tokens, row["reasoning_output_tokens"]),
        ("cost", expected_nanousd(call), row["list_cost_nanousd"]),
    )  # fmt: skip
    return [
        f"{call} by {row['source']}: {name} {mine} billed, {its} kept"
        for name, mine, its in pairs
        if mine != its
    ]

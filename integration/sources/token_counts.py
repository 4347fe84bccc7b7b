"""Cached and reasoning tokens, counted inside input and output as we do, whatever the sender does.

OpenAI and the OpenTelemetry convention count cached tokens inside the input; Anthropic and Bedrock
count them beside it; Langfuse keeps every class apart; Gemini counts thoughts beside the output.
"""

from __future__ import annotations

from typing import NamedTuple


class TokenCounts(NamedTuple):
    """Tokens of one call. `input` includes both cached classes and `output` includes reasoning."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0


def included(counts: TokenCounts, total: int) -> TokenCounts:
    """Settle a convention which the sender does not state.

    `total` is the sender's own total, or 0. Input is taken to include cached tokens, unless it is
    too small for them or the total says that they were counted beside it; likewise reasoning.
    """
    cached = counts.cache_read + counts.cache_write
    plain = counts.input + counts.output
    beside = total > plain and total == plain + cached + counts.reasoning
    if beside:
        return apart(counts)
    input_apart = cached > counts.input or (cached > 0 and total == plain + cached)
    output_apart = counts.reasoning > counts.output or (
        counts.reasoning > 0 and total == plain + counts.reasoning
    )
    return counts._replace(
        input=counts.input + (cached if input_apart else 0),
        output=counts.output + (counts.reasoning if output_apart else 0),
    )


def apart(counts: TokenCounts) -> TokenCounts:
    """Include cached and reasoning tokens which the sender counts beside input and output."""
    return counts._replace(
        input=counts.input + counts.cache_read + counts.cache_write,
        output=counts.output + counts.reasoning,
    )


def input_apart(counts: TokenCounts) -> TokenCounts:
    """Include cached tokens counted beside the input, where output already includes reasoning."""
    return counts._replace(input=counts.input + counts.cache_read + counts.cache_write)

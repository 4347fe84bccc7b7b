"""Token counts in the attribute names of every convention that is on the wire.

OpenTelemetry GenAI new and old, OpenLLMetry, OpenInference, pydantic-ai, Sentry and Logfire. Where
the provider's own usage object is there (`gen_ai.usage.raw`), it knows more and is read instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sources.provider_usage import usage_counts
from integration.sources.token_counts import TokenCounts, included
from integration.sources.values import count

if TYPE_CHECKING:
    from collections.abc import Mapping

_INPUT = (
    "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt",
    "llm.usage.prompt_tokens",
)  # fmt: skip
_OUTPUT = (
    "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
    "llm.usage.completion_tokens",
)  # fmt: skip
_CACHE_READ = (
    "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
    "gen_ai.usage.input_tokens.cached", "gen_ai.usage.details.cache_read_tokens",
    "gen_ai.usage.details.cache_read_input_tokens", "gen_ai.usage.cached_tokens",
    "llm.token_count.prompt_details.cache_read", "llm.usage.cache_read_input_tokens",
)  # fmt: skip
_CACHE_WRITE = (
    "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.input_tokens.cache_write", "gen_ai.usage.details.cache_write_tokens",
    "gen_ai.usage.details.cache_creation_input_tokens",
    "llm.token_count.prompt_details.cache_write", "llm.usage.cache_creation_input_tokens",
)  # fmt: skip
_REASONING = (
    "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens",
    "gen_ai.usage.reasoning_output_tokens", "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.details.reasoning_tokens", "llm.token_count.completion_details.reasoning",
)  # fmt: skip
_TOTAL = ("gen_ai.usage.total_tokens", "llm.token_count.total", "llm.usage.total_tokens")

TOKEN_NAMES = frozenset({*_INPUT, *_OUTPUT, *_CACHE_READ, *_CACHE_WRITE, *_REASONING, *_TOTAL})


def token_counts(attributes: Mapping[str, object]) -> TokenCounts | None:
    """Read the tokens of one call; None when it reports none. Raises Unreadable for a bad count."""
    raw = attributes.get("gen_ai.usage.raw")
    if isinstance(raw, str):
        counts = usage_counts(raw)
        if counts is not None:
            return counts
    if not any(name in attributes for name in (*_INPUT, *_OUTPUT)):
        return None
    counts = TokenCounts(
        input=_first(attributes, _INPUT),
        cache_read=_first(attributes, _CACHE_READ),
        cache_write=_first(attributes, _CACHE_WRITE),
        output=_first(attributes, _OUTPUT),
        reasoning=_first(attributes, _REASONING),
    )
    if not counts.cache_read and not counts.cache_write and not counts.reasoning:
        return counts
    return included(counts, _first(attributes, _TOTAL))


def _first(attributes: Mapping[str, object], names: tuple[str, ...]) -> int:
    for name in names:
        if name in attributes:
            return count(attributes[name], f"/attributes/{name}")
    return 0

"""The `usage` object of a provider's own answer, where a sender passes it on whole."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import msgspec

from integration.sources.json_bodies import DECODE_ERRORS, as_mapping
from integration.sources.token_counts import TokenCounts, input_apart
from integration.sources.values import count

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_LITERAL = 64 * 1024


def usage_counts(raw: str) -> TokenCounts | None:
    """Read a usage object written as JSON; None when it is none."""
    try:
        usage = msgspec.json.decode(raw)
    except DECODE_ERRORS:
        return None
    return counts_of(as_mapping(usage)) if usage else None


def counts_of(usage: Mapping[str, Any]) -> TokenCounts | None:
    """Read OpenAI's Chat Completions and Responses, Anthropic's Messages, and LiteLLM's usage.

    Anthropic counts cached tokens beside `input_tokens`, the others inside. None when neither
    input nor output is given. Raises Unreadable for a bad count.
    """
    if "prompt_tokens" in usage or "completion_tokens" in usage:
        names = ("prompt_tokens", "completion_tokens")
    elif "input_tokens" in usage or "output_tokens" in usage:
        names = ("input_tokens", "output_tokens")
    else:
        return None
    into = _details(usage, "prompt_tokens_details", "input_tokens_details")
    out_of = _details(usage, "completion_tokens_details", "output_tokens_details")
    written_for = as_mapping(usage.get("cache_creation"))
    counts = TokenCounts(
        input=count(usage.get(names[0]), f"/{names[0]}"),
        cache_read=_either(into, "cached_tokens", usage, "cache_read_input_tokens"),
        cache_write=_either(into, "cache_creation_tokens", usage, "cache_creation_input_tokens"),
        cache_write_1h=count(written_for.get("ephemeral_1h_input_tokens"), "/cache_creation"),
        output=count(usage.get(names[1]), f"/{names[1]}"),
        reasoning=count(out_of.get("reasoning_tokens"), "/reasoning_tokens"),
    )
    by_anthropic = names[0] == "input_tokens" and "input_tokens_details" not in usage
    return input_apart(counts) if by_anthropic else counts


def _details(usage: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return next((usage[name] for name in names if isinstance(usage.get(name), dict)), {})


def _either(first: Mapping[str, Any], name: str, second: Mapping[str, Any], other: str) -> int:
    value = first.get(name)
    return count(second.get(other) if value is None else value, f"/{name}")


def python_literal(written: object) -> dict[str, Any]:
    """Read a dictionary that was written with Python's repr; empty when it is none.

    LiteLLM writes its metadata into span attributes this way.
    """
    if not isinstance(written, str) or len(written) > MAX_LITERAL or not written.startswith("{"):
        return {}
    try:
        return as_mapping(ast.literal_eval(written))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return {}

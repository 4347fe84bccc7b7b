"""Which provider serves a model when the sender names only the model."""

from __future__ import annotations

from functools import lru_cache

# Prefixes of the vendors' own model names; resellers prefix theirs and are named by the sender.
_BY_PREFIX = (
    ("claude", "anthropic"),
    ("gpt-", "openai"),
    ("chatgpt", "openai"),
    ("o1", "openai"),
    ("o3", "openai"),
    ("o4", "openai"),
    ("codex", "openai"),
    ("text-embedding-", "openai"),
    ("gemini", "google"),
    ("mistral", "mistral"),
    ("codestral", "mistral"),
    ("ministral", "mistral"),
    ("magistral", "mistral"),
    ("deepseek", "deepseek"),
    ("grok", "xai"),
    ("command", "cohere"),
)


@lru_cache(maxsize=2048)
def provider_of(model: str) -> str:
    """Return the vendor of a model by the way it names its models; empty when it is not known.

    >>> provider_of("claude-sonnet-4-5")
    'anthropic'
    """
    name = model.lower()
    return next((provider for prefix, provider in _BY_PREFIX if name.startswith(prefix)), "")

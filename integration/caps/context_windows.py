"""How many tokens a model can take and give at the most, from the pinned price data."""

from __future__ import annotations

from functools import cache


def context_window(provider_name: str, model: str) -> int | None:
    """Return the context window of a priced model, in tokens; None where nobody states it.

    `provider_name` and `model` are ids of the price data (`PriceBook.canonical`). Source:
    genai-prices, `context_window`.
    """
    return _windows().get((provider_name, model))


@cache
def _windows() -> dict[tuple[str, str], int]:
    from genai_prices.data import providers

    return {
        (provider.id, model.id): model.context_window
        for provider in providers
        for model in provider.models
        if model.context_window
    }

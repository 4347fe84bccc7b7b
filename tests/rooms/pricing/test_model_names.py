"""What gateways and clouds call a model leads to the seller's own row."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from integration.pricing.price_book import REMEMBERED_NAMES, PriceBook, base_prices
from integration.pricing.price_book import default_price_book as book
from integration.pricing.schedule import Unpriced

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SONNET_ON_BEDROCK = ("aws", "regional.anthropic.claude-sonnet-4-5-20250929-v1:0")
GLOBAL_SONNET = ("aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0")
ARN = "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/"
VERTEX_PATH = "projects/acme/locations/europe-west4/publishers/google/models/gemini-2.5-pro"


@pytest.mark.parametrize(
    ("provider_name", "model", "expected"),
    [
        ("openai", "gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("OpenAI", "GPT-4o-mini-2024-07-18", ("openai", "gpt-4o-mini")),
        ("openai", "gpt-4o-mini-20240718", ("openai", "gpt-4o-mini")),
        ("openai", "openai/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("litellm", "openai/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        (None, "gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("", "claude-sonnet-4-5", ("anthropic", "claude-sonnet-4-5")),
        ("azure", "azure/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("azure", "azure/eu/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("azure.ai.openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o")),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET_ON_BEDROCK),
        ("bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET_ON_BEDROCK),
        ("bedrock", "bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", SONNET_ON_BEDROCK),
        (
            "bedrock",
            "bedrock/us-east-1/anthropic.claude-sonnet-4-5-20250929-v1:0",
            SONNET_ON_BEDROCK,
        ),
        ("aws.bedrock", f"{ARN}global.anthropic.claude-sonnet-4-5-20250929-v1:0", GLOBAL_SONNET),
        ("vertex_ai", "vertex_ai/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("gcp.vertex_ai", VERTEX_PATH, ("google", "gemini-2.5-pro")),
        ("gemini", "models/gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("openrouter", "openai/gpt-4o-mini", ("openrouter", "openai/gpt-4o-mini")),
        ("litellm", "openrouter/openai/gpt-4o-mini", ("openrouter", "openai/gpt-4o-mini")),
    ],
)
def test_a_name_from_outside_finds_its_row(
    provider_name: str | None, model: str, expected: tuple[str, str]
) -> None:
    assert book().canonical(provider_name, model) == expected


def test_bedrock_charges_its_own_regional_rate() -> None:
    # 1,000 · 3.30 + 100 · 16.50 = 4,950 millionths regionally; 3.00 and 15.00 globally: 4,500.
    costs = [
        book().list_cost(
            "aws.bedrock",
            f"{scope}.anthropic.claude-sonnet-4-5-20250929-v1:0",
            NOON,
            input_tokens=1_000,
            output_tokens=100,
        )
        for scope in ("eu", "global")
    ]

    assert [getattr(cost, "list_cost_nanousd", None) for cost in costs] == [4_950_000, 4_500_000]


def test_a_seller_nobody_knows_is_not_taken_for_the_maker() -> None:
    answer = book().list_cost("acme-cloud", "gpt-4o-mini", NOON, input_tokens=1, output_tokens=1)

    assert isinstance(answer, Unpriced)


def test_a_misspelt_model_gets_suggestions() -> None:
    assert "gpt-4o-mini" in book().closest("gpt4o-mini")
    assert ("openai", "gpt-4o-mini") in book().models()


def test_names_from_outside_do_not_fill_the_memory() -> None:
    own = PriceBook(base_prices())

    for number in range(REMEMBERED_NAMES + 10):
        own._resolved["openai", f"made-up-{number}", "standard"] = Unpriced("unknown_model", "")
    own.resolve("openai", "gpt-4o-mini")

    assert len(own._resolved) == 1

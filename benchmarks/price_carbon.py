"""What pricing plus carbon costs per event, beside the two libraries' own calls, in one run.

    python benchmarks/price_carbon.py [--model gpt-4o-mini] [--rounds 15]

Each round times all of them in turn, so that a busy machine slows all alike; the medians count.
EcoLogits and genai-prices are given the same call, with their own caches warm.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import statistics
import sys
from datetime import UTC, datetime
from time import perf_counter
from typing import TYPE_CHECKING

from ecologits.tracers.utils import llm_impacts
from genai_prices import Usage, calc_price

from integration.carbon.carbon_book import default_carbon_book
from integration.carbon.footprint import Footprint
from integration.pricing.price_book import Priced, default_price_book

if TYPE_CHECKING:
    from collections.abc import Callable

PROVIDER = "openai"
REGION = "us-east-1"
AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
INPUT_TOKENS, CACHE_READ, OUTPUT_TOKENS = 1_200, 800, 340
CALLS_OF_OURS = 20_000
CALLS_OF_THEIRS = 400


def main() -> None:
    """Time everything, print a table, and the figures as one JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="gpt-4o-mini")
    parser.add_argument("--rounds", type=int, default=15)
    chosen = parser.parse_args()
    logging.getLogger("ecologits").setLevel(logging.ERROR)
    timed = subjects(chosen.model)
    rounds: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(chosen.rounds):
        print(f"round {number + 1} of {chosen.rounds}", file=sys.stderr)
        for name, (call, repeats) in timed.items():
            rounds[name].append(microseconds(call, repeats))
    report(chosen.model, {name: statistics.median(taken) for name, taken in rounds.items()})


def subjects(model: str) -> dict[str, tuple[Callable[[], object], int]]:
    """Return what is timed, each checked once to really answer."""
    prices, carbon = default_price_book(), default_carbon_book()

    def price() -> object:
        return prices.list_cost(
            PROVIDER,
            model,
            AT,
            input_tokens=INPUT_TOKENS,
            output_tokens=OUTPUT_TOKENS,
            cache_read_input_tokens=CACHE_READ,
        )

    def footprint() -> object:
        return carbon.footprint(
            PROVIDER,
            model,
            REGION,
            input_tokens=INPUT_TOKENS,
            output_tokens=OUTPUT_TOKENS,
            cache_read_input_tokens=CACHE_READ,
        )

    def both() -> object:
        return price(), footprint()

    def genai_prices() -> object:
        usage = Usage(
            input_tokens=INPUT_TOKENS, cache_read_tokens=CACHE_READ, output_tokens=OUTPUT_TOKENS
        )
        return calc_price(usage, model, provider_id=PROVIDER, genai_request_timestamp=AT)

    def ecologits() -> object:
        return llm_impacts(PROVIDER, model, OUTPUT_TOKENS, math.inf, "USA")

    if not (isinstance(price(), Priced) and isinstance(footprint(), Footprint)):
        sys.exit(f"{model} has no price or no energy factor")
    return {
        "price": (price, CALLS_OF_OURS),
        "carbon": (footprint, CALLS_OF_OURS),
        "price_carbon": (both, CALLS_OF_OURS),
        "genai_prices": (genai_prices, CALLS_OF_THEIRS),
        "ecologits": (ecologits, CALLS_OF_THEIRS),
    }


def microseconds(call: Callable[[], object], repeats: int) -> float:
    """Return the mean duration of one call."""
    started = perf_counter()
    for _ in range(repeats):
        call()
    return (perf_counter() - started) / repeats * 1e6


def report(model: str, taken: dict[str, float]) -> None:
    """Print the table and the JSON line."""
    ours = taken["price_carbon"]
    print(
        f"{model}, {INPUT_TOKENS} in ({CACHE_READ} cached), {OUTPUT_TOKENS} out; median µs a call"
    )
    for name, label in (
        ("price", "price"),
        ("carbon", "energy and emissions"),
        ("price_carbon", "both, as for one event"),
        ("genai_prices", "genai-prices' own call"),
        ("ecologits", "EcoLogits' own call"),
    ):
        print(f"  {label:<26}{taken[name]:>9.2f}")
    print(f"  price is {taken['price'] / taken['genai_prices']:.1%} of genai-prices (budget 20%)")
    print(f"  both are {ours / taken['genai_prices']:.1%} of genai-prices (budget 20%)")
    print(f"  both are {ours / taken['ecologits']:.2%} of EcoLogits (budget 2%)")
    figures = {
        f"{name}_us": round(taken[name], 3)
        for name in ("price_carbon", "genai_prices", "ecologits")
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

"""Why a spike costs more than usual; small costs $2 per million input tokens, large $4."""

import random
from decimal import Decimal

from integration.anomalies.causes import Cause, causes_of, scaled, with_details
from integration.pricing.cost_change import CostBasis, GroupUsage
from integration.pricing.rates import ClassPrices

PRICES = {
    "small": ClassPrices(input=Decimal(2), output=Decimal(8)),
    "large": ClassPrices(input=Decimal(4), output=Decimal(16)),
}


def used(model: str, calls: int, tokens: int, cost: int) -> CostBasis:
    group = GroupUsage(model=model, calls=calls, input_tokens=tokens, list_cost_nanousd=cost)
    return CostBasis(groups=(group,), prices=PRICES)


def test_longer_prompts_and_accelerators_are_named_largest_first() -> None:
    usual = used("small", 10, 1000, 2_000_000)
    during = CostBasis(
        groups=used("small", 10, 5000, 10_000_000).groups, gpu_nanousd=500, prices=PRICES
    )
    assert causes_of(usual, during) == (
        Cause("longer_input", 8_000_000), Cause("gpu_hours", 500),
    )  # fmt: skip


def test_a_dearer_model_is_told_from_more_calls() -> None:
    causes = causes_of(used("small", 10, 1000, 2_000_000), used("large", 20, 2000, 8_000_000))
    # Twice the calls at twice the price: 2 → 8 mUSD; calls first 2, last 4: 3 each.
    assert {cause.kind: cause.amount_nanousd for cause in causes} == {
        "more_calls": 3_000_000, "dearer_model": 3_000_000,
    }  # fmt: skip


def test_what_was_never_used_before_is_more_calls() -> None:
    during = used("small", 10, 1000, 2_000_000)
    assert causes_of(CostBasis(), during) == (Cause("more_calls", 2_000_000),)


def test_a_calm_week_scaled_to_the_length_of_a_spike_costs_what_is_usual() -> None:
    week = CostBasis(
        groups=(*used("small", 700, 70_000, 140_000_001).groups,
                *used("large", 7, 700, 2_800_000).groups),
        gpu_nanousd=7, prices=PRICES,
    )  # fmt: skip
    usual = scaled(week, 20_400_001)
    assert usual.total_nanousd == 20_400_001
    assert (usual.groups[0].calls, usual.groups[0].input_tokens) == (100, 10_000)
    assert (usual.groups[1].calls, usual.gpu_nanousd) == (1, 1)


def test_causes_add_up_to_the_nano_dollar() -> None:
    draw = random.Random(7)
    for _ in range(500):
        sides = [
            CostBasis(
                groups=tuple(
                    GroupUsage(
                        model=draw.choice(("small", "large", "unknown")),
                        calls=draw.randrange(50), input_tokens=draw.randrange(10_000),
                        output_tokens=draw.randrange(900),
                        list_cost_nanousd=draw.randrange(10**10),
                    )
                    for _ in range(draw.randrange(4))
                ),
                gpu_nanousd=draw.randrange(10**6), prices=PRICES,
            )
            for _ in range(2)
        ]  # fmt: skip
        usual = scaled(sides[0], sides[0].total_nanousd // 3)
        causes = causes_of(usual, sides[1])
        assert sum(cause.amount_nanousd for cause in causes) == (
            sides[1].total_nanousd - usual.total_nanousd
        )


def test_each_cause_says_by_how_much() -> None:
    """A calm week of 100 calls of 100 tokens costs $20, a usual spike's length of it $2 (10 calls);
    now there are 65 calls of 150 tokens, a fifth of them to the large model."""
    calm = used("small", 100, 10_000, 20_000_000)
    during = CostBasis(
        groups=(*used("small", 52, 7_800, 15_600_000).groups,
                *used("large", 13, 1_950, 7_800_000).groups), prices=PRICES,
    )  # fmt: skip
    causes = causes_of(scaled(calm, 2_000_000), during)
    told = with_details(causes, calm, 2_000_000, during)
    assert {cause.kind: cause.detail for cause in told} == {
        "more_calls": "6.5×", "longer_input": "+50 %", "dearer_model": "large",
    }  # fmt: skip
    assert sum(cause.amount_nanousd for cause in told) == 23_400_000 - 2_000_000


def test_a_cause_that_has_nothing_to_be_compared_with_says_no_more() -> None:
    during = used("small", 10, 1000, 2_000_000)
    causes = (Cause("more_calls", 2_000_000),)
    assert with_details(causes, CostBasis(), 0, during) == causes

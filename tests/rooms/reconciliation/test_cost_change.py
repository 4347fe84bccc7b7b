"""The split of a change in cost, worked by hand. Prices: input $2, cache read $0.50, output $8."""

import random
from decimal import Decimal
from fractions import Fraction
from itertools import permutations
from math import floor, prod

import pytest

from integration.pricing.cost_change import CostBasis, CostChange, GroupUsage, cost_change
from integration.pricing.product_effects import FINE, Factor, product_effects
from integration.pricing.rates import ClassPrices

SMALL = ClassPrices(input=Decimal(2), cache_read=Decimal("0.5"), output=Decimal(8))
LARGE = ClassPrices(input=Decimal(4), cache_read=Decimal(1), output=Decimal(16))
PRICES = {"small": SMALL, "large": LARGE}
NANO = 1000  # Nano-USD per token at one dollar per million.


def group(
    calls: int, tokens_in: int, tokens_out: int, cached: int = 0, model: str = "small", op: str = ""
) -> GroupUsage:
    factor = 1 if model == "small" else 2
    cost = factor * NANO * (2 * (tokens_in - cached) + cached // 2 + 8 * tokens_out)
    return GroupUsage(
        model=model, operation_name=op, calls=calls, input_tokens=tokens_in,
        cache_read_input_tokens=cached, output_tokens=tokens_out, list_cost_nanousd=cost,
    )  # fmt: skip


def basis(*groups: GroupUsage, gpu: int = 0) -> CostBasis:
    return CostBasis(groups=groups, gpu_nanousd=gpu, prices=PRICES)


def test_twice_the_calls_is_all_volume() -> None:
    change = cost_change(basis(group(10, 1000, 100)), basis(group(20, 2000, 200)))
    # Before: 1000 × 2 + 100 × 8 = 2800 µUSD, and once more.
    assert change == CostChange(volume=2_800_000)


def test_longer_input_alone_is_input_length() -> None:
    change = cost_change(basis(group(10, 1000, 100)), basis(group(10, 1500, 100)))
    assert change == CostChange(input_length=1_000_000)


def test_longer_output_alone_is_output_length() -> None:
    change = cost_change(basis(group(10, 1000, 100)), basis(group(10, 1000, 150)))
    assert change == CostChange(output_length=400_000)


def test_tokens_no_longer_cached_are_cache_share() -> None:
    change = cost_change(basis(group(10, 1000, 100, cached=400)), basis(group(10, 1000, 100)))
    # 400 tokens at 2 instead of 0.5.
    assert change == CostChange(cache_share=600_000)


def test_the_same_calls_on_a_dearer_model_are_model_mix() -> None:
    change = cost_change(basis(group(10, 1000, 100)), basis(group(10, 1000, 100, model="large")))
    assert change == CostChange(model_mix=2_800_000)


def test_the_same_usage_at_a_new_price_is_price_change() -> None:
    dearer = CostBasis(
        groups=(GroupUsage(model="small", calls=10, input_tokens=1000, output_tokens=100,
                           list_cost_nanousd=3_800_000),),
        prices={"small": SMALL._replace(input=Decimal(3))},
    )  # fmt: skip
    assert cost_change(basis(group(10, 1000, 100)), dearer) == CostChange(price_change=1_000_000)


def test_more_and_longer_calls_share_their_joint_effect_evenly() -> None:
    change = cost_change(basis(group(10, 1000, 0)), basis(group(20, 4000, 0)))
    # Calls 10 → 20, tokens per call 100 → 200, 2000 nano each: from 2.0 to 8.0 mUSD.
    # Volume first 2.0, last 4.0: 3.0 on average; length likewise.
    assert change == CostChange(volume=3_000_000, input_length=3_000_000)


def test_a_switch_of_models_with_longer_input_tells_the_two_apart() -> None:
    change = cost_change(basis(group(10, 1000, 0)), basis(group(10, 2000, 0, model="large")))
    # From 2.0 to 8.0 mUSD. Model first: 2.0, after the longer input: 4.0; on average 3.0.
    assert change == CostChange(model_mix=3_000_000, input_length=3_000_000)


def test_another_operation_is_more_volume_and_touches_nothing_else() -> None:
    chat = group(10, 1000, 100, op="chat")
    embeddings = group(500, 90_000, 0, op="embeddings")
    change = cost_change(basis(chat), basis(chat, embeddings))
    assert change == CostChange(volume=180_000_000)


def test_a_renamed_operation_is_no_new_work() -> None:
    change = cost_change(
        basis(group(10, 1000, 100, op="chat")), basis(group(10, 1500, 100, op="generate"))
    )
    assert change == CostChange(input_length=1_000_000)


def test_from_nothing_everything_is_volume_and_gpu_stays_apart() -> None:
    change = cost_change(CostBasis(), basis(group(10, 1000, 100), gpu=7))
    assert change == CostChange(volume=2_800_000, gpu=7)


def test_rounding_of_single_calls_is_no_price_change() -> None:
    after = basis(group(20, 2000, 200))
    rounded = CostBasis(
        groups=(GroupUsage(model="small", calls=20, input_tokens=2000, output_tokens=200,
                           list_cost_nanousd=5_600_003),),
        prices=PRICES,
    )  # fmt: skip
    assert cost_change(basis(group(10, 1000, 100)), rounded) == CostChange(volume=2_800_003)
    assert cost_change(after, rounded) == CostChange(volume=3)


def test_the_order_of_groups_changes_nothing() -> None:
    before = [group(10, 1000, 100), group(5, 900, 10, cached=300, model="large")]
    after = [group(3, 700, 70, cached=100), group(9, 5000, 30, model="large")]
    assert cost_change(basis(*before), basis(*after)) == cost_change(
        basis(*reversed(before)), basis(*reversed(after))
    )


def test_the_way_back_is_the_same_with_the_other_sign() -> None:
    before, after = basis(group(10, 1000, 100)), basis(group(20, 4000, 300, cached=2000))
    there, back = cost_change(before, after), cost_change(after, before)
    assert there.total_nanousd == -back.total_nanousd
    assert there.cache_share == -back.cache_share
    assert there.volume == -back.volume


@pytest.mark.parametrize("cost", [0, 5, 12_345])
def test_cost_without_prices_or_tokens_still_adds_up(cost: int) -> None:
    bare = GroupUsage(model="unknown", calls=0, list_cost_nanousd=cost)
    full = GroupUsage(model="unknown", calls=3, input_tokens=10, list_cost_nanousd=999)
    change = cost_change(CostBasis(groups=(bare,)), CostBasis(groups=(full,)))
    assert change.total_nanousd == 999 - cost


def test_effects_are_the_average_over_every_order_in_which_factors_may_change() -> None:
    draw = random.Random(7)
    for _ in range(200):
        factors = [
            Factor(f"f{place}", (draw.randrange(6), draw.randrange(1, 7)),
                   (draw.randrange(6), draw.randrange(1, 7)))
            for place in range(draw.randrange(1, 6))
        ]  # fmt: skip
        expected = dict.fromkeys((factor.cause for factor in factors), Fraction(0))
        orders = list(permutations(range(len(factors))))
        for order in orders:
            now = [Fraction(*factor.before) for factor in factors]
            for place in order:
                product = prod(now, start=Fraction(1))
                now[place] = Fraction(*factors[place].after)
                expected[factors[place].cause] += (prod(now, start=Fraction(1)) - product) / len(
                    orders
                )
        found = dict(product_effects(*factors))
        assert found == {
            cause: floor(effect * FINE)
            for cause, effect in expected.items()
            if cause in found or effect
        }

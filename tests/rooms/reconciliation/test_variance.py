"""Variance parts: by hand, and on 10,000 generated Sprints to the nano-dollar."""

import random
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from integration.estimation.workload import Workload
from integration.pricing.cost_change import CostBasis, GroupUsage
from integration.pricing.rates import ClassPrices
from integration.reconciliation.estimate_basis import basis_of
from integration.reconciliation.variance import UNKNOWN_BASIS, VarianceParts, added_up, variance

MODELS = ("small", "large", "embed", "unpriced")
PRICES = {
    "small": ClassPrices(input=Decimal("0.15"), cache_read=Decimal("0.075"), output=Decimal("0.6")),
    "large": ClassPrices(input=Decimal(3), cache_read=Decimal("0.3"), cache_write=Decimal("3.75"),
                         output=Decimal(15)),
    "embed": ClassPrices(input=Decimal("0.02")),
}  # fmt: skip
ONE_CALL = GroupUsage(model="small", calls=1, input_tokens=1000, list_cost_nanousd=150_000)


def test_late_usage_is_set_aside_before_anything_is_explained() -> None:
    parts = variance(
        estimated_nanousd=150_000,
        estimate=CostBasis(groups=(ONE_CALL,), prices=PRICES),
        actual=CostBasis(groups=(ONE_CALL,), prices=PRICES),
        late_usage_nanousd=7_000,
    )
    assert parts == VarianceParts(total_nanousd=7_000, late_usage_nanousd=7_000)


def test_an_estimate_that_is_only_a_figure_explains_nothing() -> None:
    parts = variance(
        estimated_nanousd=100_000,
        estimate=UNKNOWN_BASIS,
        actual=CostBasis(groups=(ONE_CALL,), gpu_nanousd=40, prices=PRICES),
    )
    assert parts == VarianceParts(total_nanousd=50_040, gpu_nanousd=40, unexplained_nanousd=50_000)


def test_a_story_that_never_ran_saves_its_whole_volume() -> None:
    parts = variance(
        estimated_nanousd=150_000,
        estimate=CostBasis(groups=(ONE_CALL,), prices=PRICES),
        actual=CostBasis(),
    )
    assert parts == VarianceParts(total_nanousd=-150_000, volume_nanousd=-150_000)


def test_a_calibrated_estimate_is_read_as_more_calls() -> None:
    workload = Workload(
        kind="chat", model="small", calls=Decimal(10), input_tokens=Decimal(1000),
        output_tokens=Decimal(0), cached_share=Decimal("0.5"),
    )  # fmt: skip
    # 10 × (500 × 150 + 500 × 75) = 1,125,000 nano-USD; calibrated to twice that.
    basis = basis_of([workload], PRICES, central_nanousd=2_250_000)
    (group,) = basis.groups
    assert (group.operation_name, group.calls, group.input_tokens) == ("chat", 20, 20_000)
    assert (group.cache_read_input_tokens, basis.total_nanousd) == (10_000, 2_250_000)
    parts = variance(estimated_nanousd=2_250_000, estimate=basis, actual=basis)
    assert parts == VarianceParts(total_nanousd=0)


def test_a_workload_without_a_price_leaves_the_variance_unexplained() -> None:
    workload = Workload(model="nobody-knows", calls=Decimal(10), input_tokens=Decimal(5))
    assert basis_of([workload], PRICES, central_nanousd=9).groups == ()


def generated_side(draw: random.Random) -> CostBasis:
    groups = []
    for _ in range(draw.randrange(5)):
        calls = draw.choice((0, 1, draw.randrange(100_000)))
        tokens = calls * draw.randrange(5_000) + draw.randrange(3)
        read = draw.randrange(tokens + 1) if draw.random() < 0.6 else 0
        groups.append(
            GroupUsage(
                model=draw.choice(MODELS),
                operation_name=draw.choice(("chat", "chat", "embeddings", "agent")),
                calls=calls,
                input_tokens=tokens,
                cache_read_input_tokens=read,
                cache_write_input_tokens=draw.randrange(tokens - read + 1),
                output_tokens=calls * draw.randrange(900),
                list_cost_nanousd=draw.randrange(10 ** draw.randrange(1, 14)),
            )
        )
    prices = {model: prices for model, prices in PRICES.items() if draw.random() < 0.8}
    return CostBasis(groups=tuple(groups), gpu_nanousd=draw.randrange(3) * 12_345, prices=prices)


def test_parts_add_up_to_the_nano_dollar_on_ten_thousand_sprints() -> None:
    draw = random.Random(20260302)
    for _ in range(10_000):
        stories = []
        for _ in range(draw.randrange(1, 4)):
            estimate, actual = generated_side(draw), generated_side(draw)
            estimated = estimate.total_nanousd + draw.choice((0, 0, draw.randrange(10**9)))
            late = draw.choice((0, draw.randrange(10**9)))
            parts = variance(
                estimated_nanousd=estimated, estimate=estimate, actual=actual,
                late_usage_nanousd=late,
            )  # fmt: skip
            assert parts.total_nanousd == actual.total_nanousd + late - estimated
            assert parts.sum_of_parts_nanousd == parts.total_nanousd
            if estimate.groups and estimated == estimate.total_nanousd:
                assert parts.unexplained_nanousd == 0
            stories.append(parts)
        sprint = added_up(stories)
        assert sprint.sum_of_parts_nanousd == sprint.total_nanousd


@given(seed=st.integers(0, 2**32), factor=st.integers(1, 50))
@settings(max_examples=50, deadline=None)
def test_the_same_usage_more_often_is_nothing_but_volume(seed: int, factor: int) -> None:
    side = generated_side(random.Random(seed))
    more = CostBasis(
        groups=tuple(
            GroupUsage(
                model=group.model, operation_name=group.operation_name,
                calls=group.calls * factor, input_tokens=group.input_tokens * factor,
                cache_read_input_tokens=group.cache_read_input_tokens * factor,
                cache_write_input_tokens=group.cache_write_input_tokens * factor,
                output_tokens=group.output_tokens * factor,
                list_cost_nanousd=group.list_cost_nanousd * factor,
            )
            for group in side.groups if group.calls
        ),
        gpu_nanousd=side.gpu_nanousd, prices=side.prices,
    )  # fmt: skip
    once = CostBasis(
        groups=tuple(group for group in side.groups if group.calls),
        gpu_nanousd=side.gpu_nanousd, prices=side.prices,
    )  # fmt: skip
    parts = variance(estimated_nanousd=once.total_nanousd, estimate=once, actual=more)
    assert parts == VarianceParts(
        total_nanousd=parts.total_nanousd, volume_nanousd=parts.total_nanousd
    )

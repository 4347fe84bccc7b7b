"""How errors of plans are combined; the sums are worked by hand."""

from __future__ import annotations

import csv
import math
from random import Random
from statistics import fmean, pstdev, quantiles
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.spread import (
    LENGTH_LOG_SD,
    Z_P90,
    Spread,
    calls_log_sd,
    prior_spread,
    sum_log_sd,
    usage_log_sd,
    with_factor,
)
from integration.estimation.workload import Range

if TYPE_CHECKING:
    from pathlib import Path


def test_four_of_five_chat_plans_fall_within_the_factor_found_for_tasks() -> None:
    spread = prior_spread(calls_log_sd("chat"))
    assert spread.around(1000) == Range(286, 1000, 3500)


def test_calls_and_lengths_err_independently() -> None:
    # ln 3.5 / 1.28155 = 0.977536; a quarter from input: 0.25·0.32 = 0.08, 0.75·0.48 = 0.36.
    # √(0.955577 + 0.0064 + 0.1296) = √1.091577 = 1.044786.
    assert usage_log_sd("chat", 0.25) == pytest.approx(1.044786, abs=1e-6)


def test_half_of_the_variance_is_common_to_all_workloads() -> None:
    # Shares 0.25 and 0.75: weighted log sds 0.1 and 0.6. Common ½·0.7² = 0.245,
    # own ½·(0.01 + 0.36) = 0.185; √0.43 = 0.655744.
    assert sum_log_sd([(100, 0.4), (300, 0.8)]) == pytest.approx(0.655744, abs=1e-6)


def test_one_workload_keeps_its_own_log_sd() -> None:
    assert sum_log_sd([(70, 0.5)]) == pytest.approx(0.5)
    assert sum_log_sd([(0, 0.5)]) == 0


def test_a_factors_range_widens_each_side_by_itself() -> None:
    # Down ln 2 = 0.693147, up ln 4 = 1.386294, use 0.3 on both sides:
    # √(0.09 + 0.480453) = 0.755284 and √(0.09 + 1.921812) = 1.418384.
    spread = with_factor(Spread(-0.3, 0.3), Range(50, 100, 400))
    assert spread.low == pytest.approx(-0.755284, abs=1e-6)
    assert spread.high == pytest.approx(1.418384, abs=1e-6)


@given(
    st.integers(0, 10**18),
    st.lists(st.tuples(st.integers(0, 10**15), st.floats(0, 3)), min_size=1, max_size=5),
    st.tuples(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12)),
)
def test_low_is_never_above_central_nor_central_above_high(
    central: int, parts: list[tuple[int, float]], ends: tuple[int, int, int]
) -> None:
    spread = with_factor(prior_spread(sum_log_sd(parts)), Range(*sorted(ends)))
    made = spread.around(central)
    assert made.low <= made.central <= made.high


@given(st.lists(st.tuples(st.integers(1, 10**9), st.floats(0, 3)), min_size=1, max_size=6))
def test_a_sum_is_never_less_certain_than_its_least_certain_part(
    parts: list[tuple[int, float]],
) -> None:
    assert sum_log_sd(parts) <= max(log_sd for _, log_sd in parts) + 1e-9


def test_the_length_constants_are_those_of_the_real_trace(shared_dir: Path) -> None:
    path = shared_dir / "data/traces/azure_llm_code_2023.csv"
    if not path.is_file():
        pytest.skip("the trace is not in the shared samples")
    with path.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    random = Random(7)
    for looked_at, constants in LENGTH_LOG_SD.items():
        for column, constant in zip(("ContextTokens", "GeneratedTokens"), constants, strict=True):
            lengths = [int(row[column]) for row in rows]
            means = (fmean(random.choices(lengths, k=looked_at)) for _ in range(3000))
            logs = [math.log(mean) for mean in means]
            deciles = quantiles(logs, n=10)
            assert (deciles[8] - deciles[0]) / (2 * Z_P90) == pytest.approx(constant, abs=0.035)
            assert pstdev(logs) == pytest.approx(constant, abs=0.05)

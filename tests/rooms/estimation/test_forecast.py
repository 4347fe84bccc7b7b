"""From workloads to an estimate; the sums are worked by hand from prices per million tokens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.carbon.carbon_book import default_carbon_book
from integration.carbon.footprint import Footprint
from integration.estimation.calibration import Calibration, Outcome
from integration.estimation.forecast import estimate
from integration.estimation.subject import subject_of
from integration.estimation.workload import Estimate, Missing, Workload
from integration.pricing.override_rows import OverrideRow
from integration.pricing.price_book import PriceBook, base_prices, default_price_book

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
H100_RATE = OverrideRow(
    provider_name="aws", model="H100", valid_from=date(2026, 1, 1), kind="accelerator_hours",
    sets="list", usd_per_accelerator_hour=Decimal("2.50"), source="quote of Acme",
)  # fmt: skip
CHAT = Workload(
    name="Chat", kind="chat", model="gpt-4o-mini", calls=Decimal(5000), input_tokens=Decimal(1200),
    output_tokens=Decimal(300), cached_share=Decimal("0.5"), region="us-east-1",
)  # fmt: skip
SUMMARIES = Workload(
    name="Summaries", kind="summary", model="gpt-4o", calls=Decimal(1000),
    input_tokens=Decimal(4000), output_tokens=Decimal(500), cached_share=Decimal(0),
    region="us-east-1",
)  # fmt: skip
FINE_TUNE = Workload(
    name="Fine-tune", kind="training", provider_name="aws", accelerator="H100",
    gpu_count=Decimal(2), gpu_hours=Decimal(6), region="us-east-1",
)  # fmt: skip


def estimated(
    *workloads: Workload,
    problems: tuple[Missing, ...] = (),
    price_book: PriceBook | None = None,
    calibration: Calibration | None = None,
    default_region: str = "",
) -> Estimate:
    return estimate(
        workloads, problems, at=NOON, price_book=price_book or default_price_book(),
        carbon_book=default_carbon_book(), calibration=calibration, default_region=default_region,
    )  # fmt: skip


def test_the_central_figures_are_the_plain_sums() -> None:
    made = estimated(CHAT)
    # Per call: 600 · $0.15/M + 600 cached · $0.075/M + 300 · $0.60/M = $0.000315; times 5000.
    assert made.tokens is not None
    assert made.tokens.central == 5000 * 1500
    assert made.list_cost_nanousd is not None
    assert made.list_cost_nanousd.central == 1_575_000_000
    footprint = default_carbon_book().footprint(
        "", "gpt-4o-mini", "us-east-1", calls=5000, input_tokens=6_000_000,
        output_tokens=1_500_000, cache_read_input_tokens=3_000_000,
    )  # fmt: skip
    assert isinstance(footprint, Footprint)
    assert made.energy_uwh is not None
    assert made.energy_uwh.central == footprint.energy_uwh
    assert made.location_based_ugco2e is not None
    assert made.location_based_ugco2e.central == footprint.location_based_ugco2e
    assert made.location_based_ugco2e.low < footprint.location_based_low_ugco2e
    assert made.location_based_ugco2e.high > footprint.location_based_high_ugco2e
    assert made.is_complete
    assert made.coverage_pct == 100


def test_the_range_of_a_cost_follows_from_the_kinds_spread() -> None:
    # Input is $135 of $315 of the cost (3/7). s² = 0.977536² + (3/7·0.32)² + (4/7·0.48)² =
    # 0.955577 + 0.018808 + 0.075232 = 1.049617; s = 1.024508; e^(1.281552·s) = 3.717162.
    cost = estimated(CHAT).list_cost_nanousd
    assert cost is not None
    assert cost.high == pytest.approx(1_575_000_000 * 3.717162, rel=1e-5)
    assert cost.low == pytest.approx(1_575_000_000 / 3.717162, rel=1e-5)


def test_several_workloads_add_up() -> None:
    made = estimated(CHAT, SUMMARIES)
    # 1000 · (4000 · $2.50/M + 500 · $10/M) = $15, and $1.575 of the chat.
    assert made.list_cost_nanousd is not None
    assert made.list_cost_nanousd.central == 16_575_000_000
    assert made.tokens is not None
    assert made.tokens.central == 12_000_000


def test_a_long_call_is_priced_by_its_own_length_not_by_the_sprints() -> None:
    # 1000 calls of 10k input are 10M tokens a Sprint, yet none is above 200k: $1.25/M, $10/M out.
    gemini = replace(
        CHAT, model="gemini-2.5-pro", calls=Decimal(1000), input_tokens=Decimal(10_000),
        output_tokens=Decimal(1000), cached_share=Decimal(0),
    )  # fmt: skip
    cost = estimated(gemini).list_cost_nanousd
    assert cost is not None
    assert cost.central == 1000 * (12_500_000 + 10_000_000)


def test_the_batch_tier_halves_the_price() -> None:
    cost = estimated(replace(SUMMARIES, service_tier="batch")).list_cost_nanousd
    assert cost is not None
    assert cost.central == 7_500_000_000


def test_accelerator_hours_use_their_rate_and_power() -> None:
    made = estimated(FINE_TUNE, price_book=PriceBook(base_prices(), [H100_RATE]))
    # 2 · 6 h · $2.50. 2 · 700 W · 0.75 · 6 h · 1.375 (host) · 1.14 (PUE) = 9875.25 Wh.
    assert made.list_cost_nanousd is not None
    assert made.list_cost_nanousd.central == 30_000_000_000
    assert made.energy_uwh is not None
    assert made.energy_uwh.central == 9_875_250_000
    assert made.tokens is not None
    assert made.tokens.high == 0
    assert made.is_complete


def test_accelerators_without_a_rate_have_no_cost_but_a_footprint() -> None:
    made = estimated(FINE_TUNE)
    assert made.list_cost_nanousd is None
    assert made.location_based_ugco2e is not None
    assert [(each.workload, each.field) for each in made.missing] == [("Fine-tune", "price")]
    assert made.coverage_pct == 100


@pytest.mark.parametrize(
    ("workload", "fields", "figures"),
    [
        (replace(CHAT, calls=None), ["calls"], (False, False, False)),
        (replace(CHAT, output_tokens=None), ["output_tokens"], (False, False, False)),
        (replace(CHAT, model=""), ["model"], (True, False, False)),
        (replace(CHAT, model="gpt-of-tomorrow"), ["price", "factor"], (True, False, False)),
        (replace(CHAT, region="the-moon-1"), ["region"], (True, True, False)),
        (replace(FINE_TUNE, gpu_hours=None), ["gpu_hours"], (True, False, False)),
        (replace(FINE_TUNE, accelerator=""), ["accelerator"], (True, False, False)),
        (replace(FINE_TUNE, region=""), ["price", "region"], (True, False, False)),
    ],
)
def test_what_is_missing_is_named_and_leaves_no_figure(
    workload: Workload, fields: list[str], figures: tuple[bool, bool, bool]
) -> None:
    made = estimated(workload)
    assert [each.field for each in made.missing] == fields
    found = (made.tokens, made.list_cost_nanousd, made.location_based_ugco2e)
    assert tuple(each is not None for each in found) == figures
    assert made.coverage_pct == 0


def test_amounts_beyond_counting_are_refused_by_name() -> None:
    made = estimated(replace(CHAT, calls=Decimal(10) ** 9, input_tokens=Decimal(10) ** 4))
    assert made.tokens is None
    assert made.list_cost_nanousd is None
    assert made.missing[0].reason.startswith("More than 10¹² tokens")


def test_the_largest_plan_still_fits_the_columns() -> None:
    largest = replace(
        CHAT, kind="agent", model="o1-pro", calls=Decimal(10) ** 6, input_tokens=Decimal(0),
        output_tokens=Decimal(10) ** 6,
    )  # fmt: skip
    made = estimated(largest)
    for quantity in (made.tokens, made.list_cost_nanousd, made.location_based_ugco2e):
        assert quantity is None or quantity.high < 2**63


def test_the_sum_of_the_known_workloads_is_not_shown_as_the_total() -> None:
    made = estimated(CHAT, replace(SUMMARIES, calls=None))
    assert made.tokens is None
    assert made.list_cost_nanousd is None
    assert made.energy_uwh is None
    assert made.coverage_pct == 50


def test_without_any_workload_everything_is_missing() -> None:
    made = estimated()
    assert [each.field for each in made.missing] == ["table"]
    assert made.tokens is None
    assert made.list_cost_nanousd is None
    assert made.coverage_pct == 0


def test_a_problem_of_reading_is_named_once_and_blocks_what_needs_it() -> None:
    problem = Missing("Chat", "calls", "Row 2, column “Calls”: “lots” is no number.")
    made = estimated(replace(CHAT, calls=None), problems=(problem,))
    assert made.missing == (problem,)
    assert made.tokens is None


def test_an_unreadable_cached_share_leaves_the_tokens_known() -> None:
    problem = Missing("Chat", "cached_share", "“1” is no share")
    made = estimated(replace(CHAT, cached_share=None), problems=(problem,))
    assert made.tokens is not None
    assert made.list_cost_nanousd is None
    assert made.location_based_ugco2e is None


def test_a_cached_share_nobody_gave_is_taken_as_none_and_said() -> None:
    made = estimated(replace(CHAT, cached_share=None))
    # 1200 · $0.15/M + 300 · $0.60/M = $0.00036 a call.
    assert made.list_cost_nanousd is not None
    assert made.list_cost_nanousd.central == 1_800_000_000
    assert "Chat: 0 % of the input tokens come from cache." in made.assumptions


def test_an_embedding_needs_no_output_tokens() -> None:
    made = estimated(
        replace(CHAT, kind="embedding", model="text-embedding-3-small", output_tokens=None)
    )
    assert made.tokens is not None
    assert made.tokens.central == 6_000_000
    assert "Chat: an embedding returns no tokens." in made.assumptions


def test_the_default_region_is_used_and_said() -> None:
    made = estimated(replace(CHAT, region=""), default_region="us-east-1")
    assert made.location_based_ugco2e == estimated(CHAT).location_based_ugco2e
    assert "Chat: region us-east-1, the workspace's default." in made.assumptions


def test_the_same_inputs_give_the_same_estimate() -> None:
    assert estimated(CHAT, SUMMARIES) == estimated(CHAT, SUMMARIES)


def test_history_moves_every_figure_and_is_named() -> None:
    doubled = [
        Outcome(subject_of((CHAT,)), 100, 50, 200, 200, NOON - timedelta(days=day))
        for day in range(1, 61)
    ]
    plain = estimated(CHAT)
    made = estimated(CHAT, calibration=Calibration(doubled, NOON))
    assert made.calibration is not None
    assert made.calibration.outcomes == 60
    assert made.calibration.coverage_pct == 100
    assert made.list_cost_nanousd is not None
    assert plain.list_cost_nanousd is not None
    ratio = made.list_cost_nanousd.central / plain.list_cost_nanousd.central
    assert ratio == pytest.approx(2, rel=0.05)
    assert made.energy_uwh is not None
    assert plain.energy_uwh is not None
    assert made.energy_uwh.central / plain.energy_uwh.central == pytest.approx(ratio, rel=1e-6)
    assert made.method_version != plain.method_version


def test_a_calibration_without_outcomes_changes_nothing() -> None:
    assert estimated(CHAT, calibration=Calibration([], NOON)) == estimated(CHAT)


amounts = st.one_of(st.none(), st.integers(0, 10**6).map(Decimal))


@given(
    st.lists(
        st.builds(
            Workload,
            name=st.sampled_from(["a", "b"]),
            kind=st.sampled_from(["chat", "embedding", "agent", "training"]),
            model=st.sampled_from(["", "gpt-4o", "gpt-of-tomorrow"]),
            calls=amounts,
            input_tokens=amounts,
            output_tokens=amounts,
            cached_share=st.one_of(st.none(), st.decimals(0, 1, places=2)),
            region=st.sampled_from(["", "us-east-1", "the-moon-1"]),
            accelerator=st.sampled_from(["", "H100", "Abacus"]),
            gpu_hours=amounts,
        ),
        max_size=3,
    )
)
def test_a_figure_is_a_range_in_order_or_its_absence_has_a_reason(
    workloads: list[Workload],
) -> None:
    made = estimated(*workloads)
    for quantity in (made.tokens, made.list_cost_nanousd, made.energy_uwh):
        if quantity is None:
            assert made.missing
        else:
            assert 0 <= quantity.low <= quantity.central <= quantity.high
    assert made.is_complete or made.missing

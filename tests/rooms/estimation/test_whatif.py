"""What the same work would cost otherwise; savings are worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.carbon.carbon_book import default_carbon_book
from integration.estimation.calibration import Calibration, Outcome
from integration.estimation.forecast import estimate
from integration.estimation.subject import subject_of
from integration.estimation.whatif import (
    Alternative,
    ApprovedModel,
    Options,
    OtherAccelerator,
    WhatIf,
    what_if,
)
from integration.estimation.workload import Missing, Workload
from integration.pricing.override_rows import OverrideRow
from integration.pricing.price_book import PriceBook, base_prices, default_price_book

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SUMMARIES = Workload(
    name="Summaries", kind="summary", model="gpt-4o", calls=Decimal(1000),
    input_tokens=Decimal(4000), output_tokens=Decimal(500), cached_share=Decimal(0),
    region="us-east-1",
)  # fmt: skip
NOTHING = Options(cached_share=None, input_tokens_kept=None, may_batch=False)


def tried(*workloads: Workload, options: Options, book: PriceBook | None = None,
          calibration: Calibration | None = None) -> WhatIf:  # fmt: skip
    estimated = partial(
        estimate, at=NOON, price_book=book or default_price_book(),
        carbon_book=default_carbon_book(), calibration=calibration,
    )  # fmt: skip
    return what_if(estimated(workloads), options, estimated)


def only(found: tuple[Alternative, ...]) -> Alternative:
    assert len(found) == 1
    return found[0]


def test_the_batch_tier_saves_half_and_no_carbon() -> None:
    found = tried(SUMMARIES, options=replace(NOTHING, may_batch=True))
    best = only(found.cheapest)
    # 1000 · (4000 · $2.50/M + 500 · $10/M) = $15, half of it $7.50.
    assert (best.change, best.to, best.saving_nanousd) == ("service_tier", "batch", 7_500_000_000)
    assert best.saving_ugco2e == 0
    assert found.greenest == ()
    assert best.caveat


def test_a_chat_is_not_sent_to_the_batch_tier() -> None:
    found = tried(replace(SUMMARIES, kind="chat"), options=replace(NOTHING, may_batch=True))
    assert found.cheapest == ()


def test_a_cached_half_saves_half_of_half_the_input_price() -> None:
    found = tried(SUMMARIES, options=replace(NOTHING, cached_share=Decimal("0.5")))
    # 2000 of 4000 tokens at $1.25/M instead of $2.50/M: $0.0025 a call, $2.50 in all.
    best = only(found.cheapest)
    assert (best.change, best.to, best.saving_nanousd) == ("cached_share", "50%", 2_500_000_000)
    assert best.saving_ugco2e is not None
    assert best.saving_ugco2e > 0


def test_a_shorter_context_saves_its_input_price() -> None:
    found = tried(SUMMARIES, options=replace(NOTHING, input_tokens_kept=Decimal("0.75")))
    # 1000 tokens less at $2.50/M, 1000 times: $2.50.
    best = only(found.cheapest)
    assert (best.change, best.to, best.saving_nanousd) == ("context", "3000", 2_500_000_000)


def test_models_are_swapped_only_within_their_tier() -> None:
    approved = (
        ApprovedModel("openai", "gpt-4o", "large"),
        ApprovedModel("openai", "gpt-4.1", "large"),
        ApprovedModel("openai", "gpt-4o-mini", "small"),
    )
    best = only(tried(SUMMARIES, options=replace(NOTHING, approved=approved)).cheapest)
    # gpt-4.1 is $2/M in and $8/M out: 1000 · ($0.008 + $0.004) = $12, $3 less.
    assert (best.to, best.saving_nanousd) == ("gpt-4.1", 3_000_000_000)


def test_a_model_that_is_not_approved_has_no_tier_to_keep() -> None:
    approved = (ApprovedModel("openai", "gpt-4o-mini", "small"),)
    assert tried(SUMMARIES, options=replace(NOTHING, approved=approved)).cheapest == ()


def test_a_cleaner_region_saves_carbon_and_no_money() -> None:
    found = tried(SUMMARIES, options=replace(NOTHING, regions=("eu-north-1", "us-east-1")))
    best = only(found.greenest)
    assert (best.change, best.to, best.saving_nanousd) == ("region", "eu-north-1", 0)
    assert best.saving_ugco2e is not None
    assert best.saving_ugco2e > 0
    assert found.cheapest == ()


def test_a_spot_accelerator_uses_the_rate_called_spot() -> None:
    def rate(name: str, usd: str) -> OverrideRow:
        return OverrideRow(
            provider_name="aws", model=name, valid_from=date(2026, 1, 1), kind="accelerator_hours",
            sets="list", usd_per_accelerator_hour=Decimal(usd), source="quote of Acme",
        )  # fmt: skip

    book = PriceBook(
        base_prices(), [rate("H100", "2.50"), rate("H100 spot", "1.00"), rate("A100", "1.20")]
    )
    tune = Workload(
        name="Tune", kind="training", provider_name="aws", accelerator="H100",
        gpu_count=Decimal(2), gpu_hours=Decimal(6), region="us-east-1",
    )  # fmt: skip
    others = (
        OtherAccelerator("H100", Decimal(1), is_spot=True),
        OtherAccelerator("A100", Decimal("1.5")),
    )
    found = tried(tune, options=replace(NOTHING, accelerators=others), book=book)
    # $30 now; spot 12 h · $1 = $12; A100 2 · 9 h · $1.20 = $21.60.
    assert [(each.change, each.saving_nanousd) for each in found.cheapest] == [
        ("spot", 18_000_000_000),
        ("accelerator", 8_400_000_000),
    ]
    # A100 SXM 400 W for 1.5 times as long draws 600/700 of the energy.
    assert [each.to for each in found.greenest] == ["A100"]


def test_a_side_without_a_figure_saves_nothing_it_could_claim() -> None:
    approved = tuple(ApprovedModel("", name, "large") for name in ("gpt-4o", "gpt-of-tomorrow"))
    found = tried(SUMMARIES, options=replace(NOTHING, approved=approved))
    assert (found.cheapest, found.greenest) == ((), ())


def test_a_workload_is_compared_by_itself_where_the_story_has_no_figure() -> None:
    own = replace(SUMMARIES, name="Routing", kind="chat", model="acme-router-7")
    found = tried(SUMMARIES, own, options=replace(NOTHING, may_batch=True))
    best = only(found.cheapest)
    assert found.today.list_cost_nanousd is None
    assert best.estimate.list_cost_nanousd is None
    assert (best.workload, best.saving_nanousd) == ("Summaries", 7_500_000_000)


def test_a_cell_that_could_not_be_read_leaves_no_figure_to_save() -> None:
    unread = [Missing("Summaries", "service_tier", "“cheap” is no service tier.")]
    estimated = partial(
        estimate, at=NOON, price_book=default_price_book(), carbon_book=default_carbon_book()
    )
    found = what_if(estimated([SUMMARIES], unread), Options(), estimated)
    assert found.today.list_cost_nanousd is None
    assert found.cheapest == ()


def test_savings_follow_what_the_team_has_learnt() -> None:
    taught = calibration((SUMMARIES, 2.0), (SUMMARIES, 2.0))
    factor = math.exp(taught.correction(subject_of([SUMMARIES])).log_shift)
    found = tried(SUMMARIES, options=replace(NOTHING, may_batch=True), calibration=taught)
    # $15 and $7.50 as planned, both moved by one factor: the tier changes nothing that is learnt.
    assert factor > 1.5
    assert found.today.list_cost_nanousd is not None
    assert found.today.list_cost_nanousd.central == pytest.approx(15_000_000_000 * factor)
    assert only(found.cheapest).saving_nanousd == pytest.approx(7_500_000_000 * factor)


def calibration(*closed: tuple[Workload, float]) -> Calibration:
    """Return a history of stories that used so many times their plan, a week apart."""
    outcomes = [
        Outcome(
            subject_of([workload]), 1_000_000, 500_000, 2_000_000, round(1_000_000 * times),
            NOON - timedelta(days=7 * age),
        )
        for age, (workload, times) in enumerate(closed, start=1)
    ]  # fmt: skip
    return Calibration(outcomes, NOON)


workloads = st.builds(
    Workload,
    name=st.uuids().map(str),
    kind=st.sampled_from(["chat", "summary", "agent"]),
    model=st.sampled_from(["gpt-4o", "gpt-4.1", "gpt-4o-mini", "acme-router-7"]),
    calls=st.integers(1, 10_000).map(Decimal),
    input_tokens=st.integers(1, 20_000).map(Decimal),
    output_tokens=st.integers(1, 5_000).map(Decimal),
    region=st.sampled_from(["us-east-1", "eu-west-1"]),
)
ALL = Options(
    approved=tuple(ApprovedModel("", name, "any") for name in ("gpt-4o", "gpt-4.1", "gpt-4o-mini")),
    regions=("eu-north-1",),
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(workloads, min_size=1, max_size=3),
    st.lists(st.tuples(workloads, st.floats(0.2, 5)), max_size=4),
)
def test_a_saving_is_today_less_what_it_would_be(
    planned: list[Workload], closed: list[tuple[Workload, float]]
) -> None:
    taught = calibration(*closed) if closed else None
    found = tried(*planned, options=ALL, calibration=taught)
    for each in (*found.cheapest, *found.greenest):
        for saving, today, would_be in (
            (each.saving_nanousd, found.today.list_cost_nanousd, each.estimate.list_cost_nanousd),
            (
                each.saving_ugco2e, found.today.location_based_ugco2e,
                each.estimate.location_based_ugco2e,
            ),
        ):  # fmt: skip
            if today is not None and would_be is not None:
                assert saving == today.central - would_be.central

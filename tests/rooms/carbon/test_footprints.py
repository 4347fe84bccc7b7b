"""Energy and emissions of calls: worked sums, linearity, and figures that are refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.carbon.carbon_book import REMEMBERED_NAMES, CarbonBook, default_carbon_book
from integration.carbon.footprint import Footprint, NoFactor
from integration.carbon.tables import (
    GridFactor,
    ModelEnergy,
    Spread,
    shipped_tables,
)

ONE = Spread(1, 1, 1)
FIGURES = (
    "energy_low_uwh",
    "energy_uwh",
    "energy_high_uwh",
    "location_based_low_ugco2e",
    "location_based_ugco2e",
    "location_based_high_ugco2e",
    "embodied_low_ugco2e",
    "embodied_ugco2e",
    "embodied_high_ugco2e",
)


def flat(value: float) -> Spread:
    """Return a spread without a range."""
    return Spread(value, value, value)


def worked_book(market: float | None = None) -> CarbonBook:
    """Return a book of one model and one zone with numbers that can be added up by hand."""
    model = ModelEnergy(
        provider="openai",
        model="acme-1",
        method_version="test",
        ecologits_version="0",
        models_digest="",
        sizes_published=True,
        active_b=ONE,
        total_b=ONE,
        a_wh=flat(0.1),
        b_in_wh=Spread(0.001, 0.002, 0.004),
        b_cache_read_wh=flat(0.0002),
        b_cache_write_wh=flat(0.002),
        b_out_wh=Spread(0.005, 0.01, 0.02),
        embodied_a_g=flat(0.01),
        embodied_b_out_g=flat(0.001),
        warnings=(),
        sources=(),
        vintage="2026-11",
    )
    zone = GridFactor(
        zone="ACM",
        kind="country",
        name="Acme Land",
        convention="life-cycle",
        g_per_kwh=Spread(100, 200, 400),
        market_g_per_kwh=market,
        water_l_per_kwh=2.0,
        tier="C",
        source="made up",
        vintage="2026",
        licence="none",
    )
    tables = shipped_tables()
    return CarbonBook(
        type(tables)(
            models=(model,),
            open_models=(),
            providers=tables.providers,
            grid=(zone,),
            regions={},
            accelerators=tables.accelerators,
            digest="test",
        )
    )


USAGE: Any = {
    "calls": 2,
    "input_tokens": 1_000,
    "cache_read_input_tokens": 500,
    "cache_write_input_tokens": 100,
    "output_tokens": 50,
}


def footprint(book: CarbonBook, region: str | None = "ACM", **usage: Any) -> Footprint:
    """Estimate a call that must have a figure."""
    answer = book.footprint("openai", "acme-1", region, **usage)
    assert isinstance(answer, Footprint), answer
    return answer


def test_each_class_of_token_adds_its_own_energy() -> None:
    # Central: 2 · 0.1 + 400 · 0.002 + 500 · 0.0002 + 100 · 0.002 + 50 · 0.01
    #        = 0.2 + 0.8 + 0.1 + 0.2 + 0.5 = 1.8 Wh. Low 1.15, high 3.1.
    found = footprint(worked_book(), **USAGE)

    assert found.energy_uwh == 1_800_000
    assert found.energy_low_uwh == 1_150_000
    assert found.energy_high_uwh == 3_100_000


def test_location_based_is_energy_times_the_grid_plus_embodied() -> None:
    # Embodied 2 · 0.01 + 50 · 0.001 = 0.07 g. Central 1.8 Wh · 200 g/kWh = 0.36 g, so 0.43 g.
    # Low 1.15 · 0.1 = 0.115, so 0.185 g. High 3.1 · 0.4 = 1.24, so 1.31 g.
    found = footprint(worked_book(), **USAGE)

    assert found.embodied_ugco2e == 70_000
    assert found.location_based_ugco2e == 430_000
    assert found.location_based_low_ugco2e == 185_000
    assert found.location_based_high_ugco2e == 1_310_000


def test_measured_energy_outranks_the_model_and_keeps_its_embodied_emissions() -> None:
    # 3 Wh at 100, 200, 400 g/kWh is 0.3, 0.6, 1.2 g, plus 0.07 g embodied as above.
    book = worked_book(market=500.0)
    found = book.measured_footprint(3.0, "ACM", footprint(book, **USAGE))
    assert isinstance(found, Footprint)
    assert (found.energy_low_uwh, found.energy_uwh, found.energy_high_uwh) == (3_000_000,) * 3
    assert found.location_based_low_ugco2e == 370_000
    assert found.location_based_ugco2e == 670_000
    assert found.location_based_high_ugco2e == 1_270_000
    assert found.market_based_ugco2e == 1_570_000
    assert (found.basis.method, found.tier) == ("measured by the source", "C")


def test_measured_energy_gives_a_figure_where_the_device_is_unknown_but_not_the_region() -> None:
    book = worked_book()
    unknown = book.gpu_footprint("abacus", 1, 2.0, "ACM")
    assert isinstance(unknown, NoFactor)
    found = book.measured_footprint(3.0, "ACM", unknown)
    assert isinstance(found, Footprint)
    assert (found.location_based_ugco2e, found.embodied_ugco2e) == (600_000, 0)
    assert any("abacus" in each for each in found.basis.assumptions)
    for region in (None, "", "Atlantis"):
        assert isinstance(book.measured_footprint(3.0, region, unknown), NoFactor)
    assert isinstance(book.measured_footprint(float("nan"), "ACM", unknown), NoFactor)


def test_market_based_stays_apart_and_is_absent_without_a_factor() -> None:
    # 1.8 Wh at a residual mix of 500 g/kWh is 0.9 g, plus 0.07 g embodied; fully matched, 0.07 g.
    assert footprint(worked_book(), **USAGE).market_based_ugco2e is None
    assert footprint(worked_book(market=500.0), **USAGE).market_based_ugco2e == 970_000
    assert footprint(worked_book(market=0.0), **USAGE).market_based_ugco2e == 70_000


def test_water_counts_the_site_and_the_electricity() -> None:
    # EcoLogits' openai site: 0.569 l/kWh of IT energy at a PUE of 1.2; 2 l/kWh for electricity.
    # 1.8 Wh · (0.569/1.2 + 2) l/kWh = 1.8e-3 · 2.4741667 l = 4.4535 ml.
    water = footprint(worked_book(), **USAGE).water_ml

    assert water is not None
    assert water.central == pytest.approx(4.4535, rel=1e-9)


counts = st.integers(0, 10**7)


@settings(max_examples=200, deadline=None)
@given(
    which=st.integers(0, len(shipped_tables().models) - 1),
    one=st.tuples(counts, counts, counts, counts),
    other=st.tuples(counts, counts, counts, counts),
)
def test_a_sum_of_footprints_is_the_footprint_of_the_sum(
    which: int, one: tuple[int, ...], other: tuple[int, ...]
) -> None:
    row = shipped_tables().models[which]
    both = tuple(a + b for a, b in zip(one, other, strict=True))
    first, second, total = (
        of(row, tokens, calls) for tokens, calls in ((one, 1), (other, 1), (both, 2))
    )

    for name in FIGURES:
        parts = getattr(first, name) + getattr(second, name)
        # Each of the three is rounded once to a whole unit, and floats carry 15 digits.
        assert getattr(total, name) == pytest.approx(parts, abs=2, rel=1e-12), name


@settings(max_examples=100, deadline=None)
@given(which=st.integers(0, len(shipped_tables().models) - 1), tokens=st.tuples(*[counts] * 4))
def test_low_never_exceeds_central_nor_central_high(which: int, tokens: tuple[int, ...]) -> None:
    found = of(shipped_tables().models[which], tokens, 1)

    assert found.energy_low_uwh <= found.energy_uwh <= found.energy_high_uwh
    assert found.location_based_low_ugco2e <= found.location_based_ugco2e
    assert found.location_based_ugco2e <= found.location_based_high_ugco2e


def of(row: ModelEnergy, tokens: tuple[int, ...], calls: int) -> Footprint:
    """Estimate fresh, read, written and output tokens of a shipped model in France."""
    fresh, read, write, output = tokens
    found = default_carbon_book().footprint(
        row.provider,
        row.model,
        "FRA",
        calls=calls,
        input_tokens=fresh + read + write,
        cache_read_input_tokens=read,
        cache_write_input_tokens=write,
        output_tokens=output,
    )
    assert isinstance(found, Footprint)
    return found


@pytest.mark.parametrize(
    ("model", "region", "code", "named"),
    [
        ("gpt-imaginary", "FRA", "unknown_model", "gpt-imaginary"),
        ("gpt-4o-mini", "mars-north-1", "unknown_region", "mars-north-1"),
    ],
)
def test_what_has_no_factor_has_no_figure_and_is_named(
    model: str, region: str, code: str, named: str
) -> None:
    answer = default_carbon_book().footprint(
        "openai", model, region, input_tokens=100, output_tokens=100
    )

    assert isinstance(answer, NoFactor)
    assert answer.code == code
    assert named in answer.reason


@pytest.mark.parametrize(
    "usage",
    [
        {"input_tokens": 1, "output_tokens": 1, "cache_read_input_tokens": 2},
        {"input_tokens": 1, "output_tokens": -1},
        {"input_tokens": 1, "output_tokens": 1, "cache_write_input_tokens": -1},
        {"input_tokens": 1, "output_tokens": 1, "calls": -1},
    ],
)
def test_parts_larger_than_their_whole_have_no_figure(usage: dict[str, int]) -> None:
    answer = default_carbon_book().footprint("openai", "gpt-4o-mini", "FRA", **usage)

    assert isinstance(answer, NoFactor)
    assert answer.code == "impossible_usage"


def test_no_region_means_the_providers_zone_said_aloud_at_the_lowest_tier() -> None:
    answer = default_carbon_book().footprint(
        "mistral", "mistral-large-latest", None, input_tokens=100, output_tokens=100
    )

    assert isinstance(answer, Footprint)
    assert answer.basis.zone == "SWE"
    assert answer.tier == "D"
    assert "no region given: mistralai's default zone SWE" in answer.basis.assumptions


def test_a_suppliers_own_figure_outranks_the_model_and_raises_the_tier() -> None:
    shipped = default_carbon_book().model("openai", "gpt-4o")
    assert shipped is not None
    stated = msgspec.structs.replace(
        shipped,
        b_in_wh=flat(0),
        b_out_wh=flat(0.001),
        a_wh=flat(0),
        stated_by="Acme's supplier, 2026",
    )
    book = CarbonBook(shipped_tables(), own_models=[stated])

    found = book.footprint("openai", "gpt-4o", "FRA", input_tokens=500, output_tokens=1_000)

    assert isinstance(found, Footprint)
    assert found.energy_uwh == 1_000_000
    assert found.tier == "C", "the country's average is now the weaker part"
    assert found.basis.method == "stated by Acme's supplier, 2026"
    assert found.factor_version != default_carbon_book().factor_version


def test_names_from_outside_do_not_fill_the_memory() -> None:
    book = CarbonBook(shipped_tables())

    for number in range(REMEMBERED_NAMES):
        book._resolved["openai", f"made-up-{number}", None] = NoFactor("unknown_model", "")
    book.resolve("openai", "gpt-4o-mini", None)

    assert len(book._resolved) == 1


def test_the_service_loads_neither_ecologits_nor_pandas() -> None:
    script = (
        "import sys\n"
        "from integration.carbon.carbon_book import default_carbon_book\n"
        "from integration.pricing.price_book import default_price_book\n"
        "default_carbon_book(), default_price_book()\n"
        "print(sorted({'ecologits', 'pandas', 'codecarbon', 'numpy'} & set(sys.modules)))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"

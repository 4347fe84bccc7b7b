"""Regions, model names, accelerator hours and open-weight models."""

from __future__ import annotations

import pytest

from integration.carbon.accelerator_hours import find_accelerator, gpu_energy_wh
from integration.carbon.carbon_book import CarbonBook, default_carbon_book, factor_version
from integration.carbon.ecologits_formula import Size
from integration.carbon.footprint import Footprint, NoFactor
from integration.carbon.grid_zones import DIRECT, LIFE_CYCLE, GridZones
from integration.carbon.open_weight import FITTED_ON, open_weight_energy
from integration.carbon.tables import Accelerator, GridFactor, Spread, shipped_tables

TABLES = shipped_tables()


def zones(convention: str = LIFE_CYCLE) -> GridZones:
    """Return the shipped zones under one convention."""
    return GridZones(TABLES.grid, TABLES.regions, convention)


@pytest.mark.parametrize(
    ("region", "zone"),
    [
        ("us-east-1", "USA"),
        ("eastus", "USA"),
        ("northeurope", "IRL"),
        ("aws:eu-north-1", "SWE"),
        ("europe-west9", "FRA"),
        ("ap-east-1", "HKG"),
        ("FRA", "FRA"),
        ("fra", "FRA"),
    ],
)
def test_a_cloud_region_falls_back_on_its_country_and_says_so(region: str, zone: str) -> None:
    found = zones().find(region)

    assert found is not None
    assert found.factor.zone == zone
    assert (found.assumption is None) == (region.upper() == zone)


@pytest.mark.parametrize(
    ("region", "zone", "central"),
    [
        ("us-central1", "us-central1", 430.0),
        ("us-east-1", "US-VA", 244.758),
        ("US-VA", "US-VA", 244.758),
    ],
)
def test_a_direct_book_knows_google_regions_and_us_states(
    region: str, zone: str, central: float
) -> None:
    found = zones(DIRECT).find(region)

    assert found is not None
    assert (found.factor.zone, found.factor.g_per_kwh.central) == (zone, central)


def test_conventions_never_mix() -> None:
    assert zones(DIRECT).find("FRA") is None
    assert zones(DIRECT).find("eu-west-3") is None
    assert zones(LIFE_CYCLE).find("US-VA") is None
    assert {factor.convention for factor in TABLES.grid} == {LIFE_CYCLE, DIRECT}


def test_every_cloud_region_has_a_country_with_a_factor() -> None:
    missing = [name for name in TABLES.regions if zones().find(name) is None]

    assert missing == []
    assert len(TABLES.regions) > 120


def test_the_world_average_is_never_a_fallback() -> None:
    assert zones().find("WOR") is not None
    assert zones().find("world") is None
    assert all(region.country != "WOR" for region in TABLES.regions.values())


def test_every_factor_row_names_source_vintage_licence_and_tier() -> None:
    for factor in TABLES.grid:
        assert factor.source
        assert factor.vintage
        assert factor.licence
        assert factor.tier in {"B", "C", "D"}
        low, central, high = factor.g_per_kwh
        assert 0 <= low <= central <= high < 2_000, factor.zone


def test_a_factor_of_ones_own_replaces_the_shipped_one_and_changes_the_version() -> None:
    own = GridFactor(
        zone="eu-west-3",
        kind="cloud_region",
        name="Paris",
        convention=LIFE_CYCLE,
        g_per_kwh=Spread(20, 21, 22),
        market_g_per_kwh=0.0,
        tier="A",
        source="Acme's supplier statement",
        vintage="2026",
        licence="own",
    )
    book = CarbonBook(TABLES, [own])

    found = book.footprint("openai", "gpt-4o", "eu-west-3", input_tokens=10, output_tokens=10)

    assert isinstance(found, Footprint)
    assert found.basis.g_per_kwh.central == 21
    assert found.market_based_ugco2e == found.embodied_ugco2e
    assert book.factor_version != factor_version(TABLES)


@pytest.mark.parametrize(
    ("provider_name", "model", "expected"),
    [
        ("openai", "gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("azure.ai.openai", "gpt-4o-mini-20240718", ("openai", "gpt-4o-mini-2024-07-18")),
        (
            "aws.bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            ("anthropic", "claude-sonnet-4-5-20250929"),
        ),
        (
            "gcp.vertex_ai",
            "vertex_ai/claude-sonnet-4-5@20250929",
            ("anthropic", "claude-sonnet-4-5-20250929"),
        ),
        ("openrouter", "anthropic/claude-sonnet-4.5", ("anthropic", "claude-sonnet-4-5")),
        ("gemini", "models/gemini-2.5-pro", ("google_genai", "gemini-2.5-pro")),
        ("groq", "openai/gpt-oss-120b", ("huggingface_hub", "openai/gpt-oss-120b")),
        (
            "ollama",
            "Meta-Llama-3.1-8B-Instruct",
            ("huggingface_hub", "meta-llama/Meta-Llama-3.1-8B-Instruct"),
        ),
        (
            "bedrock",
            "meta.llama3-1-70b-instruct-v1:0",
            ("huggingface_hub", "meta-llama/Meta-Llama-3.1-70B-Instruct"),
        ),
    ],
)
def test_a_resold_model_is_the_makers_model(
    provider_name: str, model: str, expected: tuple[str, str]
) -> None:
    row = default_carbon_book().model(provider_name, model)

    assert row is not None
    assert (row.provider, row.model) == expected


def test_accelerator_hours_multiply_power_utilisation_host_and_pue() -> None:
    # 8 · 700 W · 2 h = 11,200 Wh; · 0.75 · 1.375 · 1.14 = 13,167 Wh.
    # Low · 0.57 · 1.25 · 1.09 = 8,698.2; high · 0.90 · 1.50 · 1.20 = 18,144.
    assert gpu_energy_wh(700, 8, 2) == pytest.approx((8_698.2, 13_167.0, 18_144.0))
    # A stated utilisation and PUE leave the host factor's range: 11,200 · 0.5 · 1.1 = 6,160.
    assert gpu_energy_wh(700, 8, 2, 0.5, 1.1) == pytest.approx((7_700.0, 8_470.0, 9_240.0))


@pytest.mark.parametrize("name", ["H100", "NVIDIA H100 80GB HBM3", "h100-sxm", "H100 SXM5"])
def test_an_accelerator_goes_by_the_name_its_driver_gives(name: str) -> None:
    found = default_carbon_book().gpu_footprint(name, 8, 2, "FRA")

    assert isinstance(found, Footprint)
    assert found.energy_uwh == 13_167_000_000
    assert found.basis.arithmetic == (
        "8 × 700 W × 0.75 utilisation × 2 h × 1.375 host × 1.14 PUE = 13,167.000 Wh"
    )
    # 13.167 kWh · 56.039 g/kWh = 737.865513 g, plus embodied 16 h · 37.5 g = 600 g.
    assert found.location_based_ugco2e == 1_337_865_513


@pytest.mark.parametrize(
    ("accelerator", "region", "code"),
    [
        ("Z9000", "FRA", "unknown_accelerator"),
        ("H100", "nowhere", "unknown_region"),
        ("H100", None, "no_region"),
    ],
)
def test_hours_without_a_factor_have_no_figure(
    accelerator: str, region: str | None, code: str
) -> None:
    answer = default_carbon_book().gpu_footprint(accelerator, 1, 1, region)

    assert isinstance(answer, NoFactor)
    assert answer.code == code


def test_an_open_weight_model_follows_the_two_coefficient_formula() -> None:
    # 8 B dense, 16 bits: 16 GB on one H100. Batch 64:
    # 0.00539 · 8 + 0.1028 · 16/64 + 1.96/64 + 0.045 = 0.14444500 J; · 1.72 / 3600 Wh.
    found = open_weight_energy(Size(8, 8), batch_size=64)

    assert not isinstance(found, NoFactor)
    assert found.gpu_count == 1
    assert found.output_wh.central == pytest.approx(0.144445 * 1.72 / 3600)
    assert found.output_wh.high == pytest.approx(found.output_wh.central * 2.5)
    assert found.input_wh.central == pytest.approx(0.024 * 1.72 / 3600)
    assert "not EcoLogits" in found.method


def test_an_unknown_batch_only_widens_the_range() -> None:
    size = Size(70, 70)
    known, unknown = open_weight_energy(size, batch_size=64), open_weight_energy(size)

    assert not isinstance(known, NoFactor)
    assert not isinstance(unknown, NoFactor)
    assert unknown.output_wh.central == known.output_wh.central
    assert unknown.output_wh.low <= known.output_wh.low
    assert unknown.output_wh.high >= known.output_wh.high


def device(name: str) -> Accelerator:
    """Return a shipped accelerator."""
    found = find_accelerator(TABLES.accelerators, name)
    assert found is not None
    return found


def test_another_accelerator_carries_the_terms_over_and_widens_the_range() -> None:
    # A100 SXM against H100 SXM: power 400/700 = .571429; arithmetic · 989/312 = 1.811355;
    # weights · 3350/2039 = .938836. 70 B at 16 bits: 140 GB, ⌈168/80⌉ = 3 GPUs; batch 16:
    # .00539·70·1.811355 + .1028·140/16·.938836 + 1.96·3/16·.571429 + .045 = 1.782907 J.
    found = open_weight_energy(Size(70, 70), batch_size=16, accelerator=device("A100"))

    assert not isinstance(found, NoFactor)
    assert found.gpu_count == 3
    assert found.output_wh.central == pytest.approx(1.782907 * 1.72 / 3600, rel=1e-6)
    assert found.output_wh.high == pytest.approx(found.output_wh.central * 2.5 * 1.6)
    assert found.input_wh.central == pytest.approx(0.003 * 70 * 1.811355 * 1.72 / 3600)
    assert "carried over to A100 SXM" in found.method
    assert "not EcoLogits" in found.method
    assert any("no measurement on A100 SXM" in each for each in found.assumptions)


@pytest.mark.parametrize(("name", "tier"), [("H200", "C"), ("B200", "C"), ("L40S", "C"),
    ("MI300X", "C"), ("TPU v4", "C"), ("L4", "D"), ("T4", "D"), ("RTX 4090", "D")])  # fmt: skip
def test_accelerators_with_known_power_and_rate_have_a_figure_of_lower_quality(
    name: str, tier: str
) -> None:
    found = open_weight_energy(Size(8, 8), accelerator=device(name))

    assert not isinstance(found, NoFactor)
    assert found.tier == tier
    assert found.output_wh.low < found.output_wh.central < found.output_wh.high


@pytest.mark.parametrize("name", ["Gaudi3", "TPU v5p", "Trainium2"])
def test_the_formula_is_refused_where_memory_and_rate_are_not_known(name: str) -> None:
    found = open_weight_energy(Size(8, 8), accelerator=device(name))

    assert isinstance(found, NoFactor)
    assert found.code == "outside_formula"
    assert name in found.reason


def test_the_device_of_the_fit_is_the_shipped_h100() -> None:
    shipped = device("H100")

    assert (shipped.tdp_w, shipped.memory_gb, shipped.bandwidth_gb_s, shipped.bf16_tflops) == (
        FITTED_ON.tdp_w, FITTED_ON.memory_gb, FITTED_ON.bandwidth_gb_s, FITTED_ON.bf16_tflops,
    )  # fmt: skip


def test_an_unknown_accelerator_is_told_why_where_the_vendor_keeps_silent() -> None:
    answer = default_carbon_book().gpu_footprint("TPU v6e", 1, 1, "USA")

    assert isinstance(answer, NoFactor)
    assert "Google publishes none" in answer.reason

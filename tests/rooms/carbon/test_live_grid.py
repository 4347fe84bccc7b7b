"""Grid intensity by the hour: which value counts for a call, and what it changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integration.carbon.carbon_book import CarbonBook, default_carbon_book
from integration.carbon.footprint import Footprint
from integration.carbon.live_grid import GridHour, LiveFactor, LiveGrid, at_hour
from integration.carbon.statements import ZoneStatement, rows_of
from integration.journeys.books import Books
from integration.pricing.price_book import default_price_book

NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
BOOK = default_carbon_book()


def hour(at: datetime, g_per_kwh: float, *, is_estimated: bool = False) -> GridHour:
    """Return a reading of France."""
    return GridHour(
        zone="FR", hour=at, g_per_kwh=g_per_kwh, is_estimated=is_estimated,
        estimation="TIME_SLICER_AVERAGE" if is_estimated else "", source="A source",
    )  # fmt: skip


def grid(*hours: GridHour) -> LiveGrid:
    """Return what is known of Paris."""
    return LiveGrid({"eu-west-3": "FR"}, hours)


def called(region: str | None = "eu-west-3") -> Footprint:
    """Return the footprint of one call by the book's own factors."""
    found = BOOK.footprint("openai", "gpt-4o", region, input_tokens=1000, output_tokens=200)
    assert isinstance(found, Footprint)
    return found


@pytest.mark.parametrize(("known", "g_per_kwh", "tier", "said"), [
    ((hour(NINE, 30), hour(NINE - timedelta(hours=1), 99)), 30, "A", "T09:00Z, measured"),
    ((hour(NINE, 31, is_estimated=True),), 31, "B", "by the source (TIME_SLICER_AVERAGE)"),
    ((hour(NINE - timedelta(hours=1), 32),), 32, "C", "T08:00Z, which is the hour before"),
])  # fmt: skip
def test_each_step_of_the_ladder_lowers_the_tier_and_names_itself(
    known: tuple[GridHour, ...], g_per_kwh: float, tier: str, said: str
) -> None:
    found = grid(*known).find("eu-west-3", NINE + timedelta(minutes=59, seconds=59))

    assert found is not None
    assert (found.zone, found.g_per_kwh, found.tier) == ("FR", g_per_kwh, tier)
    assert said in found.said


@pytest.mark.parametrize(("region", "at"), [
    ("eu-west-3", NINE + timedelta(hours=2)), ("eu-west-3", NINE - timedelta(seconds=1)),
    ("eu-west-1", NINE), ("", NINE),
])  # fmt: skip
def test_without_a_recent_hour_or_a_zone_the_books_factor_stands(region: str, at: datetime) -> None:
    assert grid(hour(NINE, 30)).find(region, at) is None


def test_a_later_reading_of_an_hour_replaces_the_earlier_one() -> None:
    found = grid(hour(NINE, 30, is_estimated=True), hour(NINE, 25)).find("aws:EU-WEST-3", NINE)

    assert found is not None
    assert (found.g_per_kwh, found.tier) == (25, "A")


def test_only_location_based_emissions_change_with_the_hour() -> None:
    plain = called()

    live = at_hour(plain, LiveFactor("FR", 100.0, "A", "the hour of nine"))

    # Energy in µWh at 100 g/kWh is a tenth of it in µg; embodied emissions do not change.
    assert live.location_based_ugco2e == round(plain.energy_uwh * 0.1 + plain.embodied_ugco2e)
    assert live.location_based_low_ugco2e == round(
        plain.energy_low_uwh * 0.1 + plain.embodied_low_ugco2e
    )
    assert (live.energy_uwh, live.market_based_ugco2e) == (
        plain.energy_uwh, plain.market_based_ugco2e,
    )  # fmt: skip
    assert (live.basis.zone, live.basis.convention) == ("FR", plain.basis.convention)
    assert live.basis.assumptions[-1] == "the hour of nine"
    assert not any("factor of France" in each for each in live.basis.assumptions)
    assert live.basis.sources[-1] == "the hour of nine"


def test_the_tier_is_never_better_than_the_models() -> None:
    # gpt-4o's size is guessed: tier C, whatever is known of the grid.
    assert at_hour(called(), LiveFactor("FR", 50.0, "A", "measured")).tier == "C"


def test_a_factor_the_workspace_states_outranks_the_live_one() -> None:
    stated = ZoneStatement(zone="eu-west-3", g_per_kwh=21.0, source="The cloud", vintage="2026")
    factors, models = rows_of([stated], BOOK.zones, BOOK.tables)
    own = CarbonBook(BOOK.tables, factors, own_models=models)
    live = grid(hour(NINE, 30))

    assert Books(default_price_book(), BOOK, live).live_factor("eu-west-3", NINE) is not None
    assert Books(default_price_book(), own, live).live_factor("eu-west-3", NINE) is None

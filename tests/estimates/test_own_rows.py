"""Prices and factors a workspace enters: dated, only added, used by its own books alone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from integration.assembly import default_books
from integration.carbon.footprint import Footprint
from integration.journeys.book_shelf import BookShelf
from integration.pricing.hourly_rates import accelerator_cost
from integration.pricing.price_book import Priced
from tests.doors.worlds import SMALL, at

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.doors.worlds import World

CONTRACT = {
    "provider_name": "openai", "model": SMALL, "valid_from": "2026-11-16",
    "input_usd_per_mtok": "0.10", "output_usd_per_mtok": "0.40", "source": "Acme's contract 7",
}  # fmt: skip
MARKET = {
    "kind": "zone", "zone": "IRL", "market_g_per_kwh": 12.5, "source": "Acme's supplier",
    "vintage": "2026",
}  # fmt: skip


def send(client: FlaskClient, world: World, path: str, body: Any, scope: str) -> Any:
    key = world.key(f"{scope} key", scope)
    return client.post(path, json=body, headers={"Authorization": f"Bearer {key}"})


def read(client: FlaskClient, world: World, path: str) -> Any:
    key = world.key("reader", "read")
    return client.get(path, headers={"Authorization": f"Bearer {key}"}).json


def cost_at(world: World, day: int) -> tuple[int, int]:
    priced = world.books.prices.list_cost(
        "openai", SMALL, at(day, 12), input_tokens=1000, output_tokens=200
    )
    assert isinstance(priced, Priced)
    return priced.list_cost_nanousd, priced.contracted_cost_nanousd


def test_a_contract_changes_the_contracted_cost_from_its_day(
    client: FlaskClient, world: World
) -> None:
    answer = send(client, world, "/v1/prices/overrides", {"rows": [CONTRACT]}, "admin")

    assert answer.status_code == 201, answer.json
    # List: 1,000 · 0.15 + 200 · 0.60 = 270 millionths; contract: 100 + 80 = 180 millionths.
    assert cost_at(world, 15) == (270_000, 270_000)
    assert cost_at(world, 16) == (270_000, 180_000)
    assert answer.json["price_version"] == world.books.prices.price_version
    listed = read(client, world, "/v1/prices/overrides")
    assert [row["source"] for row in listed["rows"]] == ["Acme's contract 7"]


def test_a_correction_is_a_later_row_and_the_first_one_stays(
    client: FlaskClient, world: World
) -> None:
    send(client, world, "/v1/prices/overrides", {"rows": [CONTRACT]}, "admin")
    corrected = CONTRACT | {"input_usd_per_mtok": "0.12"}
    send(client, world, "/v1/prices/overrides", {"rows": [corrected]}, "admin")

    # 1,000 · 0.12 + 200 · 0.40 = 200 millionths.
    assert cost_at(world, 16) == (270_000, 200_000)
    assert len(read(client, world, "/v1/prices/overrides")["rows"]) == 2


@pytest.mark.parametrize("statement", [
    "UPDATE price_override SET added_by = 'x'", "DELETE FROM price_override",
])  # fmt: skip
def test_a_price_row_cannot_be_changed_or_removed(
    client: FlaskClient, world: World, statement: str
) -> None:
    send(client, world, "/v1/prices/overrides", {"rows": [CONTRACT]}, "admin")

    with pytest.raises(DBAPIError, match="append-only"), world.service.engine.begin() as connection:
        connection.execute(text(statement))


def test_another_workspace_keeps_list_prices(client: FlaskClient, world: World) -> None:
    send(client, world, "/v1/prices/overrides", {"rows": [CONTRACT]}, "admin")

    other = world.service.books.for_workspace("other")
    assert other.prices is world.service.books.plain.prices


def test_gpu_hours_get_a_price_once_a_row_is_entered(client: FlaskClient, world: World) -> None:
    row = {
        "provider_name": "", "model": "H100", "kind": "accelerator_hours", "sets": "list",
        "valid_from": "2026-01-01", "usd_per_accelerator_hour": "2.50",
    }  # fmt: skip
    refused = send(client, world, "/v1/prices/overrides", {"rows": [row]}, "admin")
    assert refused.status_code == 400
    assert refused.json["errors"][0]["pointer"] == "/rows/0/provider_name"
    row["provider_name"] = "aws"
    send(client, world, "/v1/prices/overrides", {"rows": [row]}, "admin")

    # 8 devices for 3 hours: 24 · 2.50 = 60 dollars.
    rows = world.books.prices.overrides
    assert accelerator_cost(rows, "aws", "H100", at(16, 12), Decimal(24)) == (
        60_000_000_000, 60_000_000_000,
    )  # fmt: skip


@pytest.mark.parametrize(("change", "pointer"), [
    ({"input_usd_per_mtok": "-1"}, "/rows/0/input_usd_per_mtok"),
    ({"valid_to": "2026-11-16"}, "/rows/0/valid_to"),
    ({"kind": "storage"}, "/rows/0/input_usd_per_mtok"),
    ({"model": " "}, "/rows/0/model"),
])  # fmt: skip
def test_a_row_that_cannot_be_is_refused_by_field(
    client: FlaskClient, world: World, change: dict[str, str], pointer: str
) -> None:
    answer = send(client, world, "/v1/prices/overrides", {"rows": [CONTRACT | change]}, "admin")

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json["errors"]]
    assert read(client, world, "/v1/prices/overrides")["rows"] == []


def test_only_administrators_enter_rows(client: FlaskClient, world: World) -> None:
    assert send(client, world, "/v1/prices/overrides", {"rows": []}, "read").status_code == 403
    assert send(client, world, "/v1/carbon/factors", {"factors": []}, "ingest").status_code == 403


def footprint(world: World, region: str = "IRL") -> Footprint:
    found = world.books.carbon.footprint(
        "openai", SMALL, region, input_tokens=1000, output_tokens=200
    )
    assert isinstance(found, Footprint)
    return found


def test_a_market_based_factor_stands_beside_the_location_based_one(
    client: FlaskClient, world: World
) -> None:
    before = footprint(world)
    assert before.basis.market_g_per_kwh is None

    answer = send(client, world, "/v1/carbon/factors", {"factors": [MARKET]}, "admin")

    assert answer.status_code == 201, answer.json
    found = footprint(world)
    assert found.location_based_ugco2e == before.location_based_ugco2e
    assert found.basis.tier == before.basis.tier
    # µg = µWh · 12.5 g/kWh / 1,000, plus the embodied part.
    assert found.market_based_ugco2e == pytest.approx(
        found.energy_uwh * 0.0125 + found.embodied_ugco2e, abs=1
    )
    assert answer.json["factor_version"] == found.factor_version != before.factor_version


def test_a_stated_location_factor_replaces_the_shipped_one_and_keeps_the_market_one(
    client: FlaskClient, world: World
) -> None:
    stated = {
        "kind": "zone", "zone": "eu-west-1", "g_per_kwh": [200, 250, 300], "source": "The cloud",
        "vintage": "2026",
    }  # fmt: skip
    send(client, world, "/v1/carbon/factors", {"factors": [MARKET, stated]}, "admin")

    found = footprint(world, "eu-west-1")
    assert list(found.basis.g_per_kwh) == [200, 250, 300]
    assert found.basis.zone == "eu-west-1"
    assert footprint(world, "IRL").basis.market_g_per_kwh == 12.5


def test_a_suppliers_own_figures_outrank_the_model(client: FlaskClient, world: World) -> None:
    stated = {
        "kind": "model", "provider_name": "openai", "model": SMALL, "stated_by": "The maker",
        "vintage": "2026", "input_wh_per_mtok": 10, "output_wh_per_mtok": [100, 200, 400],
    }  # fmt: skip
    send(client, world, "/v1/carbon/factors", {"factors": [stated]}, "admin")

    found = footprint(world)
    # 1,000 · 10 + 200 · 200 = 50,000 µWh in the middle, 10,000 + 200 · 100 or 400 at the ends.
    assert (found.energy_low_uwh, found.energy_uwh, found.energy_high_uwh) == (
        30_000, 50_000, 90_000,
    )  # fmt: skip
    assert found.basis.method == "stated by The maker"


@pytest.mark.parametrize(("change", "pointer"), [
    ({"market_g_per_kwh": -1}, "/factors/0/market_g_per_kwh"),
    ({"market_g_per_kwh": None}, "/factors/0/g_per_kwh"),
    ({"zone": "Atlantis"}, "/factors/0/zone"),
    ({"g_per_kwh": [3, 2, 1]}, "/factors/0/g_per_kwh"),
])  # fmt: skip
def test_a_factor_that_cannot_be_is_refused_by_field(
    client: FlaskClient, world: World, change: dict[str, Any], pointer: str
) -> None:
    answer = send(client, world, "/v1/carbon/factors", {"factors": [MARKET | change]}, "admin")

    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json["errors"]]


def test_rows_of_the_installation_come_before_those_of_a_workspace(
    world: World, client: FlaskClient, tmp_path: Path
) -> None:
    file = tmp_path / "prices.json"
    file.write_text(
        '[{"provider_name": "openai", "model": "gpt-4o-mini", "valid_from": "2026-01-01", '
        '"input_usd_per_mtok": "0.05"}]'
    )
    shelf = BookShelf(world.service.transactions, default_books(file))
    plain = shelf.for_workspace("acme").prices.list_cost(
        "openai", SMALL, at(16, 12), input_tokens=1000, output_tokens=0
    )
    send(client, world, "/v1/prices/overrides", {"rows": [CONTRACT]}, "admin")
    shelf.forget("acme")
    own = shelf.for_workspace("acme").prices.list_cost(
        "openai", SMALL, at(16, 12), input_tokens=1000, output_tokens=0
    )

    assert isinstance(plain, Priced)
    assert isinstance(own, Priced)
    assert (plain.list_cost_nanousd, plain.contracted_cost_nanousd) == (150_000, 50_000)
    assert (own.list_cost_nanousd, own.contracted_cost_nanousd) == (150_000, 100_000)

"""`storymeter carbon`, `whatif` and `retraining`, on a real database and a real server."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from integration.app import app_with
from integration.carbon.statements import ZoneStatement
from integration.cli.carbon_commands import carbon
from integration.cli.retraining_commands import retraining
from integration.cli.whatif_command import whatif
from integration.journeys.enter_rows import enter_factors
from integration.sandbox.server import serve
from tests.doors.worlds import SMALL, at
from tests.estimates.commands import answer, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doors.worlds import World


@pytest.fixture
def deployed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    url = world.service.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url)
    return world


def test_a_storys_figures_can_be_worked_out_again(deployed: World) -> None:
    deployed.sprint()
    key = deployed.story(1, "A feature")
    deployed.usage(key, at(10, 10), calls=3, tokens=(1000, 200), model=SMALL, cached=400)
    deployed.usage(key, at(11, 10), calls=2, tokens=(500, 100))
    deployed.usage(key, at(12, 10), calls=2, tokens=(500, 100), model="acme-llm-9")

    found = answer(carbon, "explain", key)

    assert (found["checked"], found["differing"], found["agrees"]) == (3, 0, True)
    unknown = next(each for each in found["entries"] if each["model"] == "acme-llm-9")
    assert unknown["figures"]["energy_uwh"] == {"stored": None, "again": None, "agrees": True}
    known = next(each for each in found["entries"] if each["model"] == SMALL)
    lines = known["arithmetic"]["lines"]
    assert sum(line["energy_uwh"] for line in lines) == pytest.approx(
        known["figures"]["energy_uwh"]["stored"], abs=0.51
    )
    words = run(carbon, "explain", key)
    assert "3 entries worked out again, 0 differ." in words


def test_the_price_is_shown_class_by_class_with_the_versions(deployed: World) -> None:
    deployed.sprint()
    key = deployed.story(1, "A feature")
    deployed.usage(key, at(10, 10), calls=1, tokens=(1000, 200), model=SMALL, cached=400)

    (entry,) = answer(carbon, "explain", key)["entries"]

    # 600 · 0.15 + 400 · 0.075 + 200 · 0.60 = 240 millionths of a dollar.
    lines = {each["token_class"]: Decimal(each["amount_usd"]) for each in
             entry["price_arithmetic"]["lines"]}  # fmt: skip
    assert lines == {
        "input": Decimal("0.00009"), "cache_read": Decimal("0.00003"), "output": Decimal("0.00012"),
    }  # fmt: skip
    assert entry["figures"]["list_cost_nanousd"]["stored"] == 240_000
    assert entry["made_with"]["price_version"].startswith("genai-prices")
    assert "× $0.15 / 1,000,000 = $0.00009" in run(carbon, "explain", key)


def test_an_entry_made_with_other_data_is_compared_and_never_said_to_agree(
    deployed: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed.sprint()
    key = deployed.story(1, "A feature")
    deployed.usage(key, at(10, 10), calls=1, tokens=(1000, 200), model=SMALL)
    file = tmp_path / "prices.json"
    file.write_text(json.dumps([{
        "provider_name": "acme", "model": "acme-9", "valid_from": "2026-01-01", "sets": "list",
        "input_usd_per_mtok": "1", "output_usd_per_mtok": "1",
    }]))  # fmt: skip
    monkeypatch.setenv("STORYMETER_PRICE_OVERRIDES", str(file))

    done = CliRunner().invoke(carbon, ["explain", key, "--json"])

    assert done.exit_code == 1
    (entry,) = json.loads(done.output)["entries"]
    assert (entry["is_available"], entry["agrees"]) == (False, False)
    assert all(figure["agrees"] for figure in entry["figures"].values())
    assert "no proof either way" in CliRunner().invoke(carbon, ["explain", key]).output


def test_an_event_made_with_earlier_factors_is_worked_out_with_those(deployed: World) -> None:
    deployed.sprint()
    key = deployed.story(1, "A feature")
    deployed.usage(key, at(10, 10), calls=3, tokens=(1000, 200), model=SMALL)
    zone = ZoneStatement(zone="eu-west-1", g_per_kwh=1.0, source="The cloud", vintage="2026")
    enter_factors(
        deployed.service.transactions, "acme", [zone], deployed.service.books, actor="cli",
        now=at(11, 9),
    )  # fmt: skip
    deployed.usage(key, at(11, 10), calls=3, tokens=(1000, 200), model=SMALL)

    found = answer(carbon, "explain", key)

    assert found["agrees"]
    factors = {each["arithmetic"]["g_per_kwh"] for each in found["entries"]}
    assert len(factors) == 2
    assert 1.0 in factors


def test_a_changed_figure_is_found_and_the_exit_code_says_so(deployed: World) -> None:
    deployed.sprint()
    key = deployed.story(1, "A feature")
    deployed.usage(key, at(10, 10), calls=3, tokens=(1000, 200), model=SMALL)
    with deployed.service.engine.begin() as connection:
        connection.execute(text("SET session_replication_role = replica"))  # Past the guard.
        connection.execute(text("UPDATE ledger_entry SET energy_uwh = energy_uwh + 1"))
        connection.execute(text("SET session_replication_role = DEFAULT"))

    found = answer(carbon, "explain", key, exit_code=1)

    assert found["differing"] == 1
    differing = [name for name, each in found["entries"][0]["figures"].items()
                 if not each["agrees"]]  # fmt: skip
    assert differing == ["energy_uwh"]


def test_one_event_is_found_by_the_senders_id(deployed: World) -> None:
    deployed.sprint()
    key = deployed.story(1, "A feature")
    when = at(10, 10)
    deployed.usage(key, when, calls=3, tokens=(1000, 200), model=SMALL)

    found = answer(carbon, "explain", f"{key}:{SMALL}:{when.isoformat()}")
    again = answer(carbon, "explain", found["entries"][0]["entry_id"])

    assert found["entries"] == again["entries"]
    missing = CliRunner().invoke(carbon, ["explain", "never-sent"])
    assert missing.exit_code == 1


def test_alternatives_are_told_on_the_command_line(deployed: World) -> None:
    deployed.sprint()
    key = deployed.story(1, "A feature", ("Chat", SMALL, "1000", "1000", "200", "", "eu-west-1"))

    found = answer(whatif, key)
    words = run(whatif, key)

    assert found["key"] == key
    # Half of the input from cache: 1,000 · 500 · (0.15 − 0.075) = 37,500 millionths.
    cached = next(each for each in found["cheapest"] if each["change"] == "cached_share")
    assert cached["saving_nanousd"] == 37_500_000
    # As planned 1,000 · (1,000 · 0.15 + 200 · 0.60) = 270,000 millionths; 232,500 would be left.
    assert found["today"]["list_cost_nanousd"]["central"] == 270_000_000
    assert cached["would_be"]["list_cost_nanousd"]["central"] == 232_500_000
    assert f"{key} as planned, estimated today: $0.27" in words
    assert "As version 1 of the estimate says." in words
    assert "saves about $0.0375" in words or "saves about $0.038" in words
    assert "It would cost $0.23" in words
    assert "Nothing was changed." in words


@pytest.fixture
def server(world: World) -> Iterator[str]:
    with serve(app_with(world.service), None) as running:
        yield running.base_url


@pytest.mark.parametrize(("candidate", "exit_code", "decision"), [
    ("8", 0, "go"),  # Improvement 0.2 of a usual 0.1: benefit 2, cost 1, efficiency 0.67.
    ("9.9", 3, "no_go"),  # Benefit 0.1, cost 1, efficiency 0.09 < 0.33.
])  # fmt: skip
def test_a_pipeline_stops_at_a_no_go(
    server: str, world: World, candidate: str, exit_code: int, decision: str
) -> None:
    found = answer(
        retraining, "check", "--incumbent-error", "10", "--candidate-error", candidate,
        "--list-cost-usd", "20", "--kgco2e", "4", "--usual-improvement", "0.1",
        "--usual-cost-usd", "20", "--usual-kgco2e", "4", "--url", server,
        "--key", world.key("pipeline", "authorize"), exit_code=exit_code,
    )  # fmt: skip
    assert found["decision"] == decision


def test_nobody_to_ask_is_neither_go_nor_no_go(world: World) -> None:
    done = CliRunner().invoke(retraining, [
        "check", "--incumbent-error", "10", "--candidate-error", "8", "--list-cost-usd", "1",
        "--kgco2e", "1", "--url", "http://127.0.0.1:9", "--key", "smk_x",
    ])  # fmt: skip
    assert done.exit_code == 1

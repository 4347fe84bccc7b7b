"""`storymeter estimate` and `prices`, as people run them: no workspace, no database."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from integration.cli.estimate_command import estimate
from integration.cli.prices_commands import prices
from integration.pricing.override_rows import parse_rows
from tests.doors.worlds import SMALL
from tests.estimates.commands import answer, run

if TYPE_CHECKING:
    from pathlib import Path

CALLS = ("--calls", "1000", "--input-tokens", "1000", "--output-tokens", "200")
LLAMA = "meta-llama/Meta-Llama-3.1-70B-Instruct"


def test_an_estimate_without_a_workspace_says_all_it_rests_on() -> None:
    # 1,000 · (500 · 0.15 + 500 · 0.075 + 200 · 0.60) = 232,500 millionths of a dollar.
    found = answer(
        estimate, "--model", SMALL, *CALLS, "--cached-share", "0.5", "--region", "eu-west-1",
        "--at", "2026-11-20",
    )  # fmt: skip

    assert found["tokens"]["central"] == "1200000"
    assert Decimal(found["list_cost_usd"]["central"]) == Decimal("0.2325")
    for name in ("tokens", "list_cost_usd", "energy_wh", "location_based_kgco2e"):
        low, central, high = (Decimal(found[name][end]) for end in ("low", "central", "high"))
        assert low < central < high
    assert found["market_based_kgco2e"] is None
    assert "extension, not EcoLogits" in found["energy_method"]
    assert all(found[name] for name in ("method_version", "price_version", "factor_version"))
    assert any("codecarbon" in source for source in found["factor_sources"])
    assert (found["tier"], found["coverage_pct"], found["missing"]) == ("C", "100.0", [])


def test_an_estimate_uses_the_prices_of_the_day_asked_for() -> None:
    def cost(day: str) -> Decimal:
        found = answer(
            estimate, "--model", "o3", "--calls", "1", "--input-tokens", "1000",
            "--output-tokens", "1000", "--at", day,
        )  # fmt: skip
        return Decimal(found["list_cost_usd"]["central"])

    assert (cost("2025-06-09"), cost("2025-06-10")) == (Decimal("0.05"), Decimal("0.01"))


@pytest.mark.parametrize(("arguments", "field"), [
    (("--model", "acme-llm-9", "--region", "FRA"), "factor"),
    (("--model", SMALL, "--region", "atlantis-1"), "region"),
])  # fmt: skip
def test_what_is_unknown_has_no_figure_and_a_reason(arguments: tuple[str, ...], field: str) -> None:
    found = answer(estimate, *arguments, *CALLS)

    assert found["energy_wh"] is None
    assert found["location_based_kgco2e"] is None
    assert field in [each["field"] for each in found["missing"]]
    assert found["coverage_pct"] == "0.0"
    assert all(each["reason"] for each in found["missing"])


def test_gpu_hours_have_energy_and_name_the_missing_price() -> None:
    found = answer(
        estimate, "--gpu", "H100", "--gpu-hours", "6", "--gpu-count", "8", "--region", "FRA"
    )

    # 8 · 700 W · 0.75 · 6 h · 1.375 · 1.14 = 39,501 Wh.
    assert Decimal(found["energy_wh"]["central"]) == Decimal(39501)
    assert found["list_cost_usd"] is None
    assert [each["field"] for each in found["missing"]] == ["price"]
    assert "hourly rate for H100" in found["missing"][0]["reason"]


def test_gpu_hours_are_priced_by_a_row_of_the_price_file(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps([{
        "provider_name": "aws", "model": "H100", "kind": "accelerator_hours", "sets": "list",
        "valid_from": "2026-01-01", "usd_per_accelerator_hour": "2.50",
    }]))  # fmt: skip

    found = answer(
        estimate, "--provider", "aws", "--gpu", "H100", "--gpu-hours", "6", "--gpu-count", "8",
        "--region", "FRA", "--overrides", str(file), "--at", "2026-11-20",
    )  # fmt: skip

    assert Decimal(found["list_cost_usd"]["central"]) == 120  # 48 · 2.50.


def test_open_weights_take_batch_and_accelerator_and_show_both_methods() -> None:
    plain = answer(estimate, "--model", LLAMA, *CALLS, "--region", "IRL")
    served = answer(
        estimate, "--model", LLAMA, *CALLS, "--region", "IRL", "--batch-size", "16",
        "--accelerator", "H100",
    )  # fmt: skip

    assert "EcoLogits output energy" in plain["energy_method"]
    assert "fitted on H100" in plain["second_opinion"]["energy_method"]
    assert "fitted on H100" in served["energy_method"]
    # The second opinion is EcoLogits' formula at the stated batch: fewer share the energy.
    assert "EcoLogits" in served["second_opinion"]["energy_method"]
    assert float(served["second_opinion"]["energy_wh"]["central"]) > float(
        plain["energy_wh"]["central"]
    )
    # Output: .00539·70.55 + .1028·141.1/16 + 1.96·3/16 + .045 = 1.69933 J; input .003·70.55 =
    # .21165 J; × 1.72 / 3600: 1e6 · 1.0112e-4 + 2e5 · 8.1190e-4 = 101.12 + 162.38 = 263.50 Wh.
    assert float(served["energy_wh"]["central"]) == pytest.approx(263.50, abs=0.05)


def test_another_accelerator_changes_the_answer_and_says_how() -> None:
    served = ("--model", LLAMA, *CALLS, "--region", "IRL", "--accelerator")
    h100, b200 = answer(estimate, *served, "H100"), answer(estimate, *served, "B200")

    assert float(b200["energy_wh"]["central"]) < float(h100["energy_wh"]["central"])
    assert "carried over to B200" in b200["energy_method"]
    assert any("no measurement on B200" in each for each in b200["assumptions"])
    assert "EcoLogits' formula" in b200["second_opinion"]["energy_method"]


def test_an_accelerator_outside_the_formula_is_said_and_ecologits_figure_stays() -> None:
    found = answer(
        estimate, "--model", LLAMA, *CALLS, "--region", "IRL", "--accelerator", "TPU v5p"
    )

    assert "EcoLogits' formula" in found["energy_method"]
    assert found["second_opinion"] is None
    assert any("rate of TPU v5p are not known" in each for each in found["assumptions"])


@pytest.mark.parametrize(("model", "tier", "said"), [
    ("llama-3.3-70b-versatile", "C", "on the size its maker publishes"),
    ("Qwen/Qwen2.5-72B-Instruct-AWQ", "C", "on the size its maker publishes"),
    ("acme/acme-70b", "D", "on a size read out of the model's name"),
])  # fmt: skip
def test_open_weights_are_estimated_by_any_name_and_say_where_the_size_is_from(
    model: str, tier: str, said: str
) -> None:
    found = answer(estimate, "--model", model, *CALLS, "--region", "IRL")

    assert found["energy_wh"] is not None
    assert found["tier"] == tier
    assert said in found["energy_method"]


def test_an_unlisted_open_model_is_estimated_from_its_stated_size() -> None:
    found = answer(
        estimate, "--model", "acme/acme-70b", *CALLS, "--region", "IRL", "--batch-size", "16",
        "--active-b", "70.55", "--total-b", "70.55",
    )  # fmt: skip

    assert float(found["energy_wh"]["central"]) == pytest.approx(263.50, abs=0.05)


def test_an_estimate_loads_neither_the_database_nor_the_web_layer() -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from integration.cli import commands\n"
        "done = CliRunner().invoke(commands, ['estimate', '--model', 'gpt-4o-mini', '--calls', '1',"
        " '--input-tokens', '1', '--output-tokens', '1', '--json'])\n"
        "assert done.exit_code == 0, done.output\n"
        "print(sorted({'sqlalchemy', 'flask', 'ecologits', 'pandas'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_arithmetic_of_a_price_adds_up() -> None:
    found = answer(
        prices, "explain", "gemini-2.5-pro", "--at", "2026-11-20", "--input-tokens", "250000",
        "--cached", "100000", "--output-tokens", "10000",
    )  # fmt: skip

    # 150,000 · 2.50 + 100,000 · 0.25 + 10,000 · 15 = 550,000 millionths of a dollar.
    amounts = {line["token_class"]: line["amount_usd"] for line in found["list"]["lines"]}
    assert {name: Decimal(amount) for name, amount in amounts.items()} == {
        "input": Decimal("0.375"), "cache_read": Decimal("0.025"), "output": Decimal("0.15"),
    }  # fmt: skip
    assert found["list"]["cost_nanousd"] == 550_000_000
    assert found["contracted"] is None
    assert "= $0.375" in run(
        prices, "explain", "gemini-2.5-pro", "--input-tokens", "250000", "--cached", "100000"
    )


def test_a_model_without_a_price_is_named_with_its_neighbours() -> None:
    found = answer(prices, "explain", "gpt-4o-minni")
    assert (found["list"], found["code"]) == (None, "unknown_model")
    assert "gpt-4o-mini" in found["closest"]


NEWER = [{
    "id": "openai", "name": "OpenAI", "api_pattern": "https://api\\.openai\\.com",
    "models": [
        {"id": "gpt-4o-mini", "match": {"equals": "gpt-4o-mini"},
         "prices": {"input_mtok": 0.12, "cache_read_mtok": 0.075, "output_mtok": 0.6}},
        {"id": "acme-new", "match": {"equals": "acme-new"},
         "prices": {"input_mtok": 1, "output_mtok": 2}},
        {"id": "acme-long", "match": {"equals": "acme-long"},
         "prices": {"input_mtok": {"base": 1, "tiers": [{"start": 1000, "price": 2}]},
                    "output_mtok": 2}},
    ],
}]  # fmt: skip


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    file = tmp_path / "data.json"
    file.write_text(json.dumps(NEWER))
    return file


def test_newer_prices_are_shown_and_nothing_is_written(newer: Path, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"

    found = answer(prices, "update", "--from", str(newer), "--file", str(file))

    shown = {each["model"]: each for each in found["changes"] if each["kind"] != "gone"}
    mini = shown["gpt-4o-mini"]
    assert mini["changes"] == [{"token_class": "input", "before": "0.15", "after": "0.12"}]
    assert shown["acme-new"]["kind"] == "added"
    assert shown["acme-long"]["why_no_row"] == "prices by context length"
    assert not file.exists()


def test_applied_prices_are_dated_rows_on_top_and_only_once(newer: Path, tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text('[{"provider_name": "openai", "model": "*", "valid_from": "2026-01-01", '
                    '"multipliers": {"standard": "0.9"}}]')  # fmt: skip

    run(prices, "update", "--from", str(newer), "--file", str(file), "--apply")
    run(prices, "update", "--from", str(newer), "--file", str(file), "--apply")

    rows = parse_rows(file.read_bytes())
    assert [row.model for row in rows] == ["*", "acme-new", "gpt-4o-mini"]
    assert rows[2].input_usd_per_mtok == Decimal("0.12")
    assert rows[2].sets == "list"
    assert rows[2].source.startswith("genai-prices data in data.json")


@pytest.mark.parametrize("content", ["{}", "[", "[]", '[{"id": 1}]'])
def test_a_file_that_is_no_price_data_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "data.json"
    file.write_text(content)
    done = CliRunner().invoke(prices, ["update", "--from", str(file)])
    assert done.exit_code == 1
    assert "cannot be read as price data" in str(done.exception)


def test_a_model_on_ones_own_gpus_is_priced_by_the_hour_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "prices.json"
    file.write_text(json.dumps([{
        "provider_name": "openai", "model": "H100", "kind": "accelerator_hours", "sets": "list",
        "valid_from": "2026-01-01", "usd_per_accelerator_hour": "2.50",
    }]))  # fmt: skip
    asked = (
        "--model", SMALL, *CALLS, "--cached-share", "0.5", "--gpu", "H100", "--gpu-hours", "6",
        "--region", "FRA", "--overrides", str(file), "--at", "2026-11-20",
    )  # fmt: skip

    unnamed = answer(estimate, *asked)
    assert "name the provider; openai has a price" in unnamed["missing"][0]["reason"]
    named = (*asked, "--provider", "openai")
    found = answer(estimate, *named)

    # 6 h · 2.50 = 15, and not the 0.2325 that the same calls cost by the token.
    assert Decimal(found["list_cost_usd"]["central"]) == 15
    assert found["cost_basis"] == "accelerator_hours"
    assert Decimal(found["by_token"]["list_cost_usd"]["central"]) == Decimal("0.2325")
    assert found["second_opinion"] is None
    assert any(f"token of {SMALL} are not used" in each for each in found["assumptions"])
    text = run(estimate, *named)
    assert "List cost   $15.00" in text
    assert "hours on accelerators × hourly rate" in text
    assert "By token    $0.23" in text
    assert "not part of the above" in text


def test_a_use_without_gpu_hours_is_priced_by_the_token() -> None:
    found = answer(estimate, "--model", SMALL, *CALLS, "--region", "FRA")

    assert (found["cost_basis"], found["by_token"]) == ("tokens", None)

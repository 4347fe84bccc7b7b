from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from integration.estimation.advice import Advice, SuggestedInput
from integration.estimation.workload import Estimate, Missing, Range, Workload
from integration.jira import adf
from integration.jira.comment import comment
from integration.jira.field_catalogue import CATALOGUE, PEOPLES
from integration.jira.fields import (
    Actual,
    StoryFigures,
    inputs_missing,
    property_value,
    story_values,
)
from integration.jira.wiki import to_wiki
from tests.adapters.jira.adf_schema import assert_valid_adf
from tests.golden_files import check_golden

PAGE = "https://storymeter.example.com/acme/stories/SHOP-1"
AS_OF = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)
IDS = {spec.name: f"customfield_{number}" for number, spec in enumerate(CATALOGUE, start=10100)}
NAMES = {field_id: name for name, field_id in IDS.items()}

CHAT = Workload("Chat", model="acme-llm-7", calls=Decimal(4000))
COMPLETE = Estimate(
    tokens=Range(1_000_000, 1_500_000, 2_500_001),
    list_cost_nanousd=Range(1_000_000_000, 2_345_678_901, 4_000_000_000),
    energy_uwh=Range(100_000_000, 200_000_000, 300_000_000),
    location_based_ugco2e=Range(10_000_000, 23_456_789, 30_000_000),
    market_based_ugco2e=None,
    workloads=(CHAT,),
    assumptions=("Calls of “Chat” vary by 30 %.", "Half of the input is read from cache."),
    missing=(),
    coverage_pct=Decimal(100),
    method_version="2026-11",
    price_version="genai-prices 0.2.3",
    factor_version="EcoLogits 0.11.3",
)
NO_OUTPUT = Missing("Chat", "output_tokens", "Say how many tokens an answer has, such as 300.")
INCOMPLETE = Estimate(
    tokens=None,
    list_cost_nanousd=None,
    energy_uwh=None,
    location_based_ugco2e=None,
    market_based_ugco2e=None,
    workloads=(CHAT,),
    assumptions=(),
    missing=(NO_OUTPUT, Missing("Chat", "model", "Name the model, such as gpt-4o-mini.")),
    coverage_pct=Decimal(0),
    method_version="2026-11",
    price_version="genai-prices 0.2.3",
    factor_version="EcoLogits 0.11.3",
)
UNPRICED = Estimate(
    tokens=Range(1_000_000, 1_500_000, 2_500_000),
    list_cost_nanousd=None,
    energy_uwh=None,
    location_based_ugco2e=None,
    market_based_ugco2e=None,
    workloads=(CHAT,),
    assumptions=("Calls of “Chat” vary by 30 %.",),
    missing=(Missing("Chat", "model", "There is no price for “acme-llm-7”."),),
    coverage_pct=Decimal(0),
    method_version="2026-11",
    price_version="genai-prices 0.2.3",
    factor_version="EcoLogits 0.11.3",
)
EMPTY = replace(
    INCOMPLETE, workloads=(), missing=(Missing("", "table", "No row of the table is filled in."),)
)
CONFLICT = "Model: the table says “gpt-4o”, the field “gpt-4.1”. The table counts."
SUGGESTION = SuggestedInput("Chat", "output_tokens", "350", ("SHOP-3", "SHOP-7"))
USED = Actual(1_400_000, 2_110_000_000, 150_000_000, 12_000_000)

CASES = {
    "complete": StoryFigures(AS_OF, COMPLETE),
    "missing_inputs": StoryFigures(AS_OF, INCOMPLETE),
    "with_actuals": StoryFigures(AS_OF, COMPLETE, USED, Decimal("-10.05")),
    "unpriced_model": StoryFigures(AS_OF, UNPRICED),
    "unpriced_usage": StoryFigures(AS_OF, UNPRICED, Actual(1_400_000, None, None, None)),
    "not_filled_in": StoryFigures(AS_OF),
    "emptied_again": StoryFigures(AS_OF, EMPTY),
    "conflict": StoryFigures(AS_OF, COMPLETE, advice=Advice(conflicts=(CONFLICT,))),
    "suggestion": StoryFigures(AS_OF, INCOMPLETE, advice=Advice(suggestions=(SUGGESTION,))),
    "usage_without_estimate": StoryFigures(AS_OF, None, USED),
}


def test_the_comments_are_what_people_saw_last_time(update_golden: bool) -> None:
    """Read them as a Product Owner would; as wiki markup, which shows every word."""
    texts = (
        f"---- {name}\n{to_wiki(comment(figures, zone='Europe/Berlin', story_url=PAGE))}\n"
        for name, figures in CASES.items()
    )

    check_golden("jira/comments.txt", "\n".join(texts), update_golden)


def test_the_comment_has_the_form_that_it_had_last_time(update_golden: bool) -> None:
    rendered = comment(CASES["complete"], zone="Europe/Berlin", story_url=PAGE)

    text = json.dumps(rendered, indent=2, ensure_ascii=False) + "\n"
    check_golden("jira/comment_complete.json", text, update_golden)


@pytest.mark.parametrize("name", CASES)
def test_the_comment_fits_atlassians_schema(name: str) -> None:
    assert_valid_adf(comment(CASES[name]))
    assert_valid_adf(comment(CASES[name], story_url=PAGE))


def test_an_unknown_figure_is_worded_and_never_zero() -> None:
    words = adf.plain_text(comment(CASES["unpriced_usage"]))

    assert "List costnot estimatedunknown" in words.replace("\n", "")
    assert "$0" not in words


def test_quotes_and_braces_of_people_break_nothing() -> None:
    odd = Missing('"}] {{ x }} <b>', "model", 'Say "which" \\ one')
    figures = StoryFigures(AS_OF, replace(INCOMPLETE, missing=(odd,)))

    rendered = comment(figures)

    assert_valid_adf(rendered)
    assert '"}] {{ x }} <b>, model: Say "which" \\ one' in adf.plain_text(rendered)


def named(figures: StoryFigures) -> dict[str, object]:
    return {NAMES[field_id]: value for field_id, value in story_values(figures, IDS).items()}


def test_values_are_rounded_to_six_digits() -> None:
    # 2,345,678,901 nano-USD is $2.345678901; 23,456,789 µg is 0.023456789 kg.
    assert named(CASES["with_actuals"]) == {
        "estimated_tokens_low": 1_000_000.0,
        "estimated_tokens": 1_500_000.0,
        "estimated_tokens_high": 2_500_000.0,
        "estimated_cost_usd_low": 1.0,
        "estimated_cost_usd": 2.34568,
        "estimated_cost_usd_high": 4.0,
        "estimated_kgco2e_low": 0.01,
        "estimated_kgco2e": 0.0234568,
        "estimated_kgco2e_high": 0.03,
        "actual_tokens": 1_400_000.0,
        "actual_cost_usd": 2.11,
        "actual_kgco2e": 0.012,
        "variance_pct": -10.05,
        "figures_as_of": "2026-11-03T14:05:00.000+0000",
        "inputs_missing": None,
    }


def test_what_is_unknown_is_cleared_and_never_zero() -> None:
    values = named(CASES["missing_inputs"])

    assert values.pop("figures_as_of") == "2026-11-03T14:05:00.000+0000"
    assert values.pop("inputs_missing") == "Chat: output tokens; Chat: model"
    assert set(values.values()) == {None}
    assert len(values) == 13


def test_a_real_zero_stays_zero() -> None:
    assert named(StoryFigures(AS_OF, None, Actual(0, 0, 0, 0)))["actual_cost_usd"] == 0.0


def test_what_people_fill_in_is_never_written() -> None:
    known = StoryFigures(AS_OF, workload_class="experiment")

    assert named(known).keys().isdisjoint(PEOPLES)
    assert property_value(known)["workload_class"] == "experiment"


def test_only_fields_that_exist_on_the_site_are_written() -> None:
    only = {"actual_tokens": "customfield_1"}

    assert story_values(CASES["with_actuals"], only) == {"customfield_1": 1_400_000.0}


def test_the_property_keeps_exact_decimals() -> None:
    value = property_value(CASES["with_actuals"])

    assert value["estimated_cost_usd"] == "2.345678901"
    assert value["estimated_tokens_high"] == "2500001"
    assert value["estimated_kgco2e"] == "0.023456789"
    assert value["workload_class"] is None
    assert json.loads(json.dumps(value)) == value


def test_a_long_list_of_missing_inputs_fits_into_a_text_field() -> None:
    line = inputs_missing(Missing(f"Workload {n}", "output_tokens", "") for n in range(40))

    assert line is not None
    assert len(line) <= 255
    assert line.startswith("Workload 0: output tokens; Workload 1:")
    assert line.endswith("…")


def test_field_names_are_told_apart() -> None:
    assert len({spec.name for spec in CATALOGUE}) == len(CATALOGUE) == 25
    assert len({spec.jira_name for spec in CATALOGUE}) == len(CATALOGUE)
    assert all(len(spec.jira_name) <= 255 for spec in CATALOGUE)

"""The table of a story: its headings, its rows, and what in them cannot be read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.headings import SYNONYMS, field_of
from integration.estimation.workload import Missing, Workload
from integration.estimation.workload_row import split_pieces
from integration.estimation.workload_table import is_placeholder, read_workloads

HEADINGS = [
    "Workload",
    "Model",
    "Calls per Sprint",
    "Input tokens",
    "Output tokens",
    "Cached share",
]


def test_a_filled_row_becomes_a_workload() -> None:
    reading = read_workloads(
        [
            [*HEADINGS, "Region"],
            ["Chat answers", "gpt-4o-mini", "5k", "1.2k", "300", "50%", "eu-west-1"],
        ]
    )
    assert reading.workloads == (
        Workload(
            name="Chat answers", kind="chat", model="gpt-4o-mini", calls=Decimal(5000),
            input_tokens=Decimal(1200), output_tokens=Decimal(300), cached_share=Decimal("0.5"),
            region="eu-west-1",
        ),
    )  # fmt: skip
    assert reading.problems == ()
    assert reading.assumptions == ()


def test_headings_may_come_in_any_order_and_wording() -> None:
    reading = read_workloads(
        [["Tokens out", "LLM", "Requests", "Prompt tokens"], ["300", "gpt-4o", "12", "1k"]]
    )
    workload = reading.workloads[0]
    assert (workload.model, workload.calls) == ("gpt-4o", Decimal(12))
    assert (workload.input_tokens, workload.output_tokens) == (Decimal(1000), Decimal(300))


def test_a_table_of_keys_and_values_is_read_too() -> None:
    reading = read_workloads(
        [["Key", "Value"], ["Model", "gpt-4o"], ["Calls", "12"], ["Tokens in", "4k"]]
    )
    workload = reading.workloads[0]
    assert (workload.model, workload.calls, workload.input_tokens) == (
        "gpt-4o", Decimal(12), Decimal(4000),
    )  # fmt: skip
    assert workload.output_tokens is None


def test_two_columns_of_values_are_two_workloads() -> None:
    reading = read_workloads([["Model", "gpt-4o", "gpt-4.1"], ["Calls", "12", "13"]])
    assert [(each.model, each.calls) for each in reading.workloads] == [
        ("gpt-4o", Decimal(12)),
        ("gpt-4.1", Decimal(13)),
    ]


def test_a_daily_rate_is_multiplied_by_the_working_days_and_said() -> None:
    by_cell = read_workloads([["Model", "Calls"], ["gpt-4o", "500/day"]])
    by_column = read_workloads([["Model", "Calls per day"], ["gpt-4o", "500"]], sprint_days=5)
    assert by_cell.workloads[0].calls == 5000
    assert by_cell.assumptions == ("gpt-4o: 500 a day × 10 working days = 5000 calls.",)
    assert by_column.workloads[0].calls == 2500


def test_accelerators_are_counted_from_the_cell_or_the_column() -> None:
    in_cell = read_workloads([["GPU type", "GPU hours"], ["2 x H100", "6"]]).workloads[0]
    in_column = read_workloads([["GPU", "GPUs", "GPU hours"], ["H100", "4", "90 min"]]).workloads[0]
    assert (in_cell.accelerator, in_cell.gpu_count, in_cell.gpu_hours) == (
        "H100", Decimal(2), Decimal(6),
    )  # fmt: skip
    assert (in_column.gpu_count, round(in_column.gpu_hours or 0, 9)) == (Decimal(4), Decimal("1.5"))
    assert in_cell.kind == "training"


def test_total_gpu_hours_are_divided_among_the_gpus() -> None:
    reading = read_workloads([["GPU type", "Total GPU hours"], ["4 x A100", "12"]])
    assert reading.workloads[0].gpu_hours == 3


def test_the_templates_examples_and_blank_rows_are_not_read() -> None:
    reading = read_workloads(
        [
            HEADINGS,
            ["_e.g. Chat answers_", "*e.g. gpt-4o-mini*", "…", "…", "<tokens>", "e.g. 50%"],
            [],
            ["", " ", "-", "tbd", "?", ""],
            ["Egress report", "gpt-4o", "1", "2000", "300", ""],
        ]
    )
    assert [each.name for each in reading.workloads] == ["Egress report"]


@pytest.mark.parametrize("rows", [[HEADINGS], [HEADINGS, ["…"] * 6], [], [[]], [["x"], ["y"]]])
def test_an_empty_table_is_one_problem_of_the_whole_table(rows: list[list[str]]) -> None:
    reading = read_workloads(rows)
    assert reading.workloads == ()
    assert [(each.workload, each.field) for each in reading.problems] == [("", "table")]


def test_what_cannot_be_read_is_named_with_its_place_and_an_example() -> None:
    reading = read_workloads([HEADINGS, ["Chat", "gpt-4o", "lots", "1.2k", "300", "50%"]])
    assert reading.workloads[0].calls is None
    assert reading.problems == (
        Missing(
            "Chat",
            "calls",
            "Row 2, column “Calls per Sprint”: “lots” is no number. "
            "Write for example 1200, 4k, 1.2M or 500/day.",
        ),
    )


@pytest.mark.parametrize(
    ("heading", "cell", "field"),
    [
        ("Input tokens", "500/day", "input_tokens"),
        ("Input tokens", "1.2", "input_tokens"),
        ("Output tokens", "short", "output_tokens"),
        ("Cached share", "1", "cached_share"),
        ("Service tier", "golden", "service_tier"),
        ("GPU hours", "a while", "gpu_hours"),
        ("Total GPU hours", "a while", "gpu_hours"),
        ("GPU count", "some", "gpu_count"),
        ("Calls per day", "many", "calls"),
    ],
)
def test_every_column_names_what_it_cannot_read(heading: str, cell: str, field: str) -> None:
    problems = read_workloads([["Model", heading], ["gpt-4o", cell]]).problems
    assert [each.field for each in problems] == [field]
    assert cell in problems[0].reason


def test_two_rows_of_one_name_stay_apart() -> None:
    rows = [["Workload", "Model"], ["Chat", "gpt-4o"], ["Chat", "gpt-4.1"]]
    assert [each.name for each in read_workloads(rows).workloads] == ["Chat", "Chat (row 3)"]


def test_a_column_that_is_not_read_is_said() -> None:
    reading = read_workloads([["Model", "Colour", "Notes"], ["gpt-4o", "blue", "nice"]])
    assert reading.assumptions == ("Columns that are not read: Colour.",)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2 x H100", ("H100", Decimal(2))),
        ("8xH100", ("H100", Decimal(8))),
        ("H100 ×4", ("H100", Decimal(4))),
        ("A100 80GB", ("A100 80GB", None)),
        ("RTX 4090", ("RTX 4090", None)),
    ],
)
def test_pieces_are_split_from_the_accelerator(
    written: str, expected: tuple[str, Decimal | None]
) -> None:
    assert split_pieces(written) == expected


def test_every_synonym_means_one_input() -> None:
    for field, headings in SYNONYMS.items():
        for heading in headings:
            assert field_of(f"**{heading.title()}**") == field


def test_a_unit_in_brackets_does_not_hide_a_heading() -> None:
    assert field_of("Input tokens (per call)") == "input_tokens"
    assert field_of("Calls / Sprint") == "calls"
    assert field_of("Calls (per day)") == "calls_per_day"


def test_a_placeholder_is_told_from_a_value() -> None:
    assert is_placeholder("<model>")
    assert is_placeholder("Example: gpt-4o")
    assert not is_placeholder("egress-model")
    assert not is_placeholder("0")


known = st.sampled_from([heading for group in SYNONYMS.values() for heading in group])
cells = st.one_of(
    known, st.text(max_size=12), st.sampled_from(["1.2k", "500/day", "2 x H100", "…"])
)


@given(st.lists(st.lists(cells, max_size=6), max_size=6))
def test_no_table_whatever_breaks_the_reading(rows: list[list[str]]) -> None:
    reading = read_workloads(rows)
    assert reading.workloads or reading.problems
    for workload in reading.workloads:
        assert workload.name
        assert workload.calls is None or workload.calls >= 0
        assert workload.cached_share is None or 0 <= workload.cached_share <= 1

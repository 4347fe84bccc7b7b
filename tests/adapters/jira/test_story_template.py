from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.workload_table import read_workloads
from integration.jira import adf
from integration.jira.story_template import (
    COLUMNS,
    EXAMPLE,
    append_section,
    find_section,
    read_rows,
    read_wiki_rows,
    section,
)
from integration.jira.wiki import from_wiki, to_wiki
from tests.adapters.jira.adf_schema import assert_valid_adf
from tests.golden_files import check_golden

UNTOUCHED = [list(COLUMNS), list(EXAMPLE), *[[""] * len(COLUMNS)] * 2]
FILLED = ["Chat", "gpt-4o", "4k", "1,200", "300", "50%", "eu-west-1", "", ""]


def heading(words: str, level: int = 2) -> adf.Node:
    return {"type": "heading", "attrs": {"level": level}, "content": adf.text(words)}


def cell(*blocks: adf.Node, **attrs: int) -> adf.Node:
    return {"type": "tableCell", "attrs": dict(attrs), "content": list(blocks)}


def table(*rows: list[adf.Node]) -> adf.Node:
    return {
        "type": "table",
        "content": [{"type": "tableRow", "content": row} for row in rows],
    }


def plain_table(*rows: list[str]) -> adf.Node:
    return table(*([cell(adf.paragraph(words)) for words in row] for row in rows))


def test_the_section_is_what_people_saw_last_time(update_golden: bool) -> None:
    rendered = json.dumps(section(), indent=2, ensure_ascii=False) + "\n"

    check_golden("jira/story_section.json", rendered, update_golden)


def test_the_section_fits_atlassians_schema() -> None:
    assert_valid_adf(section())


def test_the_untouched_section_is_read_back_as_an_empty_table() -> None:
    rows = read_rows(section())

    assert rows == UNTOUCHED
    assert read_workloads(UNTOUCHED).workloads == ()


def test_every_column_of_the_section_is_understood() -> None:
    reading = read_workloads([list(COLUMNS), FILLED])

    assert reading.problems == ()
    assert [(one.name, one.model, one.calls) for one in reading.workloads] == [
        ("Chat", "gpt-4o", Decimal(4000))
    ]


def test_the_section_goes_after_what_people_wrote_and_only_once() -> None:
    written = adf.document(heading("Why"), adf.paragraph("Because."))

    once = append_section(written)

    assert once is not None
    assert once["content"][:2] == written["content"]
    assert once["content"][2:] == section()["content"]
    assert append_section(once) is None
    assert find_section(written) is None


def test_a_story_without_a_description_gets_the_section_alone() -> None:
    assert append_section(None) == section()


def test_a_section_whose_table_was_deleted_is_not_added_again() -> None:
    assert append_section(adf.document(heading("AI cost and carbon"))) is None


def test_a_workload_table_without_our_heading_counts_as_the_section() -> None:
    written = adf.document(plain_table(["Model", "Calls per day"], ["gpt-4o", "200"]))

    assert append_section(written) is None
    assert read_rows(written) == [["Model", "Calls per day"], ["gpt-4o", "200"]]


@pytest.mark.parametrize(
    "headings", [["Input", "Output"], ["Name", "Type"], ["Region", "Model"], ["Step", "Volume"]]
)
def test_a_table_about_something_else_is_left_alone(headings: list[str]) -> None:
    written = adf.document(plain_table(headings, ["a", "b"]))

    assert read_rows(written) is None
    assert append_section(written) is not None


def test_the_table_under_our_heading_wins_over_others() -> None:
    old = plain_table(["Model", "Calls"], ["old", "1"])
    new = plain_table(["Calls", "Model"], ["2", "new"])
    after = plain_table(["Model", "Calls"], ["after", "3"])
    document = adf.document(
        old, heading("AI Cost & Carbon"), heading("Inputs", 3), new, heading("Next"), after
    )

    assert read_rows(document) == [["Calls", "Model"], ["2", "new"]]


def test_a_table_is_found_however_deep_it_lies() -> None:
    inner = plain_table(["Model", "Calls"], ["gpt-4o", "4k"])
    panel = {"type": "panel", "attrs": {"panelType": "info"}, "content": [adf.paragraph("See")]}
    expand = {"type": "expand", "attrs": {"title": "AI"}, "content": [panel, inner]}

    assert read_rows(adf.document(expand)) == [["Model", "Calls"], ["gpt-4o", "4k"]]


def test_a_cell_is_read_as_people_see_it() -> None:
    inline: list[adf.Node] = [
        *adf.text("ask "),
        {"type": "mention", "attrs": {"id": "712020:ada", "text": "@Ada"}},
        {"type": "hardBreak"},
        {"type": "emoji", "attrs": {"shortName": ":robot:", "text": "🤖"}},
        {"type": "text", "text": " 4k", "marks": [{"type": "strong"}]},
        {"type": "status", "attrs": {"text": "TBD", "color": "red"}},
        {"type": "date", "attrs": {"timestamp": "1793664000000"}},
        {"type": "inlineCard", "attrs": {"url": "https://example.com/m"}},
    ]
    bullets: adf.Node = {
        "type": "bulletList",
        "content": [
            {"type": "listItem", "content": [adf.paragraph("one")]},
            {"type": "listItem", "content": [adf.paragraph("two")]},
        ],
    }

    rows = adf.table_rows(table([cell({"type": "paragraph", "content": inline}), cell(bullets)]))

    assert rows == [["ask @Ada 🤖 4kTBD2026-11-03https://example.com/m", "one two"]]


def test_merged_cells_keep_the_columns_in_place() -> None:
    rows = adf.table_rows(
        table(
            [cell(adf.paragraph("a"), rowspan=2), cell(adf.paragraph("b"), colspan=2)],
            [cell(adf.paragraph("c")), cell(adf.paragraph("d"))],
            [cell(adf.paragraph("e")), cell(), cell(adf.paragraph("f"))],
        )
    )

    assert rows == [["a", "b", ""], ["a", "c", "d"], ["e", "", "f"]]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "codeBlock", "content": adf.text("| Model | Calls |\n|---|---|\n| m | 4k |")},
        {
            "type": "paragraph",
            "content": [
                *adf.text("Model | Calls"),
                {"type": "hardBreak"},
                *adf.text("m | 4k"),
            ],
        },
        {"type": "blockquote", "content": [adf.paragraph("||Model||Calls||\n|m|4k|")]},
    ],
)
def test_a_table_pasted_as_text_is_read_too(block: dict[str, Any]) -> None:
    document = adf.document(adf.paragraph("We need:"), block, adf.paragraph("Thanks"))

    assert read_rows(document) == [["Model", "Calls"], ["m", "4k"]]


def test_a_table_pasted_line_by_line_is_read_too() -> None:
    lines = ["| Model | Calls |", "| --- | ---: |", "| m | 4k |"]

    rows = read_rows(adf.document(*map(adf.paragraph, lines)))

    assert rows == [["Model", "Calls"], ["m", "4k"]]


def test_wiki_markup_is_read_with_its_headings_links_and_macros() -> None:
    markup = (
        "h1. Why\n||Model||Calls||\n|wrong|1|\n"
        "h2. AI Cost & Carbon\n\n||*Model*||Calls per Sprint||\n"
        "|[gpt-4o|https://example.com/m]|{color:red}4k{color}|\n| | |\nh2. Next\n"
    )

    assert read_wiki_rows(markup) == [
        ["*Model*", "Calls per Sprint"],
        ["gpt-4o", "4k"],
        ["", ""],
    ]


def test_the_section_survives_as_wiki_markup() -> None:
    rows = read_wiki_rows(to_wiki(section()))

    assert rows == UNTOUCHED


@given(st.text(alphabet="h12. |*\n#ab&\\", max_size=60))
def test_wiki_markup_that_people_wrote_is_never_changed(markup: str) -> None:
    assert to_wiki(from_wiki(markup)) == markup


nodes = st.recursive(
    st.sampled_from(["text", "hardBreak", "mention", "date", "rule", "mediaSingle", "odd"]).map(
        lambda kind: {"type": kind, "text": "x"}
    ),
    lambda children: st.builds(
        lambda kind, content: {"type": kind, "content": content},
        st.sampled_from(
            ["paragraph", "heading", "table", "tableRow", "tableCell", "codeBlock", "panel", "doc"]
        ),
        st.lists(children, max_size=4),
    ),
    max_leaves=20,
)


@given(nodes)
def test_no_document_however_odd_breaks_reading(node: adf.Node) -> None:
    read_rows(node)
    find_section(node)

"""What holds of every description: it is read, in any form, and every form says the same."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integration.estimation.headings import SYNONYMS
from integration.estimation.stated_inputs import StatedInputs, read_story
from integration.estimation.workload_table import read_workloads
from integration.jira import adf
from integration.jira.adf import well_formed
from integration.jira.issue_json import description_of
from integration.jira.story_template import append_section, digest_of, find_section, read_rows
from integration.jira.wiki import from_wiki, to_wiki

COLUMNS = ("name", "model", "calls", "input_tokens", "output_tokens", "cached_share", "region")
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "llama-3.3-70b")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3)
    ),
    max_leaves=6,
)
KINDS = (
    "doc", "paragraph", "heading", "table", "tableRow", "tableCell", "tableHeader", "text", "date",
    "hardBreak", "mention", "emoji", "status", "inlineCard", "codeBlock", "expand", "bulletList",
    "listItem", "taskItem", "odd",
)  # fmt: skip
broken_nodes = st.recursive(
    json_values,
    lambda children: st.fixed_dictionaries(
        {"type": st.sampled_from(KINDS) | json_values},
        optional={
            "content": st.lists(children, max_size=4) | json_values,
            "attrs": st.dictionaries(
                st.sampled_from(["colspan", "rowspan", "level", "timestamp", "text", "url"]),
                json_values,
            )
            | json_values,
            "text": json_values,
            "marks": json_values,
        },
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=50)
@given(broken_nodes)
def test_no_description_however_broken_stops_the_reading(node: Any) -> None:
    document = description_of({"type": "doc", "version": 1, "content": [node]})
    rows = read_rows(document)
    assert rows is None or all(isinstance(cell, str) for row in rows for cell in row)
    find_section(document)
    digest_of(document)
    append_section(document)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.lists(st.text(max_size=12), max_size=5), max_size=5),
    st.dictionaries(st.sampled_from([*COLUMNS[1:], "accelerator", "gpu_hours"]), st.text()),
)
def test_no_cells_and_no_fields_however_odd_stop_the_reading(
    rows: list[list[str]], fields: dict[str, str]
) -> None:
    stated = StatedInputs(rows, fields)
    read_story(stated, {"A-1": stated})


def written(count: int, form: str) -> str:
    """Write a count as people do."""
    match form:
        case "comma":
            return f"{count:,}"
        case "space":
            return f"{count:,}".replace(",", " ")
        case "suffix" if count % 100 == 0 and count >= 1000:
            return f"{Decimal(count) / 1000:f}k"
        case "about":
            return f"~{count}"
        case "unit":
            return f"{count} tokens"
    return str(count)


counts = st.integers(10, 9_999_999)
forms = st.sampled_from(["plain", "comma", "space", "suffix", "about", "unit"])
workloads: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "model": st.sampled_from(MODELS),
        "calls": counts,
        "input_tokens": counts,
        "output_tokens": counts,
        "cached_share": st.integers(0, 99),
        "region": st.sampled_from(["eu-west-1", "us-east-1", ""]),
    }
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """Draw workloads and a table of them: any headings, order and way to write a number."""
    stated = draw(st.lists(workloads, min_size=1, max_size=3))
    columns = draw(st.permutations(COLUMNS))
    headings = [draw(st.sampled_from(SYNONYMS[column])).capitalize() for column in columns]
    rows = [headings]
    for number, one in enumerate(stated):
        form = draw(forms)
        cells = {
            "name": f"Use {number}",
            "model": one["model"],
            "calls": written(one["calls"], "plain" if form == "unit" else form),
            "input_tokens": written(one["input_tokens"], form),
            "output_tokens": written(one["output_tokens"], form),
            "cached_share": draw(st.sampled_from([f"{one['cached_share']}%",
                                                  f"{one['cached_share']} %"])),
            "region": one["region"],
        }  # fmt: skip
        rows.append([cells[column] for column in columns])
        if draw(st.booleans()):
            rows.append([""] * len(columns))
    if draw(st.booleans()) and len(stated) > 1:
        rows = [list(column) for column in zip(*rows, strict=True)]
    return stated, rows


def as_adf(rows: list[list[str]]) -> adf.Node:
    def cell(words: str, kind: str) -> adf.Node:
        return {"type": kind, "attrs": {}, "content": [adf.paragraph(words)]}

    table = {
        "type": "table",
        "content": [
            {
                "type": "tableRow",
                "content": [
                    cell(words, "tableHeader" if place == 0 else "tableCell") for words in row
                ],
            }
            for place, row in enumerate(rows)
        ],
    }
    heading = {"type": "heading", "attrs": {"level": 2}, "content": adf.text("AI Cost & Carbon")}
    return adf.document(adf.paragraph("As a reader …"), heading, table, adf.paragraph("Thanks"))


@settings(deadline=None, max_examples=50)
@given(tables())
def test_a_table_written_in_any_reasonable_form_says_what_was_meant(
    drawn: tuple[list[dict[str, Any]], list[list[str]]],
) -> None:
    stated, rows = drawn
    document = as_adf(rows)
    assert well_formed(document) == document
    found = read_rows(document)
    assert found == rows
    reading = read_workloads(found)
    assert reading.problems == ()
    assert [
        (each.model, each.calls, each.input_tokens, each.output_tokens, each.cached_share,
         each.region)
        for each in reading.workloads
    ] == [
        (one["model"], one["calls"], one["input_tokens"], one["output_tokens"],
         Decimal(one["cached_share"]) / 100, one["region"])
        for one in stated
    ]  # fmt: skip


plain_cells = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=10)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(plain_cells, min_size=2, max_size=4), min_size=1, max_size=3))
def test_wiki_markup_and_adf_give_the_same_inputs(body: list[list[str]]) -> None:
    # A row of dashes under the headings is a rule in wiki markup and in Markdown.
    assume(any(set(cell) - set("-:+") for cell in body[0]))
    headings = ["Model", "Calls per Sprint", "Input tokens", "Output tokens"]
    rows = [headings, *([*row, "", ""][:4] for row in body)]
    document = as_adf(rows)
    from_adf = read_rows(document)
    through_wiki = read_rows(from_wiki(to_wiki(document)))
    assert from_adf is not None
    assert through_wiki is not None
    assert read_workloads(through_wiki) == read_workloads(from_adf)

"""Wiki markup and ADF: each form can be read back from the other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integration.sandbox.jira.adf import is_adf
from integration.sandbox.jira.adf_to_wiki import adf_to_wiki
from integration.sandbox.jira.wiki_to_adf import wiki_to_adf

WORDS = st.text("ab1 *_-+{}[]|\\#.!&;h~^?(", min_size=1, max_size=12).filter(
    lambda text: text == text.strip()
)
MARKS = st.sampled_from([(), ("strong",), ("em",), ("code",), ("strong", "em"), ("strike",)])


@st.composite
def texts(draw: st.DrawFn) -> dict[str, Any]:
    node: dict[str, Any] = {"type": "text", "text": draw(WORDS)}
    if marks := draw(MARKS):
        node["marks"] = [{"type": mark} for mark in marks]
    elif draw(st.booleans()):
        link = {"type": "link", "attrs": {"href": "https://example.com/a?b=c"}}
        node["marks"] = [link]
    return node


def inline(node: dict[str, Any], most: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    def joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
        content: list[dict[str, Any]] = []
        for part in parts:
            if content and content[-1].get("marks") == part.get("marks"):
                continue
            content.append(part)
        return node | {"content": content}

    return st.lists(texts(), min_size=1, max_size=most).map(joined)


PARAGRAPHS = inline({"type": "paragraph"})
HEADINGS = st.integers(1, 6).flatmap(
    lambda level: inline({"type": "heading", "attrs": {"level": level}})
)
ITEMS = st.lists(
    PARAGRAPHS.map(lambda text: {"type": "listItem", "content": [text]}), min_size=1, max_size=3
)
LISTS = st.tuples(st.sampled_from(["bulletList", "orderedList"]), ITEMS).map(
    lambda drawn: {"type": drawn[0], "content": drawn[1]}
)


def table(rows: list[list[dict[str, Any]]]) -> dict[str, Any]:
    def cell(kind: str, text: dict[str, Any]) -> dict[str, Any]:
        return {"type": kind, "attrs": {}, "content": [text]}

    made = [
        {
            "type": "tableRow",
            "content": [cell("tableCell" if number else "tableHeader", text) for text in row],
        }
        for number, row in enumerate(rows)
    ]
    attrs = {"isNumberColumnEnabled": False, "layout": "default"}
    return {"type": "table", "attrs": attrs, "content": made}


TABLES = st.lists(st.lists(PARAGRAPHS, min_size=2, max_size=2), min_size=1, max_size=3).map(table)
CODE = (
    st.text("ab {}[]*|\n", min_size=1, max_size=20)
    .filter(lambda text: text.strip("\n") == text and "{code" not in text)
    .map(lambda text: {"type": "codeBlock", "content": [{"type": "text", "text": text}]})
)


def apart(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Leave out a list or table right after another: wiki markup has no end of a list."""
    content: list[dict[str, Any]] = []
    for block in blocks:
        if not (content and content[-1]["type"] == block["type"] != "paragraph"):
            content.append(block)
    return {"type": "doc", "version": 1, "content": content}


DOCUMENTS = st.lists(
    st.one_of(PARAGRAPHS, HEADINGS, LISTS, TABLES, CODE, st.just({"type": "rule"})),
    min_size=1,
    max_size=4,
).map(apart)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_a_document_survives_the_way_through_wiki_markup(document: dict[str, Any]) -> None:
    assert is_adf(document)
    assert wiki_to_adf(adf_to_wiki(document) or "") == document


@settings(max_examples=150, deadline=None)
@given(st.text("ab1 \n*_-+{}[]|\\#.h1!&;:~codequt", max_size=60))
def test_any_text_is_read_as_a_valid_document(text: str) -> None:
    document = wiki_to_adf(text)
    assert document is None if not text.strip() else is_adf(document)


@pytest.mark.parametrize(
    "plain",
    [
        "gpt-4o-mini at 3.5 USD",
        "claude_3_5",
        "a + b - c",
        "4k-8k calls/day",
        "50% of 1,200",
        "1. x",
    ],
)
def test_names_and_numbers_stay_legible_in_wiki_markup(plain: str) -> None:
    content = [{"type": "paragraph", "content": [{"type": "text", "text": plain}]}]
    assert adf_to_wiki({"type": "doc", "version": 1, "content": content}) == plain


def test_nested_lists_and_mentions_are_read() -> None:
    document = wiki_to_adf("* one\n** two\n*# three\n* four [~accountid:712020:ada]")
    assert document is not None
    (bullets,) = document["content"]
    first, second = bullets["content"]
    assert [block["type"] for block in first["content"]] == [
        "paragraph", "bulletList", "orderedList",
    ]  # fmt: skip
    assert second["content"][0]["content"][1]["attrs"]["id"] == "712020:ada"

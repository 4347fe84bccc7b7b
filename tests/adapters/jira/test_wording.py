from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from integration.estimation.workload import Range
from integration.foundation import wording
from integration.jira import fields, pipe_tables, times


@pytest.mark.parametrize("module", [wording, fields, pipe_tables, times])
def test_the_examples_in_the_docstrings_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]  # Modules all.


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("none | usd", "not estimated"),
        ("none | usd('no usage')", "no usage"),
        ("9999999 | usd", "<$0.01"),
        ("10000000 | usd", "$0.010"),
        ("99500000 | usd", "$0.10"),
        ("(-5) | usd", "-<$0.01"),
        ("1234567890123456789 | usd", "$1,234,567,890.12"),
        ("1005000000 | usd", "$1.01"),
        ("999999 | tokens", "999,999"),
        ("1500000000000 | tokens", "1,500 B"),
        ("995000000000 | co2e", "1.0 t"),
        ("994000000000 | co2e", "990 kg"),
        ("999 | co2e", "<1 mg"),
        ("0 | energy", "0 Wh"),
        ("(-1500000000) | co2e", "-1.5 kg"),
        ("9.95 | pct", "10.0 %"),
        ("1234.5 | pct", "1,235 %"),
        ("none | pct", "unknown"),
    ],
)
def test_numbers_are_worded(expression: str, words: str) -> None:
    template = wording.environment("jira").from_string("{{ " + expression + " }}")

    assert template.render() == words


def test_a_range_is_worded_with_its_middle_first() -> None:
    template = wording.environment().from_string("{{ a | usd_range }}, {{ none | co2e_range }}")

    words = template.render(a=Range(10**9, 2 * 10**9, 4 * 10**9))

    assert words == "$2.00 ($1.00 to $4.00), not estimated"


def test_an_undefined_name_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        wording.environment().from_string("{{ nobody_said }}").render()


def test_html_is_escaped_and_text_is_not() -> None:
    made = wording.environment()
    escapes = made.autoescape

    assert callable(escapes)
    assert escapes("page.html")
    assert escapes("page.html.j2")
    assert not escapes("comment.json.j2")


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_wording_never_turns_an_order_around(one: int, other: int) -> None:
    low, high = sorted((one, other))

    assert _value(wording.co2e(low)) <= _value(wording.co2e(high))


def _value(words: str) -> float:
    units = {"mg": 1e-3, "g": 1.0, "kg": 1e3, "t": 1e6}
    number, unit = words.replace(",", "").replace("<1", "0.5").split()
    return float(number) * units[unit]

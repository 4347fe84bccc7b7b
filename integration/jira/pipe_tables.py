"""Tables that people paste as text: Markdown's `| a | b |` and Jira wiki markup's `||a||b||`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RULE = re.compile(r"^\|?[\s:|+-]*-[\s:|+-]*\|?$")
ESCAPED = re.compile(r"\\([\\|\[\]{}])")
HELD = {sign: chr(place) for place, sign in enumerate("\\|[]{}", start=1)}
"""Signs that mean themselves, as control characters while a line is taken apart."""
BACK = str.maketrans({held: sign for sign, held in HELD.items()})
ENCLOSING = re.compile(r"\[[^\[\]\n]*\]|\{[^{}\n]*\}")
"""Wiki links and macros: a pipe inside of them parts no cells."""
WIKI_LINK = re.compile(rf"\[([^\]{HELD['|']}]*){HELD['|']}[^\]]*\]")
WIKI_MACRO = re.compile(r"\{(?:color|noformat|panel|quote|code)[^{}]*\}|\{\{|\}\}")


def pipe_tables(lines: Iterable[str]) -> Iterator[list[list[str]]]:
    """Yield each run of table lines as rows of cells; a rule under the headings is left out.

    >>> list(pipe_tables(["Inputs", "| Model | Calls |", "|---|--:|", "| m | 4k |", "Thanks"]))
    [[['Model', 'Calls'], ['m', '4k']]]
    >>> list(pipe_tables(["||Model||Calls||", "|[m|https://example.com]|{color:red}4k{color}|"]))
    [[['Model', 'Calls'], ['m', '4k']]]
    >>> list(pipe_tables(["Model | Calls", "--- | ---", "m |"]))
    [[['Model', 'Calls'], ['m', '']]]
    """
    rows: list[list[str]] = []
    for line in lines:
        plain = line.strip()
        if "|" not in plain:
            if rows:
                yield rows
            rows = []
        elif len(rows) > 1 or not RULE.match(plain):
            rows.append(_cells(plain))
    if rows:
        yield rows


def _cells(line: str) -> list[str]:
    held = ESCAPED.sub(lambda match: HELD[match[1]], line)
    held = ENCLOSING.sub(lambda match: match[0].replace("|", HELD["|"]), held)
    parted = held.replace("||", "|") if held.startswith("||") else held
    parts = parted.removeprefix("|").split("|")
    if len(parts) > 1 and not parts[-1].strip() and parted.endswith("|") and parted[0] == "|":
        parts.pop()
    return [_plain(part) for part in parts]


def _plain(cell: str) -> str:
    named = WIKI_LINK.sub(lambda match: match[1], cell)
    return " ".join(WIKI_MACRO.sub("", named).translate(BACK).split())


def escaped(words: str) -> str:
    r"""Write words so that they stay one cell that says just them.

    >>> escaped("a|b [c]"), list(pipe_tables([f"|{escaped('a|b [c]')}|"]))
    ('a\\|b \\[c\\]', [[['a|b [c]']]])
    """
    return re.sub(r"([\\|\[\]{}])", r"\\\1", words)

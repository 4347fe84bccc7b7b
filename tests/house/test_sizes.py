"""Small files, small functions, and a room's docstring that says what it owns."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

from tests.house.house import CLIENT, HOUSE, ROOT, SOURCES

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_FILE = 300
LONGEST_FUNCTION = 50
BANNED_NAMES = {"utils", "helpers", "common", "manager", "service_layer", "handler", "misc"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*SOURCES, *CLIENT], ids=name_of)
def test_a_file_fits_in_the_head(path: Path) -> None:
    assert path.read_text().count("\n") <= LONGEST_FILE
    assert path.stem not in BANNED_NAMES


@pytest.mark.parametrize("path", [*SOURCES, *CLIENT], ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1})"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


@pytest.mark.parametrize(
    "room", sorted(p.parent for p in HOUSE.glob("*/__init__.py")), ids=lambda room: room.name
)
def test_a_room_says_what_it_owns_and_what_not(room: Path) -> None:
    docstring = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    assert re.search(r"\bOwns\b", docstring)
    assert re.search(r"\b(Does not own|owns neither|nor|Knows no|not own)\b", docstring)
    assert 5 <= len(docstring.splitlines()) <= 20

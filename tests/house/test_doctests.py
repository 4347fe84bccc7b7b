"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from tests.house.house import ROOT, SOURCES

if TYPE_CHECKING:
    from pathlib import Path

WITH_EXAMPLES = [path for path in SOURCES if ">>> " in path.read_text()]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def test_examples_are_found() -> None:
    assert "integration.foundation.money" in {module_of(path) for path in WITH_EXAMPLES}


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=module_of)
def test_what_a_docstring_shows_is_so(path: Path) -> None:
    failed, tried = doctest.testmod(import_module(module_of(path)), optionflags=doctest.ELLIPSIS)
    assert tried > 0
    assert failed == 0

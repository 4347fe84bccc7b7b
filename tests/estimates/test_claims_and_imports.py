"""What the service must not load, and what no text of ours may claim."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXTS = sorted(
    path
    for folder in ("templates", "docs")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".j2", ".html", ".md", ".txt", ".json"}
)
EQUIVALENCE = re.compile(
    r"\b(?:miles?|kilomet(?:re|er)s? driven|driving|car trips?|flights?|smartphones?|"
    r"phone charges?|light ?bulbs?|kettles?|cups of (?:tea|coffee)|trees? planted|"
    r"google search(?:es)?|bottles? of water|netflix|hours? of (?:tv|video))\b",
    re.IGNORECASE,
)
"""Comparisons with everyday things: each known one has been wrong by orders of magnitude."""
OFFSET = re.compile(
    r"\b(?:carbon[- ]neutral|net[- ]zero|climate[- ]positive|offset by)\b", re.IGNORECASE
)


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_compares_emissions_with_everyday_things(path: Path) -> None:
    words = path.read_text(encoding="utf-8")
    assert EQUIVALENCE.findall(words) == []
    assert OFFSET.findall(words) == []


@pytest.mark.parametrize("claim", [
    "That is like driving 30 miles.", "As much as ten Google searches.",
    "Enough for 12 smartphones", "a cup's worth: 2 bottles of water",
])  # fmt: skip
def test_the_rule_finds_such_claims(claim: str) -> None:
    assert EQUIVALENCE.search(claim)


LOADED_LATER = {
    "alembic", "apscheduler", "codecarbon", "ecologits", "genai_prices", "jira", "numpy", "pandas",
    "pyarrow", "slack_bolt", "vl_convert",
}  # fmt: skip
"""What a web process answers without, or never loads at all."""


def test_a_web_process_answers_before_anything_costly_is_loaded() -> None:
    script = (
        "import sys\n"
        "from integration.app import create_app\n"
        "from integration.settings import Settings\n"
        "app = create_app(Settings(database_url='postgresql+psycopg://localhost/none'))\n"
        "print(app.test_client().get('/healthz').status_code)\n"
        f"print(sorted({LOADED_LATER!r} & {{name.split('.')[0] for name in sys.modules}}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split("\n") == ["200", "[]", ""]


@pytest.mark.parametrize("module", ["integration.app", "integration.worker"])
def test_the_service_loads_neither_ecologits_nor_pandas(module: str) -> None:
    script = (
        f"import sys, {module}\n"
        "from integration.assembly import default_books\n"
        "default_books().prices.warm_up()\n"
        "print(sorted({'ecologits', 'pandas', 'codecarbon', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"

"""The page an auditor reads says what the code does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from integration.carbon.carbon_book import default_carbon_book

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "methodology.md").read_text(encoding="utf-8")


def test_the_table_of_published_figures_is_the_one_the_script_prints() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/compare_published.py"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    table, last_line = done.stdout.strip().split("\n\n")
    summary = json.loads(last_line)

    assert table in PAGE
    assert (
        f"{summary['within_range']} of {summary['comparable']} comparable figures lie within"
    ) in PAGE


def test_the_page_names_the_method_version_in_force() -> None:
    method = default_carbon_book().factor_version.split()[0]

    assert f"Method version `{method}`" in PAGE
    assert f"| `{method}` |" in PAGE

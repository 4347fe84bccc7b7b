"""Compares a text with the file that holds what it should be, or rewrites that file on request."""

from __future__ import annotations

from pathlib import Path

GOLDEN = Path(__file__).parent / "golden"


def check_golden(path: str | Path, text: str, update: bool) -> None:
    """Compare `text` with `tests/golden/<path>`; `update` (pytest --update-golden) writes it.

    A missing file fails, so that a new golden file is always looked at before it counts.
    """
    golden = GOLDEN / path
    if update:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text, encoding="utf-8")
        return
    assert golden.exists(), f"{golden} is missing: run pytest --update-golden and read it"
    assert text == golden.read_text(encoding="utf-8"), f"differs from {golden}"

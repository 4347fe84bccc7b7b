"""`make audit` without a network: what is locked, held against advisories of every shape."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from scripts.audit_locked import is_affected, locked
from tests.house.house import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ADVISORY = """
id: PYSEC-0000-1
modified: "2026-11-01T00:00:00Z"
affected:
- package: {name: Sample.Package, ecosystem: PyPI}
  ranges:
  - type: ECOSYSTEM
    events:
    - introduced: "1.2"
    - fixed: 1.4.1
"""


def span(*events: dict[str, str]) -> dict[str, Any]:
    return {"ranges": [{"type": "ECOSYSTEM", "events": list(events)}]}


TWICE = span({"introduced": "0"}, {"fixed": "1.1"}, {"introduced": "2.0"}, {"last_affected": "2.3"})


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("1.0", True),
        ("1.1", False),
        ("1.10", False),
        ("2.0", True),
        ("2.3", True),
        ("2.3.1", False),
    ],
)
def test_spans_open_and_end_as_their_events_say(version: str, *, expected: bool) -> None:
    assert is_affected(version, TWICE) is expected


def test_every_pinned_line_of_our_lock_is_read() -> None:
    lock = ROOT / "requirements.txt"
    pinned = [line for line in lock.read_text().splitlines() if "==" in line.split(" ")[0]]
    assert len(locked(lock)) == len(pinned) > 50


def test_an_affected_version_fails_the_audit_and_a_mended_one_does_not(tmp_path: Path) -> None:
    advisories = tmp_path / "vulns"
    advisories.mkdir()
    (advisories / "one.yaml").write_text(ADVISORY)
    lock = tmp_path / "requirements.txt"
    found = {}
    for version in ("1.4", "1.4.1"):
        lock.write_text(f"sample-package=={version} \\\n    --hash=sha256:0\n")
        done = subprocess.run(
            [sys.executable, "scripts/audit_locked.py", str(lock), str(advisories)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
        found[version] = (done.returncode, json.loads(done.stdout.splitlines()[-1])["faults"])
        assert "2026-11-01" in done.stdout
    assert found == {"1.4": (1, 1), "1.4.1": (0, 0)}


def test_a_folder_without_advisories_is_no_clean_audit(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "scripts/audit_locked.py", "requirements.txt", str(tmp_path)],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1

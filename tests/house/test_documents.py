"""What operators must know is written down, and the project speaks of itself alone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from integration.jobs.timetable import TIMETABLE
from integration.settings import Settings
from integration.slack.scopes import BOT_SCOPES
from tests.house.house import ROOT

TEXT = {".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".html", ".j2", ".css", ".csv", ".json"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(name: str) -> None:
    variable = "DATABASE_URL" if name == "database_url" else f"STORYMETER_{name.upper()}"
    assert f"`{variable}`" in (ROOT / "docs" / "settings.md").read_text()


@pytest.mark.parametrize("job", [job.name for job in TIMETABLE])
def test_every_job_is_documented(job: str) -> None:
    assert f"`{job}`" in (ROOT / "docs" / "operations.md").read_text()


def test_no_machine_path_and_no_index_address_is_committed() -> None:
    forbidden = re.compile(r"/(?:work|root|home)/\w|--(?:extra-)?index-url|--find-links")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked()
        if path.suffix in TEXT and path != Path(__file__)
        for match in forbidden.finditer(path.read_text(errors="replace"))
    ]
    assert found == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in tracked()
        if path.suffix == ".md"
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", path.read_text())
        if not (path.parent / target).exists()
    ]
    assert broken == []


def test_the_manifest_of_the_slack_app_asks_for_the_scopes_that_are_used() -> None:
    page = (ROOT / "docs" / "slack.md").read_text()
    manifest = page.partition("    bot:\n")[2].partition("settings:")[0]
    assert tuple(re.findall(r"- (\S+)", manifest)) == BOT_SCOPES
    explained = page.partition("| scope | why |")[2].partition("\n\n")[0]
    assert {scope for scope in BOT_SCOPES if f"`{scope}`" not in explained} == set()


def test_decisions_have_numbers_of_their_own() -> None:
    numbers = [each.name[:4] for each in (ROOT / "docs" / "decisions").glob("*.md")]
    assert sorted(set(numbers)) == sorted(numbers)

"""The examples of docs/connect do what their pages say."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from integration.metering.attribution import attribute
from integration.sources import cloudevents, usage_events

if TYPE_CHECKING:
    from integration.sources.batch import Batch

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGES = Path(__file__).resolve().parents[2] / "docs" / "connect"
JSON_BODY = re.compile(r"<<'JSON'\n(.*?)\nJSON\n", re.DOTALL)
LINK = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")
BINARY = {"ce-specversion": "1.0", "ce-type": "ai.usage", "ce-source": "/ci/agents", "ce-id": "1"}


def bodies(page: str) -> list[bytes]:
    return [found.encode() for found in JSON_BODY.findall((PAGES / page).read_text())]


def stories(batch: Batch) -> list[str]:
    assert batch.rejected == []
    return [attribute(event, (), {"PROJ"}).story_key for _, event in batch.events]


@pytest.mark.parametrize("page", ["usage-events.md", "gpu-jobs.md"])
def test_every_example_of_our_json_is_accepted_and_finds_its_story(page: str) -> None:
    for body in bodies(page):
        assert stories(usage_events.read(body, now=NOW)) == ["PROJ-9"]
    assert bodies(page)


def test_both_examples_of_cloudevents_are_accepted() -> None:
    structured, binary = bodies("cloudevents.md")
    assert stories(cloudevents.read(structured, now=NOW)) == ["PROJ-9"]
    found = cloudevents.read(
        binary, now=NOW, content_type="application/json", headers={**BINARY, "ce-subject": "PROJ-9"}
    )
    assert stories(found) == ["PROJ-9"]


def test_every_field_of_our_json_is_on_its_page() -> None:
    page = (PAGES / "usage-events.md").read_text()
    named = set(re.findall(r"`(\w+)`", page))
    assert set(usage_events.SentEvent.__struct_fields__) - named == {"source"}


def test_the_python_examples_compile() -> None:
    for page in PAGES.glob("*.md"):
        for example in re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL):
            compile(example, page.name, "exec")


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES.glob("*.md"):
        for target in LINK.findall(page.read_text()):
            assert (PAGES / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(("branch", "before", "printed"), [
    ("feat/PROJ-9-login", "", "jira.issue=PROJ-9,vcs.ref.head.name=feat/PROJ-9-login"),
    ("proj-9", "team=core", "team=core,jira.issue=PROJ-9,vcs.ref.head.name=proj-9"),
    ("main", "", "vcs.ref.head.name=main"),
    ("fix=a,b", "", "vcs.ref.head.name=fix%3Da%2Cb"),
])  # fmt: skip
@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_branch_becomes_resource_attributes(
    tmp_path: Path, branch: str, before: str, printed: str
) -> None:
    subprocess.run(["git", "init", "-q", "-b", branch, str(tmp_path)], check=True)
    found = subprocess.run(
        ["sh", str(PAGES / "story-from-branch.sh")], check=True, capture_output=True, text=True,
        cwd=tmp_path, env={"OTEL_RESOURCE_ATTRIBUTES": before, "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert found.stdout.strip() == printed


def test_outside_a_work_tree_nothing_is_added(tmp_path: Path) -> None:
    found = subprocess.run(
        ["sh", str(PAGES / "story-from-branch.sh")], check=True, capture_output=True, text=True,
        cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "GIT_CEILING_DIRECTORIES": str(tmp_path)},
    )  # fmt: skip
    assert found.stdout.strip() == ""

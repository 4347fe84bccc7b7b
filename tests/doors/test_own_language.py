"""Pages, report files and Jira's comment in a workspace's locale, and in words of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from integration.app import app_with
from integration.cli.report_files import report_file
from integration.foundation.wording import Wordings, templates_folder
from integration.jira import adf
from integration.jira.comment import comment
from integration.journeys.change_settings import change_workspace
from integration.workspaces.changes import WorkspaceChange
from tests.adapters.jira.test_fields_and_comment import CASES
from tests.doors.plain_text import plain_text
from tests.doors.worlds import over_cap

if TYPE_CHECKING:
    from pathlib import Path

    from integration.web.service import Service
    from tests.doors.worlds import World

CHARTS = (templates_folder() / "words" / "charts.json.j2").read_text(encoding="utf-8")
FAULTY = {
    "an unknown name": "{{ nothing }}",
    "escaping undone": "{{ workspace.name | safe }}",
    "a way out of the sandbox": "{{ workspace.__class__.__mro__ }}",
}


@pytest.fixture
def german(service: Service, world: World, tmp_path: Path) -> Service:
    """The workspace writes as German does; its words may be in `tmp_path`."""
    over_cap(world)
    change_workspace(
        service.transactions, "acme", WorkspaceChange(locale="de_DE"), actor="test",
        now=service.clock.now(),
    )  # fmt: skip
    return replace(service, wordings=Wordings(tmp_path))


def own(folder: Path, name: str, words: str) -> None:
    path = folder / "acme" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(words)


def page(service: Service, path: str) -> str:
    answer = app_with(service).test_client().get(path)
    assert answer.status_code == 200
    return answer.text.replace("\xa0", " ")


def test_a_page_writes_figures_and_dates_as_the_workspace_does(german: Service) -> None:
    words = plain_text(page(german, "/acme/sprints/14"))
    assert "60,00 $" in words
    assert "9. Nov. 2026 to 20. Nov. 2026" in words
    assert "$60.00" not in words


def test_a_page_says_it_in_the_workspaces_own_words(german: Service, tmp_path: Path) -> None:
    own(tmp_path, "web/caps.html", "<p>Obergrenzen von {{ workspace.name }}</p>")
    renamed = WorkspaceChange(name="<b>Acme</b>")
    change_workspace(
        german.transactions, "acme", renamed, actor="test", now=german.clock.now()
    )  # fmt: skip
    assert page(german, "/acme/caps") == "<p>Obergrenzen von &lt;b&gt;Acme&lt;/b&gt;</p>"


@pytest.mark.parametrize("words", FAULTY.values(), ids=FAULTY.keys())
def test_where_own_words_fail_the_page_is_ours(words: str, german: Service, tmp_path: Path) -> None:
    own(tmp_path, "web/caps.html", words)
    assert "What may be spent" in page(german, "/acme/caps")


def test_report_files_follow_the_locale_and_own_words_but_csv_is_for_programs(
    german: Service, tmp_path: Path
) -> None:
    told = report_file(german, "acme", 14, "md").decode().replace("\xa0", " ")
    assert "60,00 $" in told
    before = report_file(german, "acme", 14, "csv")
    own(tmp_path, "reports/sprint.md.j2", "# Rückblick auf {{ report.sprint.name | cell }}")
    own(tmp_path, "reports/sprint.csv.j2", "anders")
    assert report_file(german, "acme", 14, "md").decode() == "# Rückblick auf Acme Sprint 14\n"
    assert report_file(german, "acme", 14, "csv") == before
    assert "60,00" in report_file(german, "acme", 14, "html").decode()


def test_a_chart_on_a_page_writes_as_the_workspace_does(german: Service, tmp_path: Path) -> None:
    own(tmp_path, "words/charts.json.j2", CHARTS.replace('"cap": "Cap"', '"cap": "Deckel"'))
    drawn = page(german, "/acme/sprints/14/burn-up.svg")
    assert "Deckel 60,00 $" in drawn
    assert "Deckel 30,00 $" in drawn  # What it was before it was raised.
    assert "11. Nov." in drawn
    assert not re.search(r">[^<]*\$[0-9]", drawn)


def test_a_comment_is_worded_by_its_workspace_and_stays_known_as_ours(tmp_path: Path) -> None:
    words = Wordings(tmp_path)
    german = words.of("acme", "de_DE", "jira", "words")
    said = adf.plain_text(comment(CASES["complete"], wording=german)).replace("\xa0", " ")
    assert " $ (" in said
    body = (
        '{% import "adf.j2" as adf %}{"type": "doc", "version": 1, "content": [{{ FIRST }}, '
        '{{ adf.paragraph("Geschätzt") }}]}'
    )
    own(tmp_path, "jira/comment.json.j2", body.replace("FIRST", "adf.heading(heading, 3)"))
    own_words = words.of("acme", "de_DE", "jira", "words")
    said = adf.plain_text(comment(CASES["complete"], wording=own_words))
    assert said == "AI Cost & Carbon\nGeschätzt"
    own(tmp_path, "jira/comment.json.j2", body.replace("FIRST", 'adf.heading("KI-Kosten", 3)'))
    lost = adf.plain_text(comment(CASES["complete"], wording=Wordings(tmp_path).of(
        "acme", "de_DE", "jira", "words")))  # fmt: skip
    assert lost.startswith("AI Cost & Carbon")
    assert "Geschätzt" not in lost

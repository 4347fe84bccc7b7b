"""The report as files, as its readers get it; the difference of two revisions; the link in Jira."""

from __future__ import annotations

import csv
import json
import shutil
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from integration.cli.report_files import publish_report, report_file
from integration.foundation.errors import InvalidInput, NotFound
from integration.reports import pdf as printing
from integration.reports.documents import cell, diff_markdown
from integration.reports.revision_diff import revision_diff
from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.server import start_jira
from tests.adapters.jira.world import MovingClock
from tests.adapters.jira.world import World as JiraWorld
from tests.doors import worlds
from tests.golden_files import check_golden

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.doors.worlds import World

STATES = ("quiet_day", "spike", "over_cap", "no_ai_stories", "unpriced_models", "second_revision")


def file_of(world: World, kind: str, **chosen: Any) -> bytes:
    return report_file(world.service, world.workspace_id, world.sprint_id, kind, **chosen)


@pytest.mark.parametrize("state", STATES)
def test_the_markdown_report_in_each_state(world: World, state: str, update_golden: bool) -> None:
    getattr(worlds, state)(world)
    check_golden(f"reports/{state}.md", file_of(world, "md").decode(), update_golden)


def test_the_table_adds_up_to_the_nano_dollar(world: World, update_golden: bool) -> None:
    worlds.second_revision(world)
    text = file_of(world, "csv").decode()
    check_golden("reports/second_revision.csv", text, update_golden)
    rows = list(csv.DictReader(StringIO(text)))
    assert None not in {value for row in rows for value in row.values()}
    report = json.loads(file_of(world, "json"))
    spent = sum(Decimal(row["actual_usd"]) for row in rows)
    assert spent == Decimal(report["totals"]["list_cost_nanousd"]).scaleb(-9)
    parts = [name for name in rows[0] if name.endswith("_usd")][-9:]
    for row in rows:
        if row["variance_usd"]:
            assert sum(Decimal(row[name]) for name in parts) == Decimal(row["variance_usd"])


def test_json_is_what_the_api_answers_with_the_retrospective_beside(
    world: World, client: FlaskClient
) -> None:
    worlds.over_cap(world)
    world.close()
    made = json.loads(file_of(world, "json"))
    material = made.pop("retrospective")
    headers = {"Authorization": f"Bearer {world.key('reader', 'read')}"}
    assert made == client.get("/v1/sprints/14", headers=headers).json
    assert material["largest_errors"] == ["SHOP-4"]
    assert material["recommendations"][0]["saving_nanousd"] > 0
    assert material["next_cap"]["limit_nanousd"] % 10**9 == 0


def test_what_changed_between_two_revisions(
    world: World, client: FlaskClient, update_golden: bool
) -> None:
    worlds.second_revision(world)
    with world.service.transactions.begin() as session:
        found = revision_diff(session, "acme", 14)
    check_golden("reports/diff.md", diff_markdown(found), update_golden)
    assert (found.before, found.after, found.reason) == (1, 2, "late usage")
    (story,) = found.stories
    assert story.list_cost_nanousd.change == found.list_cost_nanousd.change
    assert story.calls.change == 120
    headers = {"Authorization": f"Bearer {world.key('reader', 'read')}"}
    answered: Any = client.get("/v1/sprints/14/diff?from=1&to=2", headers=headers).json
    assert answered["stories"][0]["calls"] == {"before": 900 + 150 * 8, "after": 1020 + 150 * 8}
    listed: Any = client.get("/v1/sprints/14/revisions", headers=headers).json
    assert [each["revision"] for each in listed["revisions"]] == [1, 2]
    assert client.get("/v1/sprints/14/diff?from=1&to=9", headers=headers).status_code == 404


def test_an_earlier_revision_can_be_had_and_one_that_never_was_not(world: World) -> None:
    worlds.second_revision(world)
    first = json.loads(file_of(world, "json", revision=1))
    assert (first["revision"], first["late_usage_nanousd"]) == (1, 0)
    assert "Revision 1," in file_of(world, "html", revision=1).decode()
    for kind in ("json", "html"):
        with pytest.raises(NotFound):
            file_of(world, kind, revision=7)


def test_the_page_needs_nothing_but_itself(world: World) -> None:
    worlds.spike(world)
    page = file_of(world, "html").decode()
    assert "<script" not in page
    assert 'src="http' not in page
    assert "@import" not in page
    assert page.count('src="data:image/svg+xml;base64,') == 2


def test_a_pdf_is_printed_without_a_browser(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("weasyprint", exc_type=(ImportError, OSError))  # type: ignore[arg-type]
    monkeypatch.setattr(shutil, "which", lambda _: None)
    worlds.over_cap(world)
    assert file_of(world, "pdf").startswith(b"%PDF-")


def test_without_anything_that_prints_a_person_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(printing, "_by_weasyprint", lambda _: None)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InvalidInput, match=r"storymeter\[pdf\]"):
        printing.pdf(b"<p>Hello")


def test_a_title_cannot_be_markup_in_a_table() -> None:
    assert cell("a | b\n# c <b>*d*</b>") == "a \\| b \\# c \\<b\\>\\*d\\*\\</b\\>"


def test_a_jira_issue_links_to_the_report_once_and_has_the_file(world: World) -> None:
    worlds.second_revision(world)
    config = JiraConfig()
    with start_jira(config, MovingClock()) as server:
        site = JiraWorld(server.base_url, MovingClock(), config)
        site.control("seed", project="DEMO", name="Demo")
        with site.gateway() as gateway:
            created = {"fields": {"project": {"key": "DEMO"}, "summary": "Sprint 14 review",
                                  "issuetype": {"name": "Story"}}}  # fmt: skip
            key = gateway.call("POST", "/rest/api/3/issue", body=created)["key"]
            for _ in range(2):
                publish_report(world.service, gateway, "acme", 14, key, ())
            publish_report(world.service, gateway, "acme", 14, key, ("md",))
            (link,) = gateway.call("GET", f"/rest/api/3/issue/{key}/remotelink")
            fields = gateway.call("GET", f"/rest/api/3/issue/{key}")["fields"]
    assert link["object"]["url"] == "http://localhost/acme/reports/14"
    assert link["object"]["summary"] == "$72.10, revision 2"
    (file,) = fields["attachment"]
    assert (file["filename"], file["size"] > 500) == ("sprint-14-ai-cost.md", True)

"""The commands as an operator types them, on a real database and the local Jira."""

from __future__ import annotations

import gc
import json
import warnings
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from integration.cli import commands
from integration.foundation.errors import InvalidInput
from integration.mailbox import store as mailbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from tests.following_jira.world import JiraHouse


# A command's connections end with its process, which here goes on.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.usefixtures("environment"),
]


@pytest.fixture
def environment(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point the commands at the test's database; drop what they leave open."""
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", url.replace("postgresql+psycopg", "postgresql"))
    monkeypatch.setenv("STORYMETER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("STORYMETER_SECRET_KEY", "b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk=")
    monkeypatch.setenv("STORYMETER_PUBLIC_URL", "https://storymeter.example.com")
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, arguments, catch_exceptions=False)


def test_a_site_is_connected_provisioned_once_and_found_well(here: JiraHouse) -> None:
    config, url = here.jira.config, here.jira.base_url
    where = ("--site-url", url, "--email", config.email, "--token", config.token)
    assert run("jira", "connect", "acme", *where, "--project", "DEMO").exit_code == 0

    sick = run("jira", "doctor", "acme", "--json")
    assert sick.exit_code == 1
    assert any(not finding["is_well"] for finding in json.loads(sick.stdout))
    assert run("jira", "provision", "acme", "--apply").exit_code == 0
    again = run("jira", "provision", "acme", "--json")
    assert [step for step in json.loads(again.stdout) if step["changes"]] == []
    assert run("jira", "doctor", "acme").exit_code == 0

    here.jira.story("Only here")
    assert "1 stories read" in run("jira", "sync", "acme").stdout
    assert config.token not in sick.output + again.output


def test_what_was_mistyped_is_told_and_not_kept(here: JiraHouse) -> None:
    kept = "SELECT email, project_keys FROM jira_connection WHERE workspace_id = %s"
    before = here.rows(kept)
    where = ("--site-url", here.jira.base_url, "--email", "typo@example.com")
    project = ("--project", "DEMO")
    for wrong, why in (
        ((*where, *project, "--token", here.jira.config.token), "refuses the sign-in of typo@"),
        (
            ("--site-url", here.jira.base_url, "--email", here.jira.config.email, "--token",
             here.jira.config.token, *project, "--project", "DMEO"),
            "no project DMEO; it shows DEMO",
        ),
        (
            ("--site-url", "http://127.0.0.1:9", "--email", "a@example.com", "--token", "t",
             *project),
            "Jira could not be asked",
        ),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=why):
            run("jira", "connect", "acme", *wrong)
    assert here.rows(kept) == before


def test_the_doctor_tells_of_webhooks_pauses_and_writes_given_up(here: JiraHouse) -> None:
    assert "No webhook has come so far" in run("jira", "doctor", "acme").stdout
    here.hand_over({"id": "odd", "body": b'{"webhookEvent": "jira:new_thing"}'})
    here.settle(with_webhooks=False)
    now = datetime.now(UTC)
    with here.transactions.begin() as session:
        mailbox.promise(session, "acme", "jira.story", "DEMO-7", {}, now)
        (promise,) = mailbox.claim_promises(session, now)
        mailbox.postpone(session, promise, "Jira answered 400", now, permanent=True)
        mailbox.pause(session, "acme", "jira", now + timedelta(hours=1), "quota")
    told = run("jira", "doctor", "acme")
    assert told.exit_code == 1
    for words in (
        "Webhooks come in", "1 unknown", "waits for Jira until",
        "1 write to Jira was given up: DEMO-7: Jira answered 400", " to mend.",
    ):  # fmt: skip
        assert words in told.stdout


def test_the_webhooks_secret_is_shown_to_whoever_makes_it_by_hand(here: JiraHouse) -> None:
    assert run("jira", "webhook-secret", "acme").stdout == "webhook-secret\n"


def test_unknown_deliveries_are_listed_and_read_again(here: JiraHouse) -> None:
    here.hand_over({"id": "odd", "body": b'{"webhookEvent": "jira:new_thing"}'})
    here.settle(with_webhooks=False)
    (shown,) = json.loads(run("inbox", "list", "acme", "--json").stdout)
    assert (shown["event"], shown["state"]) == ("jira:new_thing", "unknown")
    assert "jira:new_thing" in run("inbox", "list", "acme").stdout
    assert "1 will be read again" in run("inbox", "replay", "acme", str(shown["inbox_id"])).stdout
    assert "0 will be read again" in run("inbox", "replay", "acme").stdout
    with here.transactions.begin() as session:
        soon = datetime.now(UTC) + timedelta(minutes=1)
        assert len(mailbox.claim_deliveries(session, soon)) == 1


def test_the_rule_for_ai_work_can_be_chosen(here: JiraHouse) -> None:
    assert run("jira", "rule", "acme", "--keyword", "language model").exit_code == 0
    chosen = here.jira.story("Try a language model")
    here.jira.story("Usual", labels=["ai"])
    here.settle()
    marked = "SELECT story_key FROM story WHERE workspace_id = %s AND is_ai_work"
    assert here.rows(marked) == [(chosen,)]

"""The commands as an operator types them, on a real database and the local Jira."""

from __future__ import annotations

import gc
import json
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from integration.cli import commands
from integration.mailbox import store as mailbox
from integration.mailbox.pacing import LEASE

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


def test_unknown_deliveries_are_listed_and_read_again(here: JiraHouse) -> None:
    here.hand_over({"id": "odd", "body": b'{"webhookEvent": "jira:new_thing"}'})
    here.settle(with_webhooks=False)
    (shown,) = json.loads(run("inbox", "list", "acme", "--json").stdout)
    assert (shown["event"], shown["state"]) == ("jira:new_thing", "unknown")
    assert "jira:new_thing" in run("inbox", "list", "acme").stdout
    assert "1 will be read again" in run("inbox", "replay", "acme", str(shown["inbox_id"])).stdout
    assert "0 will be read again" in run("inbox", "replay", "acme").stdout
    with here.transactions.begin() as session:
        assert len(mailbox.claim_deliveries(session, datetime.now(UTC) + LEASE)) == 1


def test_the_rule_for_ai_work_can_be_chosen(here: JiraHouse) -> None:
    assert run("jira", "rule", "acme", "--keyword", "language model").exit_code == 0
    chosen = here.jira.story("Try a language model")
    here.jira.story("Usual", labels=["ai"])
    here.settle()
    marked = "SELECT story_key FROM story WHERE workspace_id = %s AND is_ai_work"
    assert here.rows(marked) == [(chosen,)]

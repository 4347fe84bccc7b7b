"""A new secret key takes the place of the old one without connecting anything anew."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from integration.cli.keys_commands import keys
from integration.foundation.secrets import SecretBox, SecretUnreadable
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount, SlackAccount, Workspace
from tests.conftest import NOON

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integration.foundation.database import Transactions

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()

# A command ends with its process, which closes its connections; here the process goes on.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_after_sealing_again_the_old_key_is_not_needed(
    engine: Engine, transactions: Transactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = "https://acme.example.com"
    jira = JiraAccount("acme", site, site, "bot@example.com", "token", webhook_secret="webhook")
    slack = SlackAccount("acme", "https://slack.com/api", "xoxb-1", "signing", "T0", "C0")
    with transactions.begin() as session:
        workspaces.create(session, Workspace("acme", "Acme", "UTC", "eu-west-1"), NOON)
        workspaces.connect_jira(session, jira, SecretBox(OLD))
        workspaces.connect_slack(session, slack, SecretBox(OLD))
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("STORYMETER_SECRET_KEY", f"{NEW},{OLD}")
    with transactions.begin() as session, pytest.raises(SecretUnreadable):
        workspaces.jira_account(session, "acme", SecretBox(NEW))
    done = CliRunner().invoke(keys, ["seal-again"], catch_exceptions=False)
    gc.collect()  # What the command left open ends within this test.
    assert "2 connections" in done.output
    with transactions.begin() as session:
        found = workspaces.jira_account(session, "acme", SecretBox(NEW))
        team = workspaces.slack_account(session, "acme", SecretBox(NEW))
    assert found is not None
    assert team is not None
    assert (found.token, found.webhook_secret) == ("token", "webhook")
    assert (team.bot_token, team.signing_secret) == ("xoxb-1", "signing")

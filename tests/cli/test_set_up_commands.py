"""What an operator types once, and the replay of a trace, against real servers."""

from __future__ import annotations

import gc
import json
import sys
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from integration.app import create_app
from integration.cli import main
from integration.foundation.clock import SystemClock
from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.seed import seed_project
from integration.sandbox.jira.server import start_jira
from integration.sandbox.server import serve
from integration.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer

    Storymeter = Callable[..., tuple[int, str, str]]

# A command ends with its process, which closes its connections; here the process goes on.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

TRACE = """TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:17:03.9799600,4808,10
2023-11-16 18:17:04.0319600,3180,8
2023-11-16 18:17:04.0781490,110,27
2023-11-16 18:17:04.5000000,7433,14
"""


@pytest.fixture
def storymeter(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Storymeter]:  # fmt: skip
    """Type a command; returns its exit code, what it printed, and what it said on stderr."""
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("STORYMETER_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STORYMETER_LOG_LEVEL", "ERROR")

    def typed(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["storymeter", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    yield typed
    gc.collect()


@pytest.fixture
def jira() -> Iterator[RunningServer[Site]]:
    with start_jira(JiraConfig(), SystemClock()) as running:
        seed_project(running.state, "SHOP", "Web shop")
        yield running


@pytest.fixture
def web(storymeter: Storymeter, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serve(create_app(read_settings()), None) as running:
        monkeypatch.setenv("STORYMETER_PUBLIC_URL", running.base_url)
        yield running.base_url


def connect_jira(storymeter: Storymeter, jira: RunningServer[Site]) -> None:
    config = JiraConfig()
    assert storymeter("workspace", "create", "acme", "--time-zone", "Europe/Berlin")[0] == 0
    code, said, _ = storymeter(
        "jira", "connect", "acme", "--site-url", f"{jira.base_url}/",
        "--email", config.email, "--token", config.token, "--project", "SHOP",
    )  # fmt: skip
    assert code == 0
    assert "storymeter jira provision acme" in said


def test_provisioning_twice_is_the_same_as_once(
    storymeter: Storymeter, jira: RunningServer[Site], web: str
) -> None:
    connect_jira(storymeter, jira)
    fields = len(jira.state.fields)
    code, planned, told = storymeter("jira", "provision", "acme")
    assert code == 0
    assert "Nothing was changed" in told
    assert len(jira.state.fields) == fields

    code, done, told = storymeter("jira", "provision", "acme", "--apply")
    assert (code, done) == (0, planned)
    assert "Applied" in told
    assert len(jira.state.fields) == fields + 25

    code, again, _ = storymeter("jira", "provision", "acme", "--apply")
    assert code == 0
    assert "0 to change" in again
    assert len(jira.state.fields) == fields + 25
    hooks = list(jira.app.extensions["jira-webhooks"].hooks.values())
    assert [hook.url for hook in hooks] == [f"{web}/webhooks/jira/acme"]


def test_connecting_again_keeps_what_provisioning_found(
    storymeter: Storymeter, jira: RunningServer[Site], web: str, engine: Engine
) -> None:
    connect_jira(storymeter, jira)
    storymeter("jira", "provision", "acme", "--apply")
    kept = "SELECT field_ids, account_id, webhook_secret IS NOT NULL FROM jira_connection"
    with engine.connect() as connection:
        before = connection.execute(text(kept)).all()
    connect_jira(storymeter, jira)
    with engine.connect() as connection:
        assert connection.execute(text(kept)).all() == before
    assert before[0][1] == JiraConfig().account_id


def test_people_are_given_roles_and_lose_them(storymeter: Storymeter) -> None:
    storymeter("workspace", "create", "acme")
    assert storymeter("people", "add", "acme", "Ada@Example.com", "--role", "admin")[0] == 0
    assert storymeter("people", "add", "acme", "bo@example.com")[0] == 0
    _, listed, _ = storymeter("people", "list", "acme", "--json")
    assert json.loads(listed) == [
        {"email": "ada@example.com", "role": "admin"}, {"email": "bo@example.com", "role": "viewer"}
    ]  # fmt: skip
    code, _, why = storymeter("people", "remove", "acme", "ada@example.com")
    assert code == 1
    assert "only admin" in why
    assert storymeter("people", "remove", "acme", "bo@example.com")[0] == 0
    assert storymeter("people", "list", "acme")[1] == "admin     ada@example.com\n"


def test_slack_and_a_team_are_connected_and_tokens_are_not_readable(
    storymeter: Storymeter, engine: Engine
) -> None:
    storymeter("workspace", "create", "acme")
    connected = storymeter(
        "workspace", "connect-slack", "acme", "--bot-token", "xoxb-secret",
        "--signing-secret", "signing-secret", "--team-id", "T0ACME", "--channel-id", "C0ASSIST",
    )  # fmt: skip
    assert connected[0] == 0
    for name in ("Assist", "Assistants"):
        added = storymeter(
            "workspace", "add-team", "acme", "assist", "--name", name, "--board", "7",
            "--channel-id", "C0ASSIST", "--digest-at", "09:30",
        )  # fmt: skip
        assert added[0] == 0
    with engine.connect() as connection:
        teams = connection.execute(text("SELECT name, board_id, digest_at::text FROM team")).all()
        kept = connection.execute(text("SELECT bot_token, signing_secret FROM slack_connection"))
        tokens = b"".join(bytes(token) for row in kept for token in row)
    assert teams == [("Assistants", 7, "09:30:00")]
    assert b"secret" not in tokens


def test_a_trace_is_replayed_once_however_often_it_is_sent(
    storymeter: Storymeter, web: str, tmp_path: Path, engine: Engine
) -> None:
    storymeter("workspace", "create", "acme")
    made = storymeter("keys", "create", "acme", "--name", "g", "--scope", "ingest", "--json")[1]
    (tmp_path / "trace.csv").write_text(TRACE)
    command = (
        "usage", "replay", "--trace", str(tmp_path / "trace.csv"), "--story", "SHOP-1",
        "--model", "gpt-4o-mini", "--url", web, "--key", json.loads(made)["key"], "--json",
    )  # fmt: skip
    code, said, _ = storymeter(*command)
    counts = json.loads(said)
    assert (code, counts["accepted"], counts["duplicates"], counts["rejected"]) == (0, 4, 0, 0)
    assert json.loads(storymeter(*command)[1])["duplicates"] == 4
    with engine.connect() as connection:
        sums = connection.execute(
            text(
                "SELECT story_key, sum(calls), sum(input_tokens), sum(output_tokens), "
                "max(occurred_at) - min(occurred_at) < interval '1 second' "
                "FROM ledger_entry GROUP BY story_key"
            )
        ).all()
    assert sums == [("SHOP-1", 4, 4808 + 3180 + 110 + 7433, 10 + 8 + 27 + 14, True)]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("keys", "create", "nobody", "--name", "x", "--scope", "read"), "no workspace 'nobody'"),
        (("jira", "provision", "nobody"), "nobody has no Jira connected: storymeter jira connect"),
        (
            ("usage", "replay", "--trace", "{trace}", "--story", "S-1", "--model", "m",
             "--key", "smk_x", "--url", "http://127.0.0.1:9"),
            "127.0.0.1:9",
        ),
        (("workspace", "create", "acme", "--time-zone", "Mars/Olympus"), "Mars/Olympus"),
        (("workspace", "create", "caps"), "'caps' is the name of a page"),
        (("workspace", "add-team", "acme", "t", "--name", "T", "--board", "1",
          "--digest-at", "half past nine"), "half past nine"),
    ],
)  # fmt: skip
def test_what_does_not_work_is_told_in_a_sentence(
    storymeter: Storymeter, tmp_path: Path, command: tuple[str, ...], why: str
) -> None:
    (tmp_path / "trace.csv").write_text(TRACE)
    storymeter("workspace", "create", "acme")
    code, _, said = storymeter(*(part.format(trace=tmp_path / "trace.csv") for part in command))
    assert code in {1, 2}
    assert why in said

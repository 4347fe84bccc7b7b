"""The database goes away while the web app runs, and comes back."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from integration.app import app_with
from integration.assembly import default_books
from integration.foundation.clock import FixedClock
from integration.foundation.database import connect, transactions_on
from integration.foundation.embedded_database import running
from integration.foundation.migration import upgrade
from integration.foundation.secrets import SecretBox
from integration.journeys.book_shelf import BookShelf
from integration.web.service import Service
from tests.conftest import NOON
from tests.doors.worlds import World

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

BODY = b'{"webhookEvent": "jira:issue_created", "issue": {"id": "10001", "key": "SHOP-1"}}'
USAGE = json.dumps(
    {"events": [{"event_id": "call-1", "request_model": "gpt-4o-mini", "input_tokens": 1}]}
).encode()


def requests_that_need_it(keys: dict[str, str]) -> list[tuple[str, str, bytes, dict[str, str]]]:
    """Method, path, body and headers of requests which every door would accept."""
    digest = hmac.new(b"webhook-secret", BODY, hashlib.sha256).hexdigest()
    hook = {"X-Hub-Signature": f"sha256={digest}", "X-Atlassian-Webhook-Identifier": "delivery-1"}
    slack = {"Content-Type": "application/json"}
    asked = json.dumps(
        {"id": "a-1", "model": "gpt-4o-mini", "input_tokens": 1, "max_output_tokens": 1}
    )

    def key(scope: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {keys[scope]}", "Content-Type": "application/json"}

    return [
        ("POST", "/v1/usage-events", USAGE, key("ingest")),
        ("POST", "/webhooks/jira/acme", BODY, hook),
        ("GET", "/readyz", b"", {}),
        ("POST", "/v1/traces", b'{"resourceSpans": []}', key("ingest")),
        ("POST", "/v1/authorizations", asked.encode(), key("authorize")),
        ("GET", "/v1/workspaces/current", b"", key("read")),
        ("POST", "/slack/events", b'{"team_id": "T-acme"}', slack),
    ]


def answers(client: FlaskClient, keys: dict[str, str]) -> dict[str, Any]:
    return {
        path: client.open(path, method=method, data=body, headers=headers)
        for method, path, body, headers in requests_that_need_it(keys)
    }


def test_a_stopped_database_is_answered_503_until_it_is_back(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    database = running(tmp_path / "db")
    engine = connect(database.__enter__())
    upgrade(engine)
    transactions = transactions_on(engine)
    service = Service(
        engine=engine, transactions=transactions, clock=FixedClock(NOON),
        books=BookShelf(transactions, default_books()),
        box=SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="),
        public_url="http://localhost", max_body_bytes=1_000_000,
    )  # fmt: skip
    world = World(service).found()
    keys = {scope: world.key(scope, scope) for scope in ("ingest", "authorize", "read")}
    client = app_with(service).test_client()
    assert client.get("/readyz").status_code == 200

    database.__exit__(None, None, None)
    for path, answer in answers(client, keys).items():
        with subtests.test(path):
            assert answer.status_code == 503, answer.text
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.mimetype == "application/problem+json"
            assert json.loads(answer.data)["code"] == "unavailable"
            assert "postgres" not in answer.text.casefold()
    assert client.get("/healthz").status_code == 200

    with running(tmp_path / "db"):
        back = {path: answer.status_code for path, answer in answers(client, keys).items()}
        assert back["/readyz"] == 200
        assert back["/webhooks/jira/acme"] == 202
        assert client.post(
            "/v1/usage-events", data=USAGE, headers={"Authorization": f"Bearer {keys['ingest']}"}
        ).json == {"accepted": 0, "duplicates": 1, "improved": 0, "ignored": 0, "rejected": []}
        engine.dispose()


def set_read_only(engine: Engine, value: str) -> None:
    """Let connections made from now on read only, as a standby's do, or write again."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET default_transaction_read_only = off"))
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(
            text(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}")
        )


def test_a_standby_is_answered_503_until_a_primary_is_found(
    engine: Engine, world: World, client: FlaskClient, subtests: pytest.Subtests
) -> None:
    keys = {scope: world.key(scope, scope) for scope in ("ingest", "authorize", "read")}
    set_read_only(engine, "on")
    engine.dispose()
    reads = {"/v1/workspaces/current", "/slack/events"}
    for path, answer in answers(client, keys).items():
        with subtests.test(path):
            if path not in reads:
                assert answer.status_code == 503, answer.text
    assert json.loads(client.get("/readyz").data)["code"] == "database_read_only"

    set_read_only(engine, "off")
    # The pool kept no connection to what only reads.
    back = {path: answer.status_code for path, answer in answers(client, keys).items()}
    assert (back["/v1/usage-events"], back["/webhooks/jira/acme"]) == (200, 202)

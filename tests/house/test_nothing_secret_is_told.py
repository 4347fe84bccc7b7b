"""Secrets and prompts are sent to every door and held by every job; no log or answer has them."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import structlog
from sqlalchemy import text

from integration.assembly import set_up_logs
from integration.cli.doctor_command import examine
from integration.jobs.deliver_outbox import SENDERS, deliver_outbox
from integration.jobs.diagnose_database import diagnose_database
from integration.jobs.drain_inbox import drain_inbox
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.jobs.timetable import TIMETABLE
from integration.mailbox import store as mailbox
from integration.settings import Settings
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount, SlackAccount
from tests.doors.worlds import World, spike
from tests.house.test_routes import addresses, every_route
from tests.small_server import listening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from integration.web.service import Service

PLANTED = {
    "key": "smk_planted0key0planted0key",
    "jira": "ATATT3xPlantedJiraToken=0A1B",
    "webhook": "planted-webhook-secret",
    "slack": "xoxb-planted-slack-token",
    "signing": "planted-signing-secret",
    "signature": "0123456789abcdef0123456789abcdef",
    "cookie": "planted-cookie-value",
    "prompt": "planted words of a prompt",
    "answer_url": "T0PLANTED/planted-ticket",
}
PLANTED["basic"] = b64encode(f"bot@acme.example.com:{PLANTED['jira']}".encode()).decode()
USAGE = {
    "event_id": "call-1", "request_model": "gpt-4o-mini", "input_tokens": 5,
    "prompt": PLANTED["prompt"], "messages": [{"role": "user", "content": PLANTED["prompt"]}],
    "attributes": {"gen_ai.prompt": PLANTED["prompt"], "note": PLANTED["key"]},
}  # fmt: skip
BODIES = (
    {"events": [USAGE]}, [USAGE], {"resourceSpans": [{"scopeSpans": [{"spans": [USAGE]}]}]},
    {"id": "a-1", "model": "gpt-4o-mini", "input_tokens": 1, "max_output_tokens": 1} | USAGE,
    {"team_id": "T-acme", "text": PLANTED["prompt"], "token": PLANTED["slack"],
     "response_url": f"https://hooks.slack.com/commands/{PLANTED['answer_url']}"},
    {"webhookEvent": "jira:issue_updated",
     "issue": {"id": "10001", "key": "SHOP-1", "fields": {"summary": PLANTED["prompt"]}}},
    {"t": PLANTED["prompt"]},  # Short, because long parameters are cut where they are logged.
)  # fmt: skip


@pytest.fixture
def told(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[list[str]]:
    """Everything that is logged at the finest level; whoever asks adds answers of their own."""
    set_up_logs(Settings(log_level="DEBUG", log_format="json"))
    said: list[str] = []
    with caplog.at_level(logging.DEBUG):
        yield said
        said.append(capsys.readouterr().err + caplog.text)
    for name, secret in PLANTED.items():
        assert secret not in "\n".join(said), f"{name} was told"
    assert "Traceback" in said[-1]  # Something did fail: the look was not at nothing.


def send_to_every_door(app: Flask, client: FlaskClient, key: str) -> list[str]:
    """Send each body to each route; returns the answers that say what is wrong."""
    answers = []
    client.set_cookie("storymeter", PLANTED["cookie"])
    for rule, _ in every_route(app):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            for body in BODIES if method != "GET" else (None,):
                data = json.dumps(body).encode() if body else b""
                signed = hmac.new(b"webhook-secret", data, hashlib.sha256).hexdigest()
                headers = {
                    "Authorization": f"Bearer {key}", "Content-Type": "application/json",
                    "X-Hub-Signature": f"sha256={signed}",
                    "X-Atlassian-Webhook-Identifier": "delivery-1",
                    "X-Slack-Signature": f"v0={PLANTED['signature']}",
                }  # fmt: skip
                answer = client.open(addresses(rule)[0], method=method, headers=headers, data=data)
                if answer.status_code >= 400:
                    answers.append(answer.text)
    return answers


def test_no_door_tells_what_it_was_sent(
    app: Flask, client: FlaskClient, world: World, told: list[str]
) -> None:
    spike(world)
    key = world.key("all", "ingest", "authorize", "read", "admin")
    told += send_to_every_door(app, client, PLANTED["key"])
    with world.service.transactions.begin() as session:
        # Everything fails from here on, with a statement and its parameters in the error.
        for table in ("ledger_entry", "inbox", "cap", "outbox"):
            session.execute(text(f"ALTER TABLE {table} RENAME TO {table}_gone"))
    told += send_to_every_door(app, client, key)
    assert key not in "\n".join(told)
    told += [client.get("/readyz").text, client.get("/metrics").text]


def house_of(service: Service) -> House:
    outside = Outside(service.transactions, service.box, service.clock)
    return House(service.transactions, service.books, outside, service.clock, "http://localhost")


def connect_to(service: Service, outside: str) -> None:
    """Let one server be Jira and Slack, with secrets that it is sent."""
    jira = JiraAccount(
        "acme", outside, outside, "bot@acme.example.com", token=PLANTED["jira"],
        webhook_secret=PLANTED["webhook"], project_keys=("SHOP",),
    )  # fmt: skip
    slack = SlackAccount(
        "acme", f"{outside}/api", PLANTED["slack"], PLANTED["signing"], "T-acme", "C0"
    )
    with service.transactions.begin() as session:
        workspaces.connect_jira(session, jira, service.box)
        workspaces.connect_slack(session, slack, service.box)


def test_no_job_tells_what_it_holds(service: Service, world: World, told: list[str]) -> None:
    spike(world)
    with listening(tells_tales=True) as (outside, asked):
        connect_to(service, outside)
        house = house_of(service)
        with service.transactions.begin() as session:
            for kind in SENDERS:
                body: dict[str, Any] = {"said": PLANTED["prompt"], "token": PLANTED["slack"]}
                mailbox.promise(session, "acme", kind, "planted", body, service.clock.now())
        for _ in range(2):
            drain_inbox(house)
            deliver_outbox(house)
        for job in TIMETABLE:
            job.run(house)
        told.append(repr(examine(house, "acme")))
        assert asked


def test_no_password_of_the_database_is_told(service: Service, told: list[str]) -> None:
    password = PLANTED["signature"]
    away = service.engine.url.set(host="127.0.0.1", port=1, password=password, query={})
    from integration.foundation.database import connect, transactions_on

    engine = connect(away.render_as_string(hide_password=False))
    house = replace(house_of(service), transactions=transactions_on(engine))
    told += [finding.sentence for finding in diagnose_database(house)]
    try:
        deliver_outbox(house)
    except Exception:
        structlog.get_logger().exception("worker.fault")
    engine.dispose()

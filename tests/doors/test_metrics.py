"""/metrics: what an operator's alarm needs, and no customer's name."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.mailbox import store as mailbox
from tests.conftest import NOON, ROOT

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.doors.worlds import World


DEPLOY = ROOT / "docs" / "deploy"


def value(client: FlaskClient, name: str) -> float:
    lines = client.get("/metrics").text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(name)))


def test_what_waits_is_counted_with_its_age(client: FlaskClient, world: World) -> None:
    before = value(client, "storymeter_outbox_waiting ")
    with world.service.across.begin() as session:
        for number in range(2):
            mailbox.promise(
                session, world.workspace_id, "slack.digest", f"digest {number}", {}, NOON
            )
        mailbox.receive(
            session, world.workspace_id, source="jira", delivery_id="1", subject="1", event="x",
            body=b"", now=NOON - timedelta(minutes=5),
        )  # fmt: skip
    assert value(client, "storymeter_outbox_waiting ") == before + 2
    assert value(client, "storymeter_inbox_waiting ") == 1
    assert value(client, "storymeter_inbox_oldest_seconds ") == 300
    assert value(client, "storymeter_outbox_failed ") == 0


def test_decisions_are_counted(client: FlaskClient, world: World) -> None:
    key = world.key("gateway", "authorize")
    name = 'storymeter_decisions_total{decision="granted"}'
    asked = {"id": "call-1", "model": "gpt-4o", "input_tokens": 10, "max_output_tokens": 10}
    answer = client.post(
        "/v1/authorizations", json=asked, headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 201
    counted = value(client, name)
    client.post(
        "/v1/authorizations", json=asked | {"id": "call-2"},
        headers={"Authorization": f"Bearer {key}"},
    )  # fmt: skip
    assert value(client, name) == counted + 1


def test_the_dashboard_asks_for_metrics_there_are(client: FlaskClient, world: World) -> None:
    world.key("gateway", "ingest")
    told = client.get("/metrics").text
    asked = set(re.findall(r"storymeter_\w+", (DEPLOY / "grafana.json").read_text()))
    names = {re.sub(r"_(total|bucket)$", "", name) for name in asked}
    assert len(names) >= 9
    assert [name for name in sorted(names) if f"# TYPE {name}" not in told] == []

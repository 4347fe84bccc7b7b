"""How fast Jira's webhooks are answered: verified, stored and acknowledged, over HTTP.

web processes as in production, an embedded PostgreSQL, signed deliveries of a story's change (about
6 KB), each with a delivery id of its own; every tenth comes twice. So many connections send one
after the other without a pause, which is more than Jira does. The promise is 50 ms.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
import tempfile
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.http_load import run
from benchmarks.processes import web
from integration.foundation.database import connect, transactions_on
from integration.foundation.embedded_database import running
from integration.foundation.migration import upgrade
from integration.foundation.secrets import SecretBox
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "It's a secret of this benchmark"
BOX_KEY = "b25seSB0aGUgYmVuY2htYXJrIHVzZXMgdGhpcyBrZXk="
PATH = "/webhooks/jira/acme"
CONNECTIONS = (1, 4, 20)
JUDGED_CONNECTIONS = 4
"""As many as there are requests under way on two processor cores that are busy but not flooded."""
WARM_UP_S, SECONDS = 2.0, 6.0
PROMISED_MS = 50.0
LARGE = "As a reader I want short answers. " * 120


def main() -> int:
    """Measure, and print one line of JSON; 1 when the promise is broken or a delivery was lost."""
    os.environ["STORYMETER_SECRET_KEY"] = BOX_KEY
    os.environ["STORYMETER_LOG_LEVEL"] = "ERROR"
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch)) as url:
        engine = connect(url)
        upgrade(engine)
        found(engine)
        with web(url, workers=2, threads=8) as (port, _):
            run(port, deliveries(0), JUDGED_CONNECTIONS, WARM_UP_S)
            measured = {}
            for clients in CONNECTIONS:
                measured[clients] = run(port, deliveries(clients), clients, SECONDS)
                load = measured[clients]
                tell(
                    f"{clients:3} connections: {len(load.latencies) / load.seconds:7.0f} a second, "
                    f"p50 {load.percentile_ms(50):6.1f} ms, p99 {load.percentile_ms(99):6.1f} ms"
                )
        with engine.connect() as connection:
            stored = connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one()
        engine.dispose()
    judged = measured[JUDGED_CONNECTIONS]
    refused = sum(sum(load.refused.values()) for load in measured.values())
    result: dict[str, Any] = {
        "connections": JUDGED_CONNECTIONS,
        "deliveries": len(judged.latencies),
        "p50_ms": round(judged.percentile_ms(50), 1),
        "p99_ms": round(judged.percentile_ms(99), 1),
        "p99_ms_one_connection": round(measured[1].percentile_ms(99), 1),
        "per_s_flooded": round(len(measured[20].latencies) / measured[20].seconds),
        "p99_ms_flooded": round(measured[20].percentile_ms(99), 1),
        "refused": refused,
        "stored": stored,
    }
    print(json.dumps(result))
    return 0 if result["p99_ms"] <= PROMISED_MS and not refused else 1


def found(engine: Any) -> None:
    """Make the workspace with its webhook's secret."""
    account = JiraAccount(
        "acme", "https://acme.example.com", "https://acme.example.com", "a@example.com", "token",
        webhook_secret=SECRET, project_keys=("SHOP",),
    )  # fmt: skip
    with transactions_on(engine).begin() as session:
        workspaces.create(session, Workspace("acme", "Acme"), datetime.now(UTC))
        workspaces.connect_jira(session, account, SecretBox(BOX_KEY))


def deliveries(series: int) -> Iterator[bytes]:
    """Yield signed deliveries without an end; every tenth is the one before once more."""
    request = b""
    for number in count():
        if number % 10 or not request:
            request = delivery(series, number)
        yield request


def delivery(series: int, number: int) -> bytes:
    """Render one delivery about one of a thousand stories."""
    story = number % 1000
    payload = {
        "timestamp": 1_762_000_000_000 + number,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_updated",
        "user": {"accountId": "712020:ada", "displayName": "Ada Example"},
        "issue": {
            "id": str(10_000 + story),
            "key": f"SHOP-{story}",
            "fields": {"summary": f"Story {story}", "description": LARGE, "labels": ["ai"]},
        },
        "changelog": {"id": str(number), "items": [{"field": "summary", "fieldId": "summary"}]},
    }
    body = json.dumps(payload).encode()
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"X-Atlassian-Webhook-Identifier: {series}-{number}\r\n"
        f"X-Hub-Signature: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def tell(sentence: str) -> None:
    """Say how it goes; the result alone goes to the output."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

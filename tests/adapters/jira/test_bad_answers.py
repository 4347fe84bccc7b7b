"""What stands between us and Jira: log-in pages, proxies, and connections that break."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import pytest

from integration.jira.connection import ApiToken, JiraConnection
from integration.jira.failures import JiraFailure
from integration.jira.gateway import JiraGateway
from tests.adapters.jira.world import MovingClock
from tests.small_server import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER_INFO = {"versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}
LOG_IN = b"<html><body>Please log in</body></html>"


class Rude(BaseHTTPRequestHandler):
    """Answers reads as its server's `page` says, and breaks the connection on anything else."""

    seen: list[str]
    page: bytes

    def do_GET(self) -> None:
        self.seen.append(f"GET {self.path}")
        is_info = self.path.endswith("serverInfo")
        body = json.dumps(SERVER_INFO).encode() if is_info and not self.page else self.page
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self._break()

    def do_PUT(self) -> None:
        self._break()

    def _break(self) -> None:
        self.seen.append(f"{self.command} {self.path}")
        self.close_connection = True


@contextmanager
def rude_server(page: bytes = b"") -> Iterator[tuple[JiraGateway, list[str], list[float]]]:
    """Yield a gateway to a rude server, what the server saw, and what the gateway waited."""
    seen: list[str] = []
    waits: list[float] = []
    handler = type("Handler", (Rude,), {"seen": seen, "page": page})
    with answering(handler) as base:
        connection = JiraConnection("acme", base, base, ApiToken("bot@example.com", "t0ken"))
        with JiraGateway(connection, MovingClock(), pause=waits.append) as gateway:
            yield gateway, seen, waits


@pytest.mark.parametrize("page", [LOG_IN, b"[]", b'"hello"'])
def test_a_page_in_jiras_place_is_a_passing_failure(page: bytes) -> None:
    with rude_server(page) as (gateway, _, _), pytest.raises(JiraFailure) as caught:
        gateway.sprint(1)

    assert not caught.value.permanent
    assert "Please log in" not in caught.value.message


def test_a_creation_on_a_broken_connection_is_not_repeated() -> None:
    with rude_server() as (gateway, seen, waits), pytest.raises(JiraFailure) as caught:
        gateway.call("POST", "/rest/api/3/issue/DEMO-1/comment", body={"body": "Once"})

    assert caught.value.may_have_happened
    assert not caught.value.permanent
    assert [one for one in seen if one.startswith("POST")] == [
        "POST /rest/api/3/issue/DEMO-1/comment"
    ]
    assert waits == []


def test_a_put_on_a_broken_connection_is_repeated_since_that_does_no_harm() -> None:
    with rude_server() as (gateway, seen, waits), pytest.raises(JiraFailure):
        gateway.write_story("DEMO-1", {"summary": "Again"})

    assert len([one for one in seen if one.startswith("PUT")]) == 4
    assert len(waits) == 3

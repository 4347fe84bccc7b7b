"""What Slack sends us over HTTP and Socket Mode, and how the app is installed."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from slack_sdk.socket_mode.request import SocketModeRequest

from integration.app import app_with
from integration.foundation.clock import ShiftedClock
from integration.sandbox.slack.config import SlackChannel, SlackConfig, SlackUser
from integration.sandbox.slack.server import start_slack
from integration.slack.interactions import build_bolt
from integration.slack.socket_mode import answering
from integration.web.service import SlackApp
from integration.web.slack_desk import Desk
from integration.web.slack_events import connection_of
from integration.workspaces import store as workspaces
from tests.doors.worlds import CHAT, at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flask.testing import FlaskClient
    from slack_bolt import App

    from integration.web.service import Service
    from tests.doors.worlds import World

SECRET = "signing-secret"
ROW = ("Summaries", CHAT, "1000", "6000", "500", "", "eu-west-1")
CONFIG = SlackConfig(
    bot_token="xoxb-doors", app_token="xapp-doors", signing_secret=SECRET,
    team_id="T0DOORS", team_name="Acme", bot_user_id="U0STORYMETER",
    users=(SlackUser("U0ANN", "ann", "Ann Example", "ann@example.com"),),
    channels=(SlackChannel("C0ASSIST", "assist"),),
    client_id="1.2", client_secret="client-secret",
)  # fmt: skip


def post(client: FlaskClient, service: Service, body: dict[str, Any], secret: str = SECRET) -> Any:
    raw = json.dumps(body).encode()
    at = str(int(service.clock.now().timestamp()))
    signature = hmac.new(secret.encode(), b"v0:" + at.encode() + b":" + raw, hashlib.sha256)
    headers = {
        "X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={signature.hexdigest()}",
    }  # fmt: skip
    return client.post("/slack/events", data=raw, headers=headers, content_type="application/json")


def test_the_challenge_of_a_new_request_url_names_no_team(world: World, service: Service) -> None:
    client = app_with(service).test_client()
    body = {"type": "url_verification", "challenge": "3eZbrw1a", "token": "old"}
    answer = post(client, service, body)
    assert (answer.status_code, answer.get_json()) == (200, {"challenge": "3eZbrw1a"})
    assert post(client, service, body, secret="other").status_code == 401


def test_a_request_that_slack_never_sends_is_refused(world: World, service: Service) -> None:
    client = app_with(service).test_client()
    for raw in (b"[]", b'"x"', b"{", b"\xff", b'{"team_id": 7}'):
        answer = client.post("/slack/events", data=raw, content_type="application/json")
        assert answer.status_code in {400, 404}, raw


@pytest.fixture
def slack_url(tmp_path: Path) -> Iterator[str]:
    with start_slack(CONFIG, ShiftedClock(tmp_path / "clock")) as slack:
        yield slack.base_url


@pytest.fixture
def installing(service: Service, world: World, slack_url: str) -> Service:
    app = SlackApp(
        "1.2", "client-secret", SECRET, f"{slack_url}/api", f"{slack_url}/oauth/v2/authorize"
    )
    return replace(service, slack_app=app)


def begun(client: FlaskClient) -> tuple[str, str]:
    """Begin an installation; return where Slack sends the browser back, and the state."""
    answer = client.get("/slack/install?workspace=acme")
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.location).query)
    return answer.location, query["state"][0]


def approved(address: str) -> str:
    """Let a person agree on Slack's page; returns the path that Slack redirects to."""
    import requests

    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    page = requests.post(
        address.split("?", maxsplit=1)[0],
        data=query | {"allow": "1"},
        allow_redirects=False,
        timeout=10,
    )
    back = urlsplit(page.headers["Location"])
    return f"{back.path}?{back.query}"


def test_an_installed_app_is_kept_encrypted_for_its_workspace(installing: Service) -> None:
    client = app_with(installing).test_client()
    address, _ = begun(client)
    answer = client.get(approved(address))
    assert (answer.status_code, answer.location) == (302, "/acme/")
    with installing.transactions.begin() as session:
        account = workspaces.slack_account_of_team(session, "T0DOORS", installing.box)
    assert account is not None
    assert account.workspace_id == "acme"
    assert account.bot_token.startswith("xoxb-")


def test_a_state_is_used_once_in_the_browser_that_began(installing: Service) -> None:
    app = app_with(installing)
    client, stranger = app.test_client(), app.test_client()
    address, _ = begun(client)
    back = approved(address)
    assert stranger.get(back).status_code == 400
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 400
    assert client.get("/slack/oauth_redirect?state=made-up&code=1").status_code == 400


def test_an_unknown_workspace_cannot_be_installed_for(installing: Service) -> None:
    client = app_with(installing).test_client()
    assert client.get("/slack/install?workspace=nobody").status_code == 404


class _Connection:
    """Stands where slack_sdk's client does, and keeps what would go over the socket."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.logger = logging.getLogger("socket")

    def send_socket_mode_response(self, response: Any) -> None:
        self.sent.append(response)


def test_socket_mode_answers_through_the_teams_own_app(world: World, service: Service) -> None:
    with service.transactions.begin() as session:
        account = workspaces.slack_account(session, "acme", service.box)
    assert account is not None
    bolt = build_bolt(connection_of(account), Desk(service), service.clock, over_http=False)
    asked: list[str] = []

    def app_of(team_id: str) -> App | None:
        asked.append(team_id)
        return bolt if team_id == account.team_id else None

    connection = _Connection()
    answer = answering(app_of)
    for team_id in (account.team_id, "T0OTHER"):
        payload = {
            "type": "block_actions", "team": {"id": team_id}, "user": {"id": "U1"},
            "actions": [{"action_id": "open_sprint", "block_id": "b", "type": "button"}],
        }  # fmt: skip
        answer(
            connection,  # type: ignore[arg-type]  # Only its one method is used.
            SocketModeRequest(type="interactive", envelope_id=f"e-{team_id}", payload=payload),
        )
    assert asked == [account.team_id, "T0OTHER"]
    assert [each.envelope_id for each in connection.sent] == [f"e-{account.team_id}", "e-T0OTHER"]


def test_a_story_of_a_closed_sprint_is_known_and_one_that_never_was_is_not(
    world: World, service: Service
) -> None:
    world.sprint()
    story = world.story(4, "Summarise uploaded contracts", ROW)
    world.usage(story, at(10, 10), calls=700, tokens=(6000, 500))
    world.close()
    line = Desk(service).story_line("acme", story.lower())
    assert line is not None
    assert (line.actual.calls, line.url) == (700, f"https://acme.example.com/browse/{story}")
    assert Desk(service).story_line("acme", "SHOP-999") is None

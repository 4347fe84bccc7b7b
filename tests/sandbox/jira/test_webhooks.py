"""Webhooks: bodies, signatures, filters, retries and bad weather."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from integration.sandbox.jira.delivery import signature
from tests.sandbox.jira.steps import adf
from tests.small_server import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.sandbox.jira.config import JiraConfig
    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer
    from tests.sandbox.jira.steps import MovingClock, Rest

SECRET = "It's a Secret to Everybody"
EVERYTHING = [
    "jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created",
    "comment_updated", "sprint_created", "sprint_started", "sprint_closed", "issue_property_set",
]  # fmt: skip


@dataclass
class Receiver:
    """What came in, and what to answer next (200 when nothing is planned)."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def bodies(self, event: str = "") -> list[dict[str, Any]]:
        found = [json.loads(raw) for _, raw in self.received]
        return [body for body in found if event in ("", body["webhookEvent"])]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    box = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            box.received.append((dict(self.headers), raw))
            self.send_response(box.answers.pop(0) if box.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with answering(Handler) as address:
        box.url = f"{address}/hook"
        yield box


def register(rest: Rest, url: str, jql: str = "", **more: Any) -> Any:
    body = {
        "name": "StoryMeter",
        "url": url,
        "events": EVERYTHING,
        "filters": {"issue-related-events-section": jql},
        "secret": SECRET,
    }
    return rest("POST", "/rest/webhooks/1.0/webhook", body | more, expect=201)


def settle(server: RunningServer[Site]) -> None:
    assert server.app.extensions["jira-webhooks"].courier.settle()


def test_the_signature_is_that_of_atlassians_example() -> None:
    expected = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    assert signature(SECRET, b"Hello World!") == expected


def test_an_edit_arrives_signed_in_the_form_of_version_2(
    rest: Rest, receiver: Receiver, server: RunningServer[Site], clock: MovingClock
) -> None:
    shown = register(rest, receiver.url)
    assert shown["isSigned"] is True
    assert "secret" not in shown
    field_id = rest.number_field()
    key = rest.story(description=adf("Uses a *model*"), labels=["ai"])
    clock.move(minutes=1)
    rest("PUT", f"/rest/api/3/issue/{key}", {"fields": {field_id: 1.5}})
    settle(server)
    created, updated = receiver.bodies()
    assert created["issue_event_type_name"] == "issue_created"
    assert "changelog" not in created
    headers, raw = receiver.received[1]
    assert headers["X-Hub-Signature"] == signature(SECRET, raw)
    assert "X-Atlassian-Webhook-Retry" not in headers
    assert headers["X-Atlassian-Webhook-Flow"] == "Primary"
    assert updated["timestamp"] == 1793610060000
    assert updated["user"]["accountId"] == "557058:storymeter"
    assert updated["issue"]["fields"]["description"] == "Uses a \\*model\\*"
    assert updated["issue"]["self"].endswith("/rest/api/2/issue/10000")
    (item,) = updated["changelog"]["items"]
    assert (item["fieldId"], item["fieldtype"], item["toString"]) == (field_id, "custom", "1.5")


def test_a_sprint_tells_neither_user_nor_project(
    rest: Rest, receiver: Receiver, server: RunningServer[Site]
) -> None:
    register(rest, receiver.url)
    sprint_id = rest.sprint()
    rest("POST", f"/rest/agile/1.0/sprint/{sprint_id}", {"state": "closed"})
    settle(server)
    names = [body["webhookEvent"] for body in receiver.bodies()]
    assert names == ["sprint_created", "sprint_started", "sprint_closed"]
    closed = receiver.bodies()[2]
    assert set(closed) == {"timestamp", "webhookEvent", "sprint"}
    assert closed["sprint"]["originBoardId"] == 1
    assert closed["sprint"]["completeDate"] == "2026-11-02T09:00:00.000Z"


def test_comments_and_moves_into_a_sprint_are_told(
    rest: Rest, receiver: Receiver, server: RunningServer[Site]
) -> None:
    register(rest, receiver.url)
    key = rest.story()
    sprint_id = rest.sprint()
    rest("POST", f"/rest/agile/1.0/sprint/{sprint_id}/issue", {"issues": [key]})
    rest("POST", f"/rest/api/3/issue/{key}/comment", {"body": adf("4 USD")})
    rest("DELETE", f"/rest/api/3/issue/{key}")
    settle(server)
    (item,) = receiver.bodies("jira:issue_updated")[0]["changelog"]["items"]
    assert (item["field"], item["from"], item["to"]) == ("Sprint", "", str(sprint_id))
    assert receiver.bodies("comment_created")[0]["comment"]["body"] == "4 USD"
    assert receiver.bodies("jira:issue_deleted")[0]["issue"]["key"] == key


def test_the_filter_decides_which_issues_are_told(
    rest: Rest, receiver: Receiver, server: RunningServer[Site]
) -> None:
    register(rest, receiver.url + "/{issue.key}", "project = SHOP AND labels = ai")
    register(rest, receiver.url, "project = SHOP AND labels = ai", events=["comment_created"])
    rest.story("Without")
    key = rest.story("With", labels=["ai"])
    settle(server)
    assert [body["issue"]["key"] for body in receiver.bodies()] == [key]
    wrong = {"name": "x", "url": receiver.url, "events": [], "filters": {
        "issue-related-events-section": "universe = 42"}}  # fmt: skip
    rest("POST", "/rest/webhooks/1.0/webhook", wrong, expect=400)


def test_a_failing_receiver_is_tried_again_with_the_same_identifier(
    rest: Rest, receiver: Receiver, server: RunningServer[Site]
) -> None:
    register(rest, receiver.url)
    receiver.answers = [503, 429]
    rest.story()
    settle(server)
    headers = [sent for sent, _ in receiver.received]
    assert len({sent["X-Atlassian-Webhook-Identifier"] for sent in headers}) == 1
    assert [sent.get("X-Atlassian-Webhook-Retry") for sent in headers] == [None, "1", "2"]
    (entry,) = rest("GET", "/_sandbox/deliveries")["deliveries"]
    assert entry["state"] == "delivered"
    assert [attempt["status"] for attempt in entry["attempts"]] == [503, 429, 200]


@pytest.mark.parametrize(
    ("answers", "state", "attempts"),
    [([400], "dropped", 1), ([302], "dropped", 1), ([401], "dropped", 1), ([500] * 9, "failed", 6)],
)
def test_a_refusal_is_final_and_five_retries_are_the_most(
    rest: Rest,
    receiver: Receiver,
    server: RunningServer[Site],
    *,
    answers: list[int],
    state: str,
    attempts: int,
) -> None:
    register(rest, receiver.url)
    receiver.answers = list(answers)
    rest.story()
    settle(server)
    (entry,) = rest("GET", "/_sandbox/deliveries")["deliveries"]
    assert (entry["state"], len(entry["attempts"])) == (state, attempts)


def test_nobody_there_counts_as_a_failure(rest: Rest, server: RunningServer[Site]) -> None:
    register(rest, "http://127.0.0.1:9/hook")
    rest.story()
    settle(server)
    (entry,) = rest("GET", "/_sandbox/deliveries")["deliveries"]
    assert entry["state"] == "failed"
    assert entry["attempts"][0] == {
        "at": "2026-11-02T09:00:00.000+0000", "status": None, "error": "ConnectionError"
    }  # fmt: skip


def test_webhooks_can_be_switched_off_and_doubled_and_reordered(
    rest: Rest, receiver: Receiver, server: RunningServer[Site]
) -> None:
    register(rest, receiver.url)
    rest("POST", "/_sandbox/webhooks", {"enabled": False})
    rest.story("Lost")
    rest("POST", "/_sandbox/webhooks", {"enabled": True, "duplicate": True})
    rest.story("Twice")
    settle(server)
    assert [body["issue"]["key"] for body in receiver.bodies()] == ["SHOP-2", "SHOP-2"]
    identifiers = {sent["X-Atlassian-Webhook-Identifier"] for sent, _ in receiver.received}
    assert len(identifiers) == 1
    receiver.received.clear()
    rest("POST", "/_sandbox/webhooks", {"duplicate": False, "reorder": True})
    for name in ("One", "Two"):
        rest.story(name)
    settle(server)
    arrived = [body["issue"]["key"] for body in receiver.bodies()]
    assert arrived == ["SHOP-4", "SHOP-3"]


def oauth(rest: Rest, config: JiraConfig) -> dict[str, str]:
    """Go through the consent and return the tokens."""
    query = (
        f"?client_id={config.oauth_client_id}&scope=read:jira-work%20offline_access"
        "&redirect_uri=http://127.0.0.1/cb&state=s1&response_type=code"
    )
    answer = rest.answer("GET", "/authorize" + query)
    assert answer.status_code == 302
    code = answer.headers["Location"].split("code=")[1]
    return token(rest, config, grant_type="authorization_code", code=code)


def token(rest: Rest, config: JiraConfig, expect: int = 200, **given: str) -> dict[str, str]:
    client = {"client_id": config.oauth_client_id, "client_secret": config.oauth_client_secret}
    found: dict[str, str] = rest("POST", "/oauth/token", client | given, expect=expect)
    return found


def test_only_apps_register_dynamic_webhooks_and_get_a_signed_bearer(
    rest: Rest,
    receiver: Receiver,
    server: RunningServer[Site],
    config: JiraConfig,
    clock: MovingClock,
) -> None:
    body = {
        "url": receiver.url,
        "webhooks": [{"events": ["jira:issue_created"], "jqlFilter": "project = SHOP"}],
    }
    rest("POST", "/rest/api/3/webhook", body, expect=403)
    bearer = {"Authorization": "Bearer " + oauth(rest, config)["access_token"]}
    app: dict[str, Any] = {"auth": None, "headers": bearer}
    prefix = f"/ex/jira/{config.cloud_id}/rest/api/3/webhook"
    made = rest("POST", prefix, body, **app)["webhookRegistrationResult"]
    assert made == [{"createdWebhookId": 1}]
    rest.story()
    settle(server)
    (headers, raw) = receiver.received[0]
    assert json.loads(raw)["matchedWebhookIds"] == [1]
    head, claims, mac = headers["Authorization"].removeprefix("Bearer ").split(".")
    expected = hmac.new(
        config.oauth_client_secret.encode(), f"{head}.{claims}".encode(), hashlib.sha256
    ).digest()
    assert base64.urlsafe_b64decode(mac + "=") == expected
    assert rest("GET", prefix, **app)["values"][0]["expirationDate"] == 1796202000000
    clock.move(minutes=30)
    refreshed = rest("PUT", prefix + "/refresh", {"webhookIds": [1]}, **app)
    assert refreshed == {"expirationDate": 1796203800000}
    clock.move(days=31)
    rest.story("After thirty days")
    settle(server)
    assert len(receiver.received) == 1


def test_a_refresh_token_works_once(rest: Rest, config: JiraConfig, clock: MovingClock) -> None:
    first = oauth(rest, config)
    second = token(rest, config, grant_type="refresh_token", refresh_token=first["refresh_token"])
    token(rest, config, 403, grant_type="refresh_token", refresh_token=first["refresh_token"])
    app: dict[str, Any] = {
        "auth": None, "headers": {"Authorization": "Bearer " + second["access_token"]}
    }  # fmt: skip
    sites = rest("GET", "/oauth/token/accessible-resources", **app)
    assert sites[0]["id"] == config.cloud_id
    path = f"/ex/jira/{config.cloud_id}/rest/api/3/myself"
    assert rest("GET", path, **app)["accountId"] == config.account_id
    clock.move(hours=1)
    rest("GET", path, expect=401, **app)

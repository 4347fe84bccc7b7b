"""Only requests that Slack signed lately reach a listener."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from slack_bolt import App, BoltRequest
from slack_sdk.signature import SignatureVerifier

from integration.foundation.clock import FixedClock
from integration.slack.connection import SlackConnection
from integration.slack.interactions import build_bolt
from tests.adapters.slack.acme_desk import AcmeDesk

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
CONNECTION = SlackConnection("acme", "http://127.0.0.1:9/api", "xoxb", "secret", "T0ACME", "C0")
BODY = json.dumps(
    {
        "type": "event_callback",
        "team_id": "T0ACME",
        "event_id": "Ev1",
        "event": {"type": "reaction_added", "user": "U0ANN"},
    }
)


@pytest.fixture
def desk() -> AcmeDesk:
    return AcmeDesk()


@pytest.fixture
def bolt(desk: AcmeDesk) -> App:
    return build_bolt(CONNECTION, desk, FixedClock(NOW))


def sent(
    body: str = BODY,
    secret: str = "secret",
    at: datetime = NOW,
    headers: dict[str, str] | None = None,
) -> BoltRequest:
    """Sign a request; given headers replace the right ones."""
    timestamp = str(int(at.timestamp()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=timestamp, body=body)
    right = {
        "content-type": "application/json",
        "x-slack-request-timestamp": timestamp,
        "x-slack-signature": signature or "",
    }
    return BoltRequest(body=body, headers={**right, **(headers or {})})


def test_a_request_signed_now_by_the_installations_clock_is_accepted(bolt: App) -> None:
    assert bolt.dispatch(sent()).status == 200


@pytest.mark.parametrize("minutes", [-4, 4])
def test_a_few_minutes_of_difference_are_accepted(minutes: int, bolt: App) -> None:
    assert bolt.dispatch(sent(at=NOW + timedelta(minutes=minutes))).status == 200


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_replay_and_a_request_from_the_future_are_refused(minutes: int, bolt: App) -> None:
    assert bolt.dispatch(sent(at=NOW + timedelta(minutes=minutes))).status == 401


def test_another_secret_is_refused(bolt: App) -> None:
    assert bolt.dispatch(sent(secret="other")).status == 401


def test_a_changed_body_is_refused(bolt: App) -> None:
    request = sent()
    request.raw_body = BODY.replace("U0ANN", "U0BO")
    assert bolt.dispatch(request).status == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-signature": ""},
        {"x-slack-signature": "v0=ünïcode"},
        {"x-slack-request-timestamp": ""},
        {"x-slack-request-timestamp": "soon"},
        {"x-slack-request-timestamp": "-1"},
        {"x-slack-request-timestamp": "9" * 5_000},
        {"x-slack-request-timestamp": "²"},
    ],
)
def test_headers_that_make_no_sense_are_refused_and_not_an_error(
    headers: dict[str, str], bolt: App
) -> None:
    assert bolt.dispatch(sent(headers=headers)).status == 401


def test_a_request_of_another_team_reaches_no_listener(bolt: App) -> None:
    answer = bolt.dispatch(sent(BODY.replace("T0ACME", "T0OTHER")))
    assert "installation" in answer.body or "install" in answer.body


def test_slacks_question_whether_the_address_is_ours_is_answered(bolt: App) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "c1", "token": "t"})
    answer = bolt.dispatch(sent(body))
    assert (answer.status, "c1" in answer.body) == (200, True)


def test_an_event_that_slack_sends_twice_is_heard_once(bolt: App, desk: AcmeDesk) -> None:
    body = BODY.replace("reaction_added", "tokens_revoked")
    assert [bolt.dispatch(sent(body)).status for _ in range(2)] == [200, 200]
    assert bolt.dispatch(sent(body.replace("Ev1", "Ev2"))).status == 200
    bolt.listener_runner.listener_executor.shutdown(wait=True)
    assert desk.lost == ["tokens_revoked", "tokens_revoked"]
    assert desk.events == {"Ev1", "Ev2"}

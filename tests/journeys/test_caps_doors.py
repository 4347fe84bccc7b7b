"""The doors of caps: what a gateway sends and what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integration.app import app_with
from integration.foundation.clock import FixedClock
from integration.foundation.secrets import SecretBox
from integration.journeys.book_shelf import BookShelf
from integration.web.service import Service
from integration.workspaces import store as workspaces
from tests.journeys.stage import ACME, NOON, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from sqlalchemy import Engine


@pytest.fixture
def client(stage: Stage, engine: Engine) -> Iterator[FlaskClient]:
    """A gateway with a key that may do everything."""
    service = Service(
        engine=engine, transactions=stage.transactions,
        books=BookShelf(stage.transactions, stage.books),
        box=SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="), clock=FixedClock(NOON),
        public_url="http://localhost", max_body_bytes=10_000,
    )  # fmt: skip
    with stage.transactions.begin() as session:
        key = workspaces.create_key(session, ACME, "gateway", ["admin"], NOON)
    client = app_with(service).test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    yield client
    service.authorizer.stop()


def sent(**changes: Any) -> dict[str, Any]:
    """An authorization of a thousand output tokens, with changes."""
    return {
        "id": "a", "model": "gpt-4o", "provider_name": "openai", "input_tokens": 0,
        "max_output_tokens": 1000, "story_key": "SHOP-1", **changes,
    }  # fmt: skip


def test_a_call_is_held_captured_and_counted_once(client: FlaskClient, stage: Stage) -> None:
    stage.cap(1500)
    assert client.post("/v1/authorizations", json=sent()).status_code == 201
    for _ in range(2):
        answer = client.post(
            "/v1/authorizations/a/capture", json={"input_tokens": 0, "output_tokens": 400}
        )
        assert answer.json is not None
        assert answer.json["state"] == "captured"
    assert stage.stands() == (400, 0)


def test_a_denial_is_an_answer_that_names_cap_and_figures(
    client: FlaskClient, stage: Stage
) -> None:
    stage.cap(300)
    answer = client.post("/v1/authorizations", json=sent())
    assert answer.status_code == 200
    assert answer.json is not None
    assert answer.json["decision"] == "denied"
    assert answer.json["cap"] == {
        "id": "sprint-14", "reason": "cap_reached", "unit": "tokens", "limit": "300",
        "spent": "0", "held": "0", "requested": "1000",
    }  # fmt: skip
    assert "sprint-14" in answer.json["message"]


def test_the_sub_request_of_a_proxy_gets_200_or_403(client: FlaskClient, stage: Stage) -> None:
    stage.cap(1500)
    headers = {
        "X-StoryMeter-Model": "gpt-4o", "X-StoryMeter-Provider": "openai",
        "X-StoryMeter-Max-Output-Tokens": "1000", "X-StoryMeter-Story": "SHOP-1",
    }  # fmt: skip
    allowed = client.get("/v1/authorize", headers=headers)
    assert allowed.status_code == 200
    assert allowed.headers["X-StoryMeter-Authorization-Id"]
    assert client.get("/v1/authorize", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"ttl_seconds": 0}, 400), ({"input_tokens": "1"}, 400), ({"max_output_tokens": 7}, 409)],
)
def test_wrong_requests_are_refused_with_their_status(
    client: FlaskClient, changes: dict[str, Any], status: int
) -> None:
    client.post("/v1/authorizations", json=sent())
    assert client.post("/v1/authorizations", json=sent(**changes)).status_code == status


def test_without_max_tokens_the_answer_says_what_was_held(client: FlaskClient) -> None:
    body = sent()
    del body["max_output_tokens"]
    answer = client.post("/v1/authorizations", json=body)
    assert answer.json is not None
    assert answer.json["assumptions"] == ["max_output_tokens:model_maximum:128000"]


def test_a_cap_is_set_raised_and_removed(client: FlaskClient) -> None:
    cap = {
        "id": "c", "scope": {"kind": "sprint", "value": "14"}, "unit": "usd", "limit": "10.50"
    }  # fmt: skip
    assert client.post("/v1/caps", json=cap).status_code == 201
    assert client.post("/v1/caps", json=cap | {"limit": "0"}).status_code == 400
    unknown = {"scope": {"kind": "planet", "value": "14"}}
    assert client.post("/v1/caps", json=cap | unknown).status_code == 400
    raised = client.post("/v1/caps/c/raise", json={"limit": "12", "reason": "agreed"})
    assert raised.json is not None
    assert raised.json["limit"] == "12"
    assert client.delete("/v1/caps/c").status_code == 204
    assert client.get("/v1/caps/c").status_code == 404

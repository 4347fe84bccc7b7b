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


def refusal(answer: Any) -> tuple[int, str, list[str]]:
    """Status, code, and the fields that are named."""
    body = answer.get_json()
    return answer.status_code, body["code"], [each["pointer"] for each in body.get("errors", [])]


@pytest.mark.parametrize("limit", ["0", "-1", "0.0000000001"])
def test_a_limit_that_is_not_above_nothing_is_refused(client: FlaskClient, limit: str) -> None:
    cap = {"id": "c", "scope": {"kind": "sprint", "value": "14"}, "limit": limit}
    assert refusal(client.post("/v1/caps", json=cap)) == (400, "invalid_input", ["/limit"])


def test_an_unknown_scope_is_refused(client: FlaskClient) -> None:
    cap = {"id": "c", "scope": {"kind": "planet", "value": "mars"}, "limit": "1"}
    assert refusal(client.post("/v1/caps", json=cap)) == (400, "invalid_input", ["/scope/kind"])
    cap["scope"] = {"kind": "sprint", "value": "99"}
    assert refusal(client.post("/v1/caps", json=cap)) == (400, "invalid_input", ["/scope_value"])


def test_an_authorization_of_a_closed_sprint_is_refused(client: FlaskClient, stage: Stage) -> None:
    stage.sprint(state="closed", completed_at=NOON)
    assert refusal(client.post("/v1/authorizations", json=sent())) == (
        400, "invalid_input", ["/story_key"],
    )  # fmt: skip


def test_an_id_used_again_for_another_amount_is_a_conflict(client: FlaskClient) -> None:
    assert client.post("/v1/authorizations", json=sent()).status_code == 201
    assert client.post("/v1/authorizations", json=sent()).status_code == 201
    again = client.post("/v1/authorizations", json=sent(max_output_tokens=7))
    assert refusal(again) == (409, "conflict", [])


@pytest.mark.parametrize("seconds", [0, -1, 86_401])
def test_a_hold_that_ends_out_of_range_is_refused(client: FlaskClient, seconds: int) -> None:
    answer = client.post("/v1/authorizations", json=sent(ttl_seconds=seconds))
    assert refusal(answer) == (400, "invalid_input", ["/ttl_seconds"])


def test_a_number_written_as_text_is_refused(client: FlaskClient) -> None:
    answer = client.post("/v1/authorizations", json=sent(input_tokens="1"))
    assert refusal(answer) == (400, "invalid_input", ["/input_tokens"])


def test_without_max_tokens_the_answer_says_what_was_held(client: FlaskClient) -> None:
    body = sent()
    del body["max_output_tokens"]
    answer = client.post("/v1/authorizations", json=body)
    assert answer.json is not None
    assert answer.json["assumptions"] == ["max_output_tokens:model_maximum:128000"]


def test_without_max_tokens_a_model_of_unknown_maximum_is_refused(client: FlaskClient) -> None:
    body = sent(model="acme-router-7", provider_name="")
    del body["max_output_tokens"]
    answer = client.post("/v1/authorizations", json=body)
    assert refusal(answer) == (400, "invalid_input", ["/max_output_tokens"])


def test_a_cap_is_set_raised_and_removed(client: FlaskClient) -> None:
    cap = {
        "scope": {"kind": "team", "value": "assist"}, "sprint_id": 14, "limit": "10.5",
        "carry_over": "unspent", "reserve_pct": 10, "separate_approver": False,
    }  # fmt: skip
    made = client.post("/v1/caps", json=cap)
    assert made.status_code == 201
    assert made.json is not None
    assert {name: made.json[name] for name in cap} == cap
    assert made.json["id"] == "team-assist-sprint-14"
    address = "/v1/caps/team-assist-sprint-14"
    raised = client.post(f"{address}/raise", json={"limit": "12", "reason": "agreed"})
    assert raised.json is not None
    assert (raised.json["limit"], raised.json["request"]["state"]) == ("12", "granted")
    assert client.delete(f"{address}?reason=over").status_code == 204
    assert client.get(address).status_code == 404


def test_a_raise_for_a_time_and_one_that_waits_over_the_api(client: FlaskClient) -> None:
    cap = {"id": "c", "scope": {"kind": "sprint", "value": "14"}, "limit": "10"}
    client.post("/v1/caps", json=cap)
    until = "2026-11-20T18:00:00+00:00"
    wrong = client.post("/v1/caps/c/raise", json={"limit": "9", "reason": ""})
    assert refusal(wrong) == (400, "invalid_input", ["/reason", "/limit"])
    raised = client.post("/v1/caps/c/raise", json={"limit": "12", "reason": "x", "until": until})
    assert raised.json is not None
    assert (raised.json["raised_until"], raised.json["limit_after"]) == (until, "10")
    client.post("/v1/caps", json=cap | {"separate_approver": True})
    asked = client.post("/v1/caps/c/raise", json={"limit": "12", "reason": "x", "id": "r1"})
    assert asked.status_code == 202
    waiting = client.get("/v1/cap-raise-requests").get_json()["requests"]
    assert [(each["id"], each["limit"]) for each in waiting] == [("r1", "12")]
    grant = client.post("/v1/cap-raise-requests/r1/grant", json={})
    assert refusal(grant) == (403, "not_permitted", [])
    declined = client.post("/v1/cap-raise-requests/r1/decline", json={"reason": "no"})
    assert declined.get_json()["request"]["state"] == "declined"
    assert client.get("/v1/cap-raise-requests?state=maybe").status_code == 400

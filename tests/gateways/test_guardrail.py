"""LiteLLM's generic guardrail: what it sends, what it is told, and what is never kept of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import text

from integration.metering import store as metering
from integration.metering.attribution import AttributionRule
from integration.web.litellm_guardrail import SentGuardrailCall, most_tokens

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from tests.doors.worlds import World

DOOR = "/beta/litellm_basic_guardrail_api"
PROMPT = "the merger with Umbrella is off"


def call(**changes: Any) -> dict[str, Any]:
    """What LiteLLM sends before a call of gpt-4o-mini for SHOP-1."""
    return {
        "input_type": "request", "litellm_call_id": "call-1", "model": "gpt-4o-mini",
        "texts": [PROMPT], "structured_messages": [{"role": "user", "content": PROMPT}],
        "images": None, "tools": None, "tool_calls": None, "litellm_version": "1.106.2",
        "request_data": {"user_api_key_hash": "88dc28d0", "user_api_key_user_id": "u"},
        "request_headers": {"x-litellm-tags": "jira:SHOP-1", "authorization": "[present]"},
        "additional_provider_specific_params": {"max_output_tokens": 400}, **changes,
    }  # fmt: skip


@pytest.fixture
def gateway(client: FlaskClient, stage: World) -> FlaskClient:
    """LiteLLM, which sends its key as `x-api-key`."""
    client.environ_base["HTTP_X_API_KEY"] = stage.key("litellm", "authorize", "ingest", "read")
    return client


def asked(gateway: FlaskClient, **changes: Any) -> dict[str, Any]:
    answer = gateway.post(DOOR, json=call(**changes))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json or {}
    return body


def stands(gateway: FlaskClient, cap_id: str) -> tuple[str, str]:
    found = gateway.get(f"/v1/caps/{cap_id}").json
    assert found is not None
    return found["spent"], found["held"]


def test_a_call_under_the_cap_goes_through_and_is_held(gateway: FlaskClient, stage: World) -> None:
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens")
    assert asked(gateway) == {"action": "NONE"}
    # [{"role":"user","content":"the merger with Umbrella is off"}] is 62 bytes as it is sent, plus
    # the blanks that the client's JSON puts in; the answer may have 400 tokens.
    sent = len(json.dumps(call()["structured_messages"], separators=(",", ":")))
    spent, held = stands(gateway, "story")
    assert (spent, 400 + sent <= int(held) <= 400 + sent + 4) == ("0", True)


def test_a_call_over_the_cap_is_blocked_with_the_reason(gateway: FlaskClient, stage: World) -> None:
    stage.cap("story", "story", "SHOP-1", "300", unit="tokens")
    answer = asked(gateway)
    assert answer["action"] == "BLOCKED"
    for word in ("Cap story is reached", "limit 300 tokens", "spent 0 tokens", "held 0 tokens"):
        assert word in answer["blocked_reason"]
    assert PROMPT not in answer["blocked_reason"]


def test_a_rule_about_the_virtual_key_finds_the_cap(gateway: FlaskClient, stage: World) -> None:
    stage.cap("story", "story", "SHOP-1", "300", unit="tokens")
    rule = AttributionRule("key", "assist-*", "SHOP-1", None, None, "assist")
    with stage.service.transactions.begin() as session:
        metering.add_rule(
            session, stage.workspace_id, rule, by="test", now=stage.service.clock.now()
        )
    key = {"user_api_key_alias": "assist-prod", "user_api_key_hash": "88dc28d0"}
    assert asked(gateway, request_headers={}, request_data=key)["action"] == "BLOCKED"
    other = {"request_headers": {}, "request_data": {"user_api_key_alias": "x" * 250}}
    assert asked(gateway, litellm_call_id="call-2", **other) == {"action": "NONE"}


def test_the_callback_settles_what_the_guardrail_held(gateway: FlaskClient, stage: World) -> None:
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens")
    asked(gateway)
    record = {
        "id": "chatcmpl-1", "status": "success", "litellm_call_id": "call-1",
        "call_type": "acompletion", "custom_llm_provider": "openai", "model": "openai/gpt-4o-mini",
        "startTime": 1795176000.0, "prompt_tokens": 12, "completion_tokens": 34,
        "request_tags": ["jira:SHOP-1"], "metadata": {}, "messages": [{"content": PROMPT}],
    }  # fmt: skip
    answer = gateway.post("/integrations/litellm/events", json=[record])
    assert (answer.status_code, (answer.json or {})["accepted"]) == (200, 1)
    assert stands(gateway, "story") == ("46", "0")


def test_nothing_of_the_prompt_is_kept_or_logged(
    gateway: FlaskClient, stage: World, capfd: pytest.CaptureFixture[str]
) -> None:
    stage.cap("story", "story", "SHOP-1", "600", unit="tokens")
    asked(gateway)
    assert asked(gateway, litellm_call_id="call-2")["action"] == "BLOCKED"
    gateway.post(DOOR, data=json.dumps(call())[:-1])
    with stage.service.engine.connect() as connection:
        tables = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).scalars()
        for table in list(tables):
            rows = connection.execute(text(f'SELECT t::text FROM "{table}" t')).scalars().all()
            assert not [row for row in rows if "merger" in row], table
    out, err = capfd.readouterr()
    assert "merger" not in out + err


@pytest.mark.parametrize(
    "changes",
    [
        {"request_headers": {"x-jira-issue": "SHOP-1"}},
        {"request_headers": {"X-Litellm-Tags": "User-Agent: curl,jira:SHOP-1"}},
        {"request_headers": {"x-litellm-spend-logs-metadata": '{"jira_issue": "SHOP-1"}'}},
        {"request_headers": {"x-litellm-tags": "SHOP-1,jira:shop-1"}},
    ],
)
def test_the_story_stands_in_a_header(
    gateway: FlaskClient, stage: World, changes: dict[str, Any]
) -> None:
    stage.cap("story", "story", "SHOP-1", "300", unit="tokens")
    assert asked(gateway, **changes)["action"] == "BLOCKED"


def test_the_team_of_the_key_falls_under_the_teams_cap(gateway: FlaskClient, stage: World) -> None:
    stage.cap("core", "team", "core", "300", unit="tokens")
    assert asked(gateway)["action"] == "NONE"
    for owner in ({"user_api_key_team_alias": "core"}, {"user_api_key_team_id": "core"}):
        assert asked(gateway, request_data=owner, litellm_call_id="x")["action"] == "BLOCKED"


def test_the_gateways_own_name_of_a_model_is_translated(gateway: FlaskClient, stage: World) -> None:
    stage.cap("story", "story", "SHOP-1", "1")
    unknown = asked(gateway, model="fast")
    assert "no price" in unknown["blocked_reason"]
    settings = {"models": {"fast": "gpt-4o-mini"}, "max_output_tokens": 400}
    known = asked(
        gateway, model="fast", litellm_call_id="b", additional_provider_specific_params=settings
    )
    assert known == {"action": "NONE"}


def test_a_model_that_nobody_knows_is_no_reason_to_stop_where_no_cap_is(
    gateway: FlaskClient,
) -> None:
    unknown = {"model": "our-own-7b", "additional_provider_specific_params": {"tenant": "demo"}}
    assert asked(gateway, **unknown) == {"action": "NONE"}


def test_an_answer_is_not_asked_about_again(gateway: FlaskClient, stage: World) -> None:
    stage.cap("story", "story", "SHOP-1", "1", unit="tokens")
    assert asked(gateway, input_type="response") == {"action": "NONE"}


def test_an_id_that_stood_for_another_call_is_blocked_and_told_why(gateway: FlaskClient) -> None:
    asked(gateway)
    assert "used before" in asked(gateway, model="gpt-4o")["blocked_reason"]


def test_a_key_without_the_scope_does_not_ask(client: FlaskClient, stage: World) -> None:
    headers = {"x-api-key": stage.key("reader", "read")}
    assert client.post(DOOR, json=call(), headers=headers).status_code == 403


def test_the_captured_requests_are_understood(
    gateway: FlaskClient, stage: World, shared_dir: Path
) -> None:
    stage.cap("all", "workspace", "acme", "1000000", unit="tokens")
    sample = json.loads((shared_dir / "samples/litellm_generic_guardrail_request.json").read_text())
    for name in ("request", "request_with_tags_header"):
        assert gateway.post(DOOR, json=sample[name]).json == sample["response_allow"]


def test_an_image_counts_as_tokens_and_not_as_bytes() -> None:
    picture = "data:image/png;base64," + "A" * 100_000
    body = call(
        structured_messages=[{"role": "user", "content": [{"image_url": picture}]}],
        images=[picture],
    )
    found = most_tokens(msgspec.json.decode(json.dumps(body), type=SentGuardrailCall))
    assert 2_000 < found < 2_100

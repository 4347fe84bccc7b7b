"""What a proxy reads that asks by headers: a status it knows, and the reason in headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.web.decisions import header_text

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.doors.worlds import World

CALL = {
    "X-StoryMeter-Model": "gpt-4o-mini", "X-StoryMeter-Provider": "openai",
    "X-StoryMeter-Input-Tokens": "100", "X-StoryMeter-Max-Output-Tokens": "1000",
    "X-StoryMeter-Story": "SHOP-1",
}  # fmt: skip


@pytest.fixture
def proxy(client: FlaskClient, stage: World) -> FlaskClient:
    """A proxy with a key of its own."""
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {stage.key('nginx', 'authorize', 'read')}"
    return client


def test_a_denial_stands_whole_in_its_headers(proxy: FlaskClient, stage: World) -> None:
    stage.cap("story-cap", "story", "SHOP-1", "1500", unit="tokens")
    granted = proxy.get("/v1/authorize", headers=CALL | {"X-StoryMeter-Authorization-Id": "r1"})
    assert (granted.status_code, granted.headers["X-StoryMeter-Authorization-Id"]) == (200, "r1")
    denied = proxy.get("/v1/authorize", headers=CALL)
    assert denied.status_code == 403
    told = {name: denied.headers[f"X-StoryMeter-{name}"] for name in (
        "Cap", "Limit", "Spent", "Held", "Requested", "Unit", "Alternative")}  # fmt: skip
    assert told == {
        "Cap": "story-cap", "Limit": "1500", "Spent": "0", "Held": "1100", "Requested": "1100",
        "Unit": "tokens", "Alternative": "",
    }  # fmt: skip
    assert denied.headers["X-StoryMeter-Reason"] == denied.json["message"]  # type: ignore[index]


def test_the_reason_survives_a_header_in_any_unit(proxy: FlaskClient, stage: World) -> None:
    stage.cap('the "green" cap', "story", "SHOP-1", "0.000001", unit="kgco2e")
    denied = proxy.get("/v1/authorize", headers=CALL)
    reason = denied.headers["X-StoryMeter-Reason"]
    assert reason.startswith("Cap the 'green' cap is reached: limit ")
    assert "CO2e" in reason
    assert reason.isascii()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"X-StoryMeter-Max-Output-Tokens": "many"}, "must be a whole number"),
        ({"X-StoryMeter-Model": ""}, "model is required"),
        ({"X-StoryMeter-Model": "our-7b", "X-StoryMeter-Max-Output-Tokens": ""}, "max_output_toke"),
    ],
)
def test_what_the_sender_has_to_mend_is_a_403_with_its_reason(
    proxy: FlaskClient, changes: dict[str, str], reason: str
) -> None:
    answer = proxy.get("/v1/authorize", headers=CALL | changes)
    assert answer.status_code == 403
    assert reason in answer.headers["X-StoryMeter-Reason"]
    assert answer.mimetype == "application/problem+json"


def test_an_id_used_for_another_call_is_a_403(proxy: FlaskClient) -> None:
    sent = CALL | {"X-StoryMeter-Authorization-Id": "r1"}
    assert proxy.get("/v1/authorize", headers=sent).status_code == 200
    answer = proxy.get("/v1/authorize", headers=sent | {"X-StoryMeter-Input-Tokens": "7"})
    assert answer.status_code == 403
    assert "used before" in answer.headers["X-StoryMeter-Reason"]


def test_a_wrong_key_is_not_mistaken_for_a_cap(client: FlaskClient, stage: World) -> None:
    answer = client.get("/v1/authorize", headers=CALL | {"Authorization": "Bearer smk_guessed"})
    assert answer.status_code == 401
    assert "X-StoryMeter-Reason" not in answer.headers


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ('a "b" \\c', "a 'b' /c"),
        ("one\r\nX-Evil: 1", "one X-Evil: 1"),
        ("Größe – 2 m²", "Groe 2 m2"),
    ],
)
def test_a_header_is_one_line_of_ascii_without_quotes(text: str, header: str) -> None:
    assert header_text(text) == header

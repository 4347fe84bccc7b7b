"""The nginx configuration of docs/connect, in a real nginx before the running web app."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import requests
from flask import Flask, request

from benchmarks import nginx
from integration.sandbox.server import serve
from tests.gateways.conftest import stands

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.doors.worlds import World
    from tests.gateways.conftest import Between

SECRET = "sk-caller"
CALL = {
    "X-Jira-Issue": "SHOP-1", "X-StoryMeter-Model": "gpt-4o-mini",
    "X-StoryMeter-Max-Output-Tokens": "500", "Authorization": f"Bearer {SECRET}",
    "Content-Type": "application/json",
}  # fmt: skip
PROMPT = json.dumps({"messages": [{"role": "user", "content": "tell nobody of the merger"}]})
ID = "X-StoryMeter-Authorization-Id"


def models() -> Flask:
    """Models that say what reached them; one of their paths is forbidden by themselves."""
    app = Flask("models")

    @app.post("/v1/chat")
    def chat() -> Any:
        return {"said": request.get_data(as_text=True), "headers": dict(request.headers)}

    @app.post("/v1/forbidden")
    def forbidden() -> Any:
        return {"error": "not for you"}, 403

    return app


@contextmanager
def gateway(served: str, key: str, folder: Path, *, fails_open: bool = False) -> Iterator[str]:
    try:
        nginx.program()
    except nginx.NotInstalled as why:
        pytest.skip(str(why))
    with (
        serve(models(), None) as behind,
        nginx.running(folder, served, behind.base_url, key, fails_open=fails_open) as url,
    ):
        yield url


def post(url: str, path: str = "/v1/chat", **headers: str) -> requests.Response:
    return requests.post(url + path, data=PROMPT, headers=CALL | headers, timeout=20)


def test_a_call_is_held_passed_on_captured_and_stopped_at_the_cap(
    stage: World, served: str, between: Between, tmp_path: Path
) -> None:
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens")
    with gateway(served, stage.key("nginx", "authorize"), tmp_path) as url:
        allowed = post(url)
        assert allowed.status_code == 200
        held = 500 + len(PROMPT)
        assert stands(stage, "story") == (0, held)
        assert allowed.json()["said"] == PROMPT
        assert allowed.json()["headers"]["X-Storymeter-Authorization-Id"] == allowed.headers[ID]

        denied = post(url)
        assert denied.status_code == 403
        said = denied.json()["error"]
        assert said.pop("message").startswith("Cap story is reached: limit 1,000 tokens, spent 0")
        assert said == {
            "type": "cap", "cap": "story", "unit": "tokens", "limit": "1000", "spent": "0",
            "held": str(held), "alternative": "",
        }  # fmt: skip

        headers = {"Authorization": f"Bearer {stage.key('caller', 'authorize')}"}
        captured = requests.post(
            f"{served}/v1/authorizations/{allowed.headers[ID]}/capture", headers=headers,
            json={"input_tokens": 9, "output_tokens": 41}, timeout=20,
        )  # fmt: skip
        assert captured.status_code == 200
        assert stands(stage, "story") == (50, 0)
        assert post(url).status_code == 200
    told = " ".join(between.heads) + b"".join(between.bodies).decode()
    assert SECRET not in told
    assert "merger" not in told


def test_what_the_caller_has_to_mend_and_what_the_models_refuse_is_told_apart(
    stage: World, served: str, tmp_path: Path
) -> None:
    with gateway(served, stage.key("nginx", "authorize"), tmp_path) as url:
        mend = post(url, **{"X-StoryMeter-Model": ""})
        assert (mend.status_code, mend.json()["error"]["message"]) == (403, "model is required")
        theirs = post(url, "/v1/forbidden")
        assert (theirs.status_code, theirs.json()) == (403, {"error": "not for you"})
        pieces = iter([PROMPT.encode()])  # Of unstated length: nobody could say what it may cost.
        unstated = requests.post(url + "/v1/chat", data=pieces, headers=CALL, timeout=20)
        assert unstated.status_code == 411


@pytest.mark.parametrize(("fails_open", "status"), [(False, 503), (True, 200)])
def test_without_an_answer_it_does_what_it_was_told_to(
    stage: World, served: str, between: Between, tmp_path: Path, fails_open: bool, status: int
) -> None:
    stage.cap("story", "story", "SHOP-1", "1000", unit="tokens")
    key = stage.key("nginx", "authorize")
    with gateway(served, key, tmp_path, fails_open=fails_open) as url:
        between.refuse["/v1/authorize"] = "503 Service Unavailable"
        assert post(url).status_code == status
        del between.refuse["/v1/authorize"]
        assert [post(url).status_code for _ in range(2)] == [200, 403]
    with gateway("http://127.0.0.1:9", key, tmp_path / "away", fails_open=fails_open) as url:
        assert post(url).status_code == status


def test_a_key_that_storymeter_does_not_know_is_the_gateways_fault_and_not_the_callers(
    stage: World, served: str, tmp_path: Path
) -> None:
    with gateway(served, "smk_guessed", tmp_path) as url:
        answer = post(url)
        assert (answer.status_code, answer.json()["error"]["type"]) == (503, "storymeter_away")

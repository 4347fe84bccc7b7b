"""`/v1/retraining-checks`: decisions are kept, repeated questions get the first answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.doors.worlds import World

USUAL = {"improvement": 0.1, "list_cost_usd": "20", "location_based_kgco2e": "4"}
GOOD = {
    "id": "week-46", "subject": "Demand forecast", "incumbent_error": 10, "candidate_error": 8,
    "list_cost_usd": "20", "location_based_kgco2e": "4", "reference": USUAL,
}  # fmt: skip


@pytest.fixture
def ask(client: FlaskClient, world: World) -> Any:
    key = world.key("pipeline", "authorize", "read")
    headers = {"Authorization": f"Bearer {key}"}

    def send(body: Any, path: str = "/v1/retraining-checks") -> TestResponse:
        return client.post(path, json=body, headers=headers)

    def checks() -> Any:
        body: Any = client.get("/v1/retraining-checks", headers=headers).json
        return body["checks"]

    send.checks = checks  # type: ignore[attr-defined]  # Reads as ask.checks().
    return send


def test_a_worthwhile_retraining_is_go_and_is_kept(ask: Any) -> None:
    answer = ask(GOOD)

    assert answer.status_code == 201, answer.json
    # Improvement 1 − 8/10 = 0.2, twice the usual 0.1: benefit 2. Cost ½·20/20 + ½·4/4 = 1.
    # Efficiency 2 / (2 + 1) = 0.667 ≥ 0.33.
    assert answer.json["decision"] == "go"
    assert (answer.json["benefit"], answer.json["cost"]) == (2.0, 1.0)
    assert answer.json["efficiency"] == pytest.approx(0.6667)
    assert [check["id"] for check in ask.checks()] == ["week-46"]


def test_too_dear_for_its_benefit_is_no_go_with_the_reason(ask: Any) -> None:
    # Improvement 0.02: benefit 0.2. Cost ½·60/20 + ½·4/4 = 2. Efficiency 0.2 / 2.2 = 0.0909.
    answer = ask(GOOD | {"candidate_error": 9.8, "list_cost_usd": "60"})

    assert answer.status_code == 201
    assert answer.json["decision"] == "no_go"
    assert answer.json["efficiency"] == pytest.approx(0.0909)
    assert "below 0.33" in answer.json["reason"]


def test_the_same_question_again_is_asked_once(ask: Any) -> None:
    first = ask(GOOD).json
    assert ask(GOOD).json == first
    assert len(ask.checks()) == 1
    assert ask(GOOD | {"candidate_error": 5}).status_code == 409


def test_the_first_check_needs_a_reference_and_later_ones_take_it_over(ask: Any) -> None:
    without = {name: value for name, value in GOOD.items() if name != "reference"}
    refused = ask(without)
    assert refused.status_code == 400
    assert refused.json["errors"][0]["pointer"] == "/reference"
    ask(GOOD)
    assert ask(without | {"id": "week-47"}).json["reference"] == {
        "improvement": 0.1, "list_cost_usd": "20", "location_based_kgco2e": "4",
    }  # fmt: skip


@pytest.mark.parametrize("change", [
    {"incumbent_error": 0}, {"candidate_error": -1}, {"list_cost_usd": "-1"},
    {"reference": USUAL | {"improvement": 0}},
])  # fmt: skip
def test_numbers_that_cannot_be_are_refused(ask: Any, change: dict[str, Any]) -> None:
    assert ask(GOOD | change).status_code == 400
    assert ask.checks() == []


def test_eight_results_tune_the_threshold(ask: Any) -> None:
    # Eight retrainings with efficiency 0.667 of which each really brought nothing: benefit 0,
    # cost 1. Under λ = 0.33 and 0.165 all are done and lose; at 0.495 they still are (0.667), so
    # no rival brings more and the threshold stays.
    for number in range(8):
        ask(GOOD | {"id": f"week-{number}"})
        result = ask({"realised_error": 10}, f"/v1/retraining-checks/week-{number}/result")
        assert result.json["realised_benefit"] == 0
    assert result.json["threshold"] == 0.33


def test_eight_poor_results_near_the_threshold_raise_it(ask: Any) -> None:
    # Benefit 0.7 foreseen, cost 1: efficiency 0.7 / 1.7 = 0.412, go at 0.33. Each brings 0, so
    # each loses ρ · 1. At 0.33 · 1.5 = 0.495 none would have been done: that brings most.
    for number in range(8):
        ask(GOOD | {"id": f"week-{number}", "candidate_error": 9.3})
        result = ask({"realised_error": 10}, f"/v1/retraining-checks/week-{number}/result")
    assert result.json["threshold"] == pytest.approx(0.495)
    again = ask(GOOD | {"id": "week-9", "candidate_error": 9.3}).json
    assert (again["decision"], again["threshold"]) == ("no_go", 0.495)


def test_a_result_is_told_once_and_of_a_known_check(ask: Any) -> None:
    ask(GOOD)
    path = "/v1/retraining-checks/week-46/result"
    assert ask({"realised_error": 9}, path).json["realised_benefit"] == pytest.approx(1.0)
    assert ask({"realised_error": 9}, path).status_code == 409
    unknown = ask({"realised_error": 9}, "/v1/retraining-checks/never/result")
    assert unknown.status_code == 404

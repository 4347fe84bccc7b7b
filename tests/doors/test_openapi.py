"""/openapi.json against the routes there are, and against what they really answer."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from integration.web.access import MARK
from tests.doors import worlds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.doors.worlds import World

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The description as it is served."""
    answer = client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.text)
    return found


def machine_routes(app: Flask) -> dict[tuple[str, str], str]:
    """Return method and path of every route that is not for people, with its mark."""
    found = {}
    for rule in app.url_map.iter_rules():
        mark = getattr(app.view_functions[rule.endpoint], MARK, "")
        if mark.startswith("people:") or rule.rule.startswith(("/assets/", "/sign")):
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in METHODS & {each.lower() for each in rule.methods or ()}:
            found[method, path] = mark
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (method, path), operation


def test_every_route_is_described_and_every_description_has_a_route(
    app: Flask, document: dict[str, Any]
) -> None:
    assert {door for door, _ in operations(document)} == set(machine_routes(app))


def test_the_described_access_is_the_real_one(app: Flask, document: dict[str, Any]) -> None:
    real = machine_routes(app)
    for door, operation in operations(document):
        kind, _, who = real[door].partition(":")
        security = operation["security"]
        if kind == "open":
            assert security == [], door
        elif kind == "key":
            assert security == [{"bearer": [who]}, {"header": [who]}], door
        else:
            assert security == [{who: []}], door


def test_every_reference_leads_somewhere_and_every_schema_is_one(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for reference in set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text)):
        assert reference in document["components"]["schemas"]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_operation_says_what_openapi_asks_for(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    for (_, path), operation in operations(document):
        assert operation["summary"]
        assert operation["responses"]
        in_path = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        for status, response in operation["responses"].items():
            assert response["description"]
            if status[0] in "45" and status != "403":
                assert "application/problem+json" in response["content"]


def check(document: dict[str, Any], method: str, path: str, status: int, body: object) -> None:
    """Hold an answer to the schema of its door and status."""
    content = document["paths"][path][method]["responses"][str(status)]["content"]
    schema = next(iter(content.values()))["schema"]
    whole = {**schema, "components": document["components"]}
    Draft202012Validator(whole).validate(body)


def test_an_address_that_names_nothing_is_described(document: dict[str, Any]) -> None:
    """A number that is none, or another name than any: found by fuzzing."""
    named = [
        (path, method, door["responses"])
        for path, doors in document["paths"].items()
        for method, door in doors.items()
        if "{" in path and method in {"get", "post", "put", "patch", "delete"}
    ]
    assert len(named) >= 10
    assert [door[:2] for door in named if "404" not in door[2]] == []


def test_answers_are_as_described(
    client: FlaskClient, world: World, document: dict[str, Any]
) -> None:
    worlds.over_cap(world)
    sent = {"Authorization": f"Bearer {world.key('all', 'admin')}"}
    ask = {"id": "call-9", "model": "gpt-4o", "input_tokens": 10, "max_output_tokens": 5}
    event = {"request_model": "gpt-4o", "input_tokens": 9, "output_tokens": 3, "event_id": "e1"}
    cap = {"id": "c", "scope": {"kind": "team", "value": "x"}, "unit": "usd", "limit": "3"}
    unknown = {**event, "event_id": "e2", "prompt_tokens": 5}
    steps: list[tuple[str, str, str, object, int]] = [
        ("get", "/v1/caps", "/v1/caps", None, 200),
        ("get", "/v1/caps/{cap_id}", "/v1/caps/sprint-14", None, 200),
        ("get", "/v1/caps/{cap_id}", "/v1/caps/none", None, 404),
        ("post", "/v1/caps", "/v1/caps", cap, 201),
        ("post", "/v1/caps", "/v1/caps", {**cap, "limit": "-1"}, 400),
        ("post", "/v1/caps/{cap_id}/raise", "/v1/caps/c/raise", {"limit": "9", "reason": "r"}, 200),
        ("get", "/v1/sprints", "/v1/sprints", None, 200),
        ("get", "/v1/sprints/{sprint_id}", "/v1/sprints/14", None, 200),
        ("get", "/v1/sprints/{sprint_id}", "/v1/sprints/99", None, 404),
        ("get", "/v1/stories/{story_key}", "/v1/stories/SHOP-4", None, 200),
        ("get", "/v1/stories/{story_key}", "/v1/stories/SHOP-3", None, 200),
        ("get", "/v1/workspaces/current", "/v1/workspaces/current", None, 200),
        ("post", "/v1/authorizations", "/v1/authorizations", ask, 201),
        (
            "post", "/v1/authorizations", "/v1/authorizations",
            {**ask, "id": "call-10", "story_key": "SHOP-4"}, 200,
        ),
        (
            "post", "/v1/authorizations/{authorization_id}/void",
            "/v1/authorizations/call-9/void", None, 200,
        ),
        ("post", "/v1/usage-events", "/v1/usage-events", {"events": [event, unknown]}, 200),
        ("post", "/v1/usage-events", "/v1/usage-events", {"events": [unknown]}, 400),
        ("get", "/healthz", "/healthz", None, 200),
        ("get", "/readyz", "/readyz", None, 200),
    ]  # fmt: skip
    for method, path, address, body, status in steps:
        answer = client.open(
            address, method=method.upper(), headers=sent, json=body if body is not None else None
        )
        assert answer.status_code == status, (address, answer.text)
        check(document, method, path, status, json.loads(answer.text))
    refused = client.get("/v1/caps")
    check(document, "get", "/v1/caps", 401, json.loads(refused.text))

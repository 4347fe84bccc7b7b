"""Who may enter, and what they see: held over every route there is."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from integration.people.role import ROLES
from integration.web.access import MARK
from integration.workspaces.workspace import FIXED_ROUTES, SCOPES, id_fault
from tests.doors.worlds import World, spike, unpriced_models

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

    from integration.web.service import Service

MARKS = (
    {"open", "signature:jira", "signature:slack"}
    | {f"people:{role}" for role in ROLES}
    | {f"key:{scope}" for scope in SCOPES}
)
OPEN = {
    "/healthz", "/readyz", "/metrics", "/openapi.json", "/assets/storymeter.css", "/sign-in",
    "/sign-in/callback", "/signed-out",
}  # fmt: skip
OURS, THEIRS = "acme", "umbrella"
SECRETS = ("jira-secret-token", "webhook-secret", "xoxb-slack-secret", "signing-secret")


def every_route(app: Flask) -> list[tuple[Rule, str]]:
    """Return each route with its access mark, empty when it has none."""
    return [
        (rule, getattr(app.view_functions[rule.endpoint], MARK, ""))
        for rule in app.url_map.iter_rules()
    ]


def readable(app: Flask) -> list[tuple[Rule, str]]:
    """Return the routes that answer GET."""
    return [(rule, mark) for rule, mark in every_route(app) if "GET" in (rule.methods or ())]


def test_every_route_says_who_may_enter(app: Flask) -> None:
    without = [rule.rule for rule, mark in every_route(app) if mark not in MARKS]
    assert without == []


def test_only_these_routes_are_open_to_all(app: Flask) -> None:
    assert {rule.rule for rule, mark in every_route(app) if mark == "open"} == OPEN


def test_no_workspace_can_take_the_name_of_a_fixed_route(app: Flask) -> None:
    first = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    fixed = {part for part in first if part and not part.startswith("<")}
    assert fixed <= FIXED_ROUTES
    assert all(id_fault(name) for name in fixed)


def test_nothing_about_a_workspace_is_in_what_is_open_to_all(
    client: FlaskClient, world: World
) -> None:
    world.key("gateway", "ingest")
    spike(world)
    for address in sorted(OPEN):
        body = client.get(address).text
        assert "SHOP-" not in body, address
        assert "Summarise uploaded contracts" not in body, address


@pytest.fixture
def two_workspaces(service: Service) -> dict[str, str]:
    """Return an admin key of each of two workspaces with the same Sprint id and other stories."""
    ours = World(service, OURS).found("Acme")
    theirs = World(service, THEIRS, project="UMB").found("Umbrella")
    spike(ours)
    ours.story(30, "Close tickets in one message", epic_key="SHOP-90")
    theirs.story(30, "Open an umbrella in one message", epic_key="UMB-90")
    unpriced_models(theirs)
    theirs.cap("their-cap", "workspace", THEIRS, "12")
    return {OURS: ours.key("all", "admin"), THEIRS: theirs.key("all", "admin")}


def addresses(rule: Rule) -> list[str]:
    """Fill in a route with every name that either workspace has."""
    names = {
        "sprint_id": ["14"], "story_key": ["SHOP-4", "UMB-6"], "workspace_id": [OURS, THEIRS],
        "cap_id": ["sprint-14", "their-cap"], "epic_key": ["SHOP-90", "UMB-90"],
    }  # fmt: skip
    found = [re.sub("<(int|path):", "<", rule.rule)]
    for argument in sorted(rule.arguments):
        values = names.get(argument, ["14"])
        found = [each.replace(f"<{argument}>", value) for each in found for value in values]
    return found


def keyed_addresses(app: Flask) -> list[str]:
    return [
        address
        for rule, mark in readable(app)
        if mark.startswith("key:")
        for address in addresses(rule)
    ]


def test_no_key_opens_anything_of_another_workspace(
    app: Flask, client: FlaskClient, two_workspaces: dict[str, str]
) -> None:
    answered = 0
    for address in keyed_addresses(app):
        sent = {"Authorization": f"Bearer {two_workspaces[OURS]}"}
        answer = client.get(address, headers=sent)
        if "UMB-" in address or "their-cap" in address:
            assert answer.status_code in {403, 404}, address
        assert "Umbrella" not in answer.text, address
        assert "acme-router-7" not in answer.text, address
        assert '"UMB-' not in answer.text, address
        answered += answer.status_code == 200
    assert answered >= 7


def test_no_keyed_route_answers_without_a_key(
    app: Flask, client: FlaskClient, two_workspaces: dict[str, str]
) -> None:
    for address in keyed_addresses(app):
        for headers in ({}, {"Authorization": "Bearer smk_guessed"}, {"x-api-key": "smk_"}):
            answer = client.get(address, headers=headers)
            assert answer.status_code == 401, address
            assert json.loads(answer.text)["code"] == "unauthenticated"


def test_a_page_shows_its_own_workspace_alone(
    app: Flask, client: FlaskClient, two_workspaces: dict[str, str]
) -> None:
    pages = [rule for rule, mark in readable(app) if mark.startswith("people:")]
    pages = [rule for rule in pages if "workspace_id" in rule.arguments]
    assert len(pages) >= 8
    for rule in pages:
        for address in addresses(rule):
            if not address.startswith(f"/{OURS}/"):
                continue
            answer = client.get(address)
            is_absent = any(name in address for name in ("UMB-", "their-cap", "/changes"))
            assert answer.status_code == (404 if is_absent else 200), address
            if answer.status_code == 200:
                assert "Umbrella" not in answer.text, address
                assert "UMB-" not in answer.text, address


def test_no_page_shows_a_secret(
    app: Flask, client: FlaskClient, two_workspaces: dict[str, str]
) -> None:
    for rule, mark in readable(app):
        if not mark.startswith("people:"):
            continue
        for address in addresses(rule):
            body = client.get(address).text
            for secret in (*SECRETS, *two_workspaces.values()):
                assert secret not in body, address

"""Every page and every form asks for a role: walked over all routes, with every role and none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from integration.app import app_with
from integration.journeys.keep_sign_in import begin_sign_in
from integration.people import store as people
from integration.people.role import ROLES, Person, Role, covers
from integration.web.access import MARK
from integration.web.forms import TOKEN
from integration.web.login import OpenId, remember
from tests.doors.worlds import World, over_cap

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.routing import Rule

    from integration.web.service import Service

LOGIN = OpenId("https://id.example.com", "client", "secret")
NAMES = {
    "decision": "decline",
    "workspace_id": "acme", "sprint_id": 14, "story_key": "SHOP-4", "cap_id": "sprint-14",
    "team_id": "assist"}  # fmt: skip
SECRET = "the-form-secret"


@pytest.fixture
def app(service: Service, world: World) -> Flask:
    """The web app with sign-in, around a Sprint over its cap."""
    over_cap(world)
    return app_with(replace(service, login=LOGIN))


def browser_of(app: Flask, service: Service, role: Role | None) -> FlaskClient:
    """Somebody signed in who has this role in the workspace."""
    person = Person(f"{role}@example.com", "Somebody")
    browser, now = app.test_client(), service.clock.now()
    ends_at = now + timedelta(seconds=LOGIN.lasts_s)
    secret = begin_sign_in(service.across, person.email, ends_at)
    with browser.session_transaction() as cookie:
        remember(cookie, person, LOGIN, secret, now)
        cookie[TOKEN] = SECRET
    if role is not None:
        with service.transactions.begin() as session:
            people.name_member(session, "acme", person.email, role, by="cli", now=now)
    return browser


def routes_of_people(app: Flask) -> list[tuple[Rule, str, Role]]:
    """Each page and form of a workspace: its rule, method, and the role it asks for."""
    found = []
    for rule in app.url_map.iter_rules():
        mark = getattr(app.view_functions[rule.endpoint], MARK, "")
        needed = next((role for role in ROLES if mark == f"people:{role}"), None)
        if needed and "workspace_id" in rule.arguments:
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            found.append((rule, method, needed))
    return found


def address_of(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        values: dict[str, Any] = {name: NAMES.get(name, "x") for name in rule.arguments}
        return str(app.url_map.bind("localhost").build(rule.endpoint, values))


@pytest.mark.parametrize("held", [None, *ROLES])
def test_each_page_and_form_opens_to_whoever_has_the_role(
    held: Role | None, app: Flask, service: Service
) -> None:
    browser, walked = browser_of(app, service, held), 0
    for rule, method, needed in routes_of_people(app):
        answer = browser.open(address_of(app, rule), method=method, data={TOKEN: SECRET})
        where = (rule.rule, method, held)
        if held is None:
            assert answer.status_code == 404, where
            assert "Acme" not in answer.text, where
        elif covers(held, needed):
            assert answer.status_code in {200, 303, 400, 404, 409}, where
        else:
            assert answer.status_code == 403, where
            assert "Your role does not allow this" in answer.text, where
        walked += 1
    assert walked >= 8


def test_nobody_who_has_not_signed_in_gets_anywhere(app: Flask) -> None:
    stranger = app.test_client()
    for rule, method, _ in routes_of_people(app):
        answer = stranger.open(address_of(app, rule), method=method)
        assert answer.status_code == (401 if method == "POST" else 302), rule.rule
        assert "Acme" not in answer.text, rule.rule


def test_every_form_is_taken_from_our_own_pages_alone(
    app: Flask, service: Service, world: World
) -> None:
    """With sign-in and without: another site can send forms to this machine too."""
    signed_in, at_this_machine = browser_of(app, service, "admin"), app_with(service).test_client()
    at_this_machine.get("/acme/caps")
    with at_this_machine.session_transaction() as cookie:
        cookie[TOKEN] = SECRET
    elsewhere = {"Origin": "https://evil.example.com"}
    for rule, method, _ in routes_of_people(app):
        if method == "GET":
            continue
        for browser in (signed_in, at_this_machine):
            address = address_of(app, rule)
            for answer in (
                browser.post(address),
                browser.post(address, data={TOKEN: "guessed"}),
                browser.post(address, data={TOKEN: SECRET}, headers=elsewhere),
            ):
                assert answer.status_code == 403, rule.rule
                assert "The form was not taken" in answer.text, rule.rule

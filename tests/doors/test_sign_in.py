"""Signing in with an OpenID Connect provider that is really there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from cryptography.fernet import Fernet
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import text

from integration.app import app_with
from integration.foundation.clock import FixedClock
from integration.foundation.secrets import SecretBox
from integration.journeys.leave import forget_person
from integration.journeys.name_people import name_person, remove_person
from integration.people import store as people
from integration.web.login import OpenId
from tests.doors.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.doors.worlds import WEEK_BEFORE, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from integration.web.service import Service

ADA = {"sub": "1", "email": "Ada@Example.com", "email_verified": True, "name": "Ada"}


@pytest.fixture(scope="module")
def one_provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(one_provider: Provider) -> Provider:
    """The provider, honest again."""
    one_provider.claims, one_provider.lies, one_provider.refuses = dict(ADA), {}, ""
    one_provider.signs_with, one_provider.described_issuer = None, ""
    return one_provider


@pytest.fixture
def login(provider: Provider) -> OpenId:
    return OpenId(provider.issuer, CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
def browser(service: Service, world: World, login: OpenId) -> FlaskClient:
    """A browser that has not signed in; the workspace has a Sprint."""
    world.sprint()
    return app_with(replace(service, login=login)).test_client()


def sign_in(browser: FlaskClient, wanted: str = "/acme/") -> Any:
    """Walk from a page to the provider and back; return the callback's answer."""
    asked = browser.get(wanted)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("/sign-in?next=")
    sent_on = browser.get(asked.headers["Location"]).headers["Location"]
    back = requests.get(sent_on, allow_redirects=False, timeout=10).headers["Location"]
    return browser.get(back.removeprefix("http://localhost"))


def member(service: Service, role: str, email: str = "ada@example.com") -> None:
    name_person(service.transactions, "acme", email, role, actor="cli", now=WEEK_BEFORE)


def test_whoever_signs_in_comes_to_the_page_they_wanted(
    browser: FlaskClient, service: Service
) -> None:
    member(service, "viewer")
    answer = sign_in(browser, "/acme/sprints/14?stories=all")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/acme/sprints/14?stories=all"
    page = browser.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "Ada" in page.text
    assert "Sign out" in page.text


def test_the_cookie_is_kept_from_scripts_other_sites_and_listeners(
    browser: FlaskClient, service: Service, login: OpenId
) -> None:
    cookie = sign_in(browser).headers["Set-Cookie"]
    assert cookie.startswith("storymeter=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    safe = replace(service, login=login, public_url="https://meter.example.com")
    begun = app_with(safe).test_client().get("/sign-in").headers["Set-Cookie"]
    assert begun.startswith("__Host-storymeter=")
    assert "Secure" in begun


@pytest.mark.parametrize(
    "lies",
    [
        {"nonce": "another"}, {"aud": "another-client"}, {"iss": "https://evil.example.com"},
        {"exp": 1_700_000_000}, {"email": ""}, {"email_verified": False},
        {"email_verified": "true"}, {"email_verified": None},
    ],
)  # fmt: skip
def test_an_id_token_that_does_not_hold_lets_nobody_in(
    lies: dict[str, Any], browser: FlaskClient, provider: Provider, service: Service
) -> None:
    member(service, "admin")
    provider.lies = lies
    answer = sign_in(browser)
    assert answer.status_code == 403
    assert "Sign-in did not work" in answer.text
    assert browser.get("/acme/").status_code == 302


@pytest.mark.parametrize(
    "key",
    [RSAKey.generate_key(2048, {"kid": "one"}), OctKey.import_key(CLIENT_SECRET, {"kid": "one"})],
    ids=["another key of the same name", "the client's secret as a key"],
)
def test_an_id_token_signed_by_somebody_else_lets_nobody_in(
    key: RSAKey | OctKey, browser: FlaskClient, provider: Provider
) -> None:
    provider.signs_with = key
    assert sign_in(browser).status_code == 403
    assert browser.get("/acme/").status_code == 302


def test_a_key_that_the_provider_brings_in_later_is_fetched(
    browser: FlaskClient, provider: Provider, service: Service
) -> None:
    member(service, "viewer")
    sign_in(browser)
    former = provider.key
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    try:
        again = browser.application.test_client()
        assert sign_in(again).status_code == 302
        assert again.get("/acme/").status_code == 200
    finally:
        provider.key = former


def test_an_answer_that_was_not_asked_for_is_refused(
    browser: FlaskClient, provider: Provider
) -> None:
    location = browser.get("/sign-in").headers["Location"]
    back = requests.get(location, allow_redirects=False, timeout=10).headers["Location"]
    back = back.removeprefix("http://localhost")
    stranger = browser.application.test_client()
    assert stranger.get(back).status_code == 403
    assert browser.get("/sign-in/callback?code=x&state=guessed").status_code == 403
    assert browser.get("/sign-in/callback").status_code == 403
    assert browser.get(back).status_code == 302
    assert browser.get(back).status_code == 403  # It works once.


def test_a_declined_sign_in_says_so(browser: FlaskClient, provider: Provider) -> None:
    provider.refuses = "access_denied"
    assert sign_in(browser).status_code == 403


def test_a_provider_that_describes_itself_as_another_is_not_believed(
    browser: FlaskClient, provider: Provider
) -> None:
    provider.described_issuer = "https://evil.example.com"
    answer = browser.get("/sign-in")
    assert answer.status_code == 503
    assert "evil" not in answer.text


def test_a_provider_that_is_away_is_said_to_be_away(service: Service, world: World) -> None:
    nobody = OpenId("http://127.0.0.1:1", CLIENT_ID, CLIENT_SECRET)
    answer = app_with(replace(service, login=nobody)).test_client().get("/sign-in")
    assert answer.status_code == 503
    assert "does not answer" in answer.text


def test_a_deployment_may_trust_addresses_that_nobody_vouches_for(
    service: Service, world: World, login: OpenId, provider: Provider
) -> None:
    member(service, "viewer")
    provider.lies = {"email_verified": None}
    browser = app_with(replace(service, login=replace(login, trusts_email=True))).test_client()
    assert sign_in(browser).status_code == 302
    assert browser.get("/acme/").status_code == 200


@pytest.mark.parametrize("wanted", ["//evil.example.com", "https://evil.example.com", "/\\evil"])
def test_nobody_is_led_to_another_site_after_signing_in(wanted: str, browser: FlaskClient) -> None:
    location = browser.get("/sign-in", query_string={"next": wanted}).headers["Location"]
    back = requests.get(location, allow_redirects=False, timeout=10).headers["Location"]
    answer = browser.get(back.removeprefix("http://localhost"))
    assert answer.headers["Location"] == "/"


def test_without_a_role_a_workspace_cannot_be_told_from_none(
    browser: FlaskClient, service: Service
) -> None:
    World(service, "umbrella").found("Umbrella")
    member(service, "viewer")
    sign_in(browser)
    theirs, nobodys = browser.get("/umbrella/"), browser.get("/nowhere/")
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text.replace("umbrella", "") == nobodys.text.replace("nowhere", "")
    assert browser.get("/").headers["Location"] == "/acme/"


def test_somebody_without_any_role_is_told_whom_to_ask(browser: FlaskClient) -> None:
    sign_in(browser)
    words = browser.get("/").text
    assert "ada@example.com" in words
    assert "Acme" not in words


def test_a_group_of_the_provider_gives_a_role(browser: FlaskClient, provider: Provider) -> None:
    provider.claims["groups"] = ["staff", "/storymeter:acme:viewer"]
    sign_in(browser)
    assert browser.get("/acme/").status_code == 200
    assert browser.get("/").headers["Location"] == "/acme/"


def test_a_role_that_is_taken_away_is_gone_at_the_next_page(
    browser: FlaskClient, service: Service
) -> None:
    member(service, "viewer")
    sign_in(browser)
    assert browser.get("/acme/").status_code == 200
    remove_person(
        service.transactions, "acme", "ada@example.com", actor="cli", now=service.clock.now()
    )
    assert browser.get("/acme/").status_code == 404


def test_admins_of_the_deployment_are_admins_everywhere(
    service: Service, world: World, login: OpenId
) -> None:
    World(service, "umbrella").found("Umbrella")
    everywhere = replace(login, admins=frozenset({"ada@example.com"}))
    browser = app_with(replace(service, login=everywhere)).test_client()
    sign_in(browser)
    for address in ("/acme/settings", "/umbrella/settings", "/"):
        assert browser.get(address).status_code == 200


def cookie_of(browser: FlaskClient) -> str:
    found = browser.get_cookie("storymeter")
    assert found
    return found.value


def test_a_sign_in_ends_by_itself(browser: FlaskClient, service: Service, login: OpenId) -> None:
    member(service, "viewer")
    sign_in(browser)
    for hours, status in ((7, 200), (8, 302)):
        later = FixedClock(service.clock.now() + timedelta(hours=hours))
        client = app_with(replace(service, login=login, clock=later)).test_client()
        client.set_cookie("storymeter", cookie_of(browser))
        assert client.get("/acme/").status_code == status


def test_a_cookie_that_was_written_by_somebody_else_signs_nobody_in(
    browser: FlaskClient, service: Service
) -> None:
    member(service, "viewer")
    sign_in(browser)
    body, _, signature = cookie_of(browser).rpartition(".")
    stranger = browser.application.test_client()
    for forged in (f"{body}.{signature[::-1]}", f"x{body}.{signature}", "x"):
        stranger.set_cookie("storymeter", forged)
        assert stranger.get("/acme/").status_code == 302


def test_a_new_secret_key_does_not_sign_people_out(
    browser: FlaskClient, service: Service, login: OpenId
) -> None:
    member(service, "viewer")
    sign_in(browser)
    newest, former = Fernet.generate_key().decode(), "b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="
    rotated = SecretBox(f"{newest},{former}")
    client = app_with(replace(service, login=login, box=rotated)).test_client()
    client.set_cookie("storymeter", cookie_of(browser))
    assert client.get("/acme/").status_code == 200
    alone = app_with(replace(service, login=login, box=SecretBox(newest))).test_client()
    alone.set_cookie("storymeter", cookie_of(browser))
    assert alone.get("/acme/").status_code == 302


def test_signing_out_takes_a_form_of_ours_and_ends_it(
    browser: FlaskClient, service: Service
) -> None:
    member(service, "viewer")
    sign_in(browser)
    assert browser.post("/sign-out").status_code == 403
    copied = browser.application.test_client()
    copied.set_cookie("storymeter", cookie_of(browser))
    elsewhere = browser.application.test_client()
    sign_in(elsewhere)
    token = browser.get("/acme/").text.partition('name="form_token" value="')[2].partition('"')[0]
    assert copied.get("/acme/").status_code == 200
    answer = browser.post("/sign-out", data={"form_token": token})
    assert answer.status_code == 303
    assert "You are signed out" in browser.get(answer.headers["Location"]).text
    assert browser.get("/acme/").status_code == 302
    assert copied.get("/acme/").status_code == 302
    assert elsewhere.get("/acme/").status_code == 200  # Another browser's sign-in goes on.


def test_a_forgotten_person_is_signed_out_everywhere(
    browser: FlaskClient, service: Service
) -> None:
    member(service, "viewer")
    sign_in(browser)
    member(service, "viewer", "other@example.com")
    found = forget_person(
        service.transactions, "acme", "ada@example.com", actor="cli", now=service.clock.now()
    )
    assert found["sign_ins"] == 1
    assert browser.get("/acme/").status_code == 302


def test_sign_ins_that_ended_by_themselves_are_dropped(
    browser: FlaskClient, service: Service
) -> None:
    sign_in(browser)
    with service.across.begin() as session:
        people.forget_sign_ins(session, service.clock.now() + timedelta(hours=9))
        left = session.execute(text("SELECT count(*) FROM sign_in")).scalar_one()
    assert left == 0


def test_a_form_sent_after_the_sign_in_ended_changes_nothing(browser: FlaskClient) -> None:
    answer = browser.post("/sign-out")
    assert answer.status_code == 401
    assert "Nothing was changed" in answer.text

"""Settings, teams and people are changed on pages; the doctor says what is wrong, and the cure."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import TYPE_CHECKING

from integration.app import app_with
from integration.foundation.findings import Finding
from integration.people import store as people
from integration.turns import store as turns
from integration.workspaces import queries, store
from tests.doors import worlds
from tests.doors.filled_forms import send
from tests.doors.plain_text import plain_text
from tests.golden_files import check_golden

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from integration.web.service import Service
    from integration.workspaces.workspace import Team, Workspace
    from tests.doors.worlds import World

PAGE = "/acme/settings"
TEAM = "/acme/settings/teams/assist"


def workspace(service: Service) -> Workspace:
    with service.transactions.begin() as session:
        return store.find(session, "acme")


def team(service: Service) -> Team:
    with service.transactions.begin() as session:
        return store.find_team(session, "acme", "assist")


def test_a_form_sent_as_it_stands_changes_nothing(
    client: FlaskClient, service: Service, world: World
) -> None:
    before = workspace(service), team(service)
    for action in (PAGE, TEAM):
        assert send(client, PAGE, action).status_code == 303
    assert (workspace(service), team(service)) == before
    with service.transactions.begin() as session:
        assert queries.audit_of(session, "acme", "workspace") == []


def test_a_workspace_is_changed_and_the_log_knows_it(
    client: FlaskClient, service: Service, world: World
) -> None:
    answer = send(
        client, PAGE, PAGE, name="Acme shop", time_zone="Europe/Madrid", locale="es_ES",
        default_region="",
        allocation_rule="by_tokens", ai_labels="ai, robots,, ai", ai_keywords="assistant",
    )  # fmt: skip
    assert "The settings are saved." in client.get(answer.headers["Location"]).text
    found = workspace(service)
    assert (found.name, found.time_zone, found.default_region) == ("Acme shop", "Europe/Madrid", "")
    assert (found.allocation_rule, found.locale) == ("by_tokens", "es_ES")
    assert found.ai_labels == frozenset({"ai", "robots"})
    assert found.ai_keywords == frozenset({"assistant"})
    with service.transactions.begin() as session:
        (line,) = queries.audit_of(session, "acme", "workspace")
        assert line.detail["changes"]["ai_labels"] == [[], ["ai", "robots"]]


def test_a_teams_digest_workdays_and_quiet_hours_are_changed(
    client: FlaskClient, service: Service, world: World
) -> None:
    answer = send(
        client, PAGE, TEAM, digest_at="08:30", time_zone="Asia/Tokyo", workdays=["1", "2", "7"],
        quiet_from="18:00", quiet_until="08:00", quiet_days="told", channel_id="C0OTHER",
        board_id="12", product_owner="Robin Product",
    )  # fmt: skip
    assert answer.status_code == 303, plain_text(answer.text)
    found = team(service)
    assert (found.digest_at, found.time_zone, found.workdays) == (
        time(8, 30),
        "Asia/Tokyo",
        (1, 2, 7),
    )
    assert (found.quiet_from, found.quiet_until) == (time(18), time(8))
    assert (found.channel_id, found.board_id, found.product_owner) == (
        "C0OTHER",
        12,
        "Robin Product",
    )
    assert not found.quiet_days_are_silent


def test_what_cannot_be_is_told_at_its_field_and_kept(
    client: FlaskClient, service: Service, world: World
) -> None:
    before = team(service)
    refused = send(client, PAGE, TEAM, workdays=[], quiet_from="18:00", channel_id="general")
    assert refused.status_code == 400
    assert refused.text.count('aria-invalid="true"') == 2
    assert 'value="general"' in refused.text
    assert "at least one" in refused.text
    assert team(service) == before
    assert send(client, PAGE, PAGE, time_zone="Mars").status_code == 400
    assert send(client, PAGE, PAGE, locale="klingon").status_code == 400
    unknown = client.get(PAGE).text.partition('name="form_token" value="')[2].partition('"')[0]
    gone = client.post(f"{PAGE}/teams/nobody", data={"form_token": unknown, "name": "x"})
    assert gone.status_code == 404


def test_people_get_roles_and_lose_them(
    client: FlaskClient, service: Service, world: World
) -> None:
    send(client, PAGE, "/acme/people", email="Ada@example.com", role="admin")
    answer = send(client, PAGE, "/acme/people", email="bo@example.com", role="member")
    assert "bo@example.com is member now." in client.get(answer.headers["Location"]).text
    refused = send(client, PAGE, "/acme/people", email="ada@example.com", role="viewer")
    assert refused.status_code == 409
    assert "only admin" in refused.text
    assert send(client, PAGE, "/acme/people", email="nobody").status_code == 400
    assert send(client, PAGE, "/acme/people/remove", email="bo@example.com").status_code == 303
    with service.transactions.begin() as session:
        assert [each.email for each in people.members(session, "acme")] == ["ada@example.com"]


def test_the_doctor_says_what_is_wrong_and_how_to_mend_it(
    client: FlaskClient, service: Service, world: World, update_golden: bool
) -> None:
    worlds.unpriced_models(world)
    words = plain_text(client.get("/acme/doctor").text)
    check_golden("pages/doctor.ill.txt", words, update_golden)


def test_the_doctor_says_what_is_as_it_should_be(
    client: FlaskClient, service: Service, world: World, update_golden: bool
) -> None:
    worlds.quiet_day(world)
    world.key("gateway", "ingest")
    now = service.clock.now()
    with service.transactions.begin() as session:
        turns.take_tick(session, "digests", now, now)
        account = store.jira_account(session, "acme", service.box)
        assert account
        set_up = replace(account, field_ids={"estimate_usd": "customfield_10001"})
        store.connect_jira(session, set_up, service.box)
        store.note_synced(session, "acme", now)
    words = plain_text(client.get("/acme/doctor").text)
    check_golden("pages/doctor.well.txt", words, update_golden)


def test_the_doctor_asks_outside_only_when_told_to(service: Service, world: World) -> None:
    asked: list[str] = []

    def examine(workspace_id: str) -> dict[str, list[Finding]]:
        asked.append(workspace_id)
        return {"Slack": [Finding("team", False, "The token is refused: install the app again.")]}

    client = app_with(replace(service, examine=examine)).test_client()
    assert "Ask Jira and Slack too" in client.get("/acme/doctor").text
    assert asked == []
    words = client.get("/acme/doctor?ask=outside").text
    assert asked == ["acme"]
    assert "The token is refused" in words

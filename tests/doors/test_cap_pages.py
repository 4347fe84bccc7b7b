"""Caps are set, raised, changed and removed on pages; every refusal keeps what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.caps.queries import balances
from integration.caps.raising import store as raising
from integration.workspaces import queries
from tests.doors.filled_forms import send
from tests.doors.plain_text import plain_text
from tests.doors.worlds import World, at, over_cap
from tests.golden_files import check_golden

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from integration.caps.policy import Cap
    from integration.web.service import Service


def cap_of(service: Service, cap_id: str) -> Cap:
    with service.transactions.begin() as session:
        return balances(session, "acme", [cap_id])[cap_id].cap


def test_a_sprint_is_capped_in_one_form(
    client: FlaskClient, service: Service, world: World
) -> None:
    world.sprint()
    answer = send(client, "/acme/new-cap", "/acme/new-cap", id="sprint-14", limit="$1,250.50")
    assert answer.status_code == 303
    said = client.get(answer.headers["Location"]).text
    assert "The cap sprint-14 is in force." in said
    cap = cap_of(service, "sprint-14")
    assert (cap.scope_kind, cap.scope_value, cap.unit) == ("sprint", "14", "usd")
    assert (cap.limit, cap.mode, cap.thresholds) == (1_250_500_000_000, "block", (50, 80, 100))
    assert "is in force" not in client.get(answer.headers["Location"]).text


def test_a_cap_can_cover_other_things_for_a_time(
    client: FlaskClient, service: Service, world: World
) -> None:
    world.sprint()
    answer = send(
        client, "/acme/new-cap?scope=epic", "/acme/new-cap", id="epic-9", scope_epic="SHOP-9",
        limit="2.5", unit="kgco2e", first_day="2026-11-01", last_day="2026-11-30", mode="warn",
        thresholds="80 %, 50", approvers="Ada@example.com, U0PO", approved_models="gpt-4o, o3",
        max_tokens_per_request="100,000", failure_policy="fail_open",
    )  # fmt: skip
    assert answer.status_code == 303, plain_text(answer.text)
    cap = cap_of(service, "epic-9")
    assert (cap.scope_kind, cap.scope_value, cap.limit) == ("epic", "SHOP-9", 2_500_000_000)
    # Midnight in Berlin; the last day counts whole.
    assert cap.period_start is not None
    assert cap.period_start.isoformat() == "2026-10-31T23:00:00+00:00"
    assert cap.period_end is not None
    assert cap.period_end.isoformat() == "2026-11-30T23:00:00+00:00"
    assert (cap.mode, cap.thresholds, cap.failure_policy) == ("warn", (50, 80), "fail_open")
    assert cap.approvers == ("page:ada@example.com", "slack:U0PO")
    assert (cap.approved_models, cap.max_tokens_per_request) == (("gpt-4o", "o3"), 100_000)


def test_each_kind_of_cap_has_its_form(client: FlaskClient, service: Service, world: World) -> None:
    for kind in ("team", "product_owner", "feature", "story", "model", "workspace"):
        field = {} if kind in {"team", "workspace"} else {f"scope_{kind}": "something"}
        cap_id = f"cap/{kind} ä"
        answer = send(
            client, f"/acme/new-cap?scope={kind}", "/acme/new-cap", id=cap_id, limit="5", **field
        )
        expected = {"team": "Acme Assist", "workspace": "acme"}.get(kind, "something")
        assert cap_of(service, cap_id).scope_value == expected
        assert client.get(answer.headers["Location"]).status_code == 200


def test_what_cannot_be_a_cap_is_told_field_by_field_and_kept(
    client: FlaskClient, service: Service, world: World
) -> None:
    answer = send(
        client, "/acme/new-cap?scope=story", "/acme/new-cap", id="mine", limit="much",
        thresholds="80, x", max_tokens_per_request="-1", first_day="soon", scope_story="SHOP-1",
    )  # fmt: skip
    assert answer.status_code == 400
    assert answer.text.count('aria-invalid="true"') == 4
    assert 'value="much"' in answer.text
    assert 'value="SHOP-1"' in answer.text
    with service.transactions.begin() as session:
        assert balances(session, "acme") == {}


def test_a_cap_in_force_is_not_overwritten_by_a_new_one(
    client: FlaskClient, service: Service, world: World
) -> None:
    world.sprint()
    world.cap("sprint-14", "sprint", "14", "30")
    answer = send(client, "/acme/new-cap", "/acme/new-cap", id="sprint-14", limit="9999")
    assert answer.status_code == 400
    assert "A cap of this name is in force" in answer.text
    assert cap_of(service, "sprint-14").limit == 30_000_000_000


def test_a_raise_keeps_its_reason_and_who_gave_it(
    client: FlaskClient, service: Service, world: World
) -> None:
    over_cap(world)
    page, action = "/acme/caps/sprint-14", "/acme/caps/sprint-14/raise"
    refused = send(client, page, action, limit="75", reason=" ")
    assert refused.status_code == 400
    assert "Say why it is raised" in refused.text
    assert 'value="75"' in refused.text
    assert send(client, page, action, limit="60", reason="more").status_code == 400
    answer = send(client, page, action, limit="75", reason="The pilot goes on")
    words = plain_text(client.get(answer.headers["Location"]).text)
    assert "The cap sprint-14 is raised to $75.00." in words
    assert "raised from $60.00 to $75.00 | somebody at this machine | The pilot goes on" in words
    with service.transactions.begin() as session:
        line = queries.audit_of(session, "acme", "cap:sprint-14")[0]
        assert (line.actor, line.detail["reason"]) == ("page", "The pilot goes on")


def test_a_raise_waits_for_an_approver_where_the_cap_names_some(
    client: FlaskClient, service: Service, world: World
) -> None:
    world.sprint()
    world.cap("sprint-14", "sprint", "14", "30")
    page = "/acme/caps/sprint-14"
    send(client, page, f"{page}/change", approvers="ada@example.com")
    answer = send(client, page, f"{page}/raise", limit="75", reason="because")
    words = plain_text(client.get(answer.headers["Location"]).text)
    assert "an approver of the cap sprint-14 has to agree" in words
    assert "somebody at this machine asks for $75.00: because" in words
    assert cap_of(service, "sprint-14").limit == 30_000_000_000
    with service.transactions.begin() as session:
        (waiting,) = raising.requests(session, "acme", ["waiting"])
    request = f"/acme/raise-requests/{waiting.request_id}"
    assert send(client, page, f"{request}/grant").status_code == 403
    assert send(client, page, f"{request}/decline").status_code == 303
    assert "Waiting for an approver" not in client.get(page).text


def test_a_raise_for_a_time_says_until_when_in_the_workspaces_zone(
    client: FlaskClient, service: Service, world: World
) -> None:
    world.sprint()
    world.cap("sprint-14", "sprint", "14", "30")
    page = "/acme/caps/sprint-14"
    sent = {"limit": "75", "reason": "because", "until": "2026-11-30T18:00"}
    refused = send(client, page, f"{page}/raise", **{**sent, "until": "soon"})
    assert refused.status_code == 400
    assert send(client, page, f"{page}/raise", **sent).status_code == 303
    assert cap_of(service, "sprint-14").limit_after == 30_000_000_000
    words = plain_text(client.get(page).text)
    assert "until 30 Nov 2026, 18:00" in words
    assert "then $30.00" in words


def test_changing_a_cap_lowers_it_but_never_raises_it(
    client: FlaskClient, service: Service, world: World
) -> None:
    world.sprint()
    world.cap("sprint-14", "sprint", "14", "30")
    page, action = "/acme/caps/sprint-14", "/acme/caps/sprint-14/change"
    refused = send(client, page, action, limit="31", mode="warn")
    assert refused.status_code == 400
    assert "To raise the cap use the form for it" in refused.text
    assert send(client, page, action, limit="25", mode="warn").status_code == 303
    cap = cap_of(service, "sprint-14")
    assert (cap.limit, cap.mode, cap.thresholds) == (25_000_000_000, "warn", (50, 80, 100))


def test_a_removed_cap_is_gone_and_says_so(client: FlaskClient, world: World) -> None:
    world.sprint()
    world.cap("sprint-14", "sprint", "14", "30")
    page = "/acme/caps/sprint-14"
    answer = send(client, page, f"{page}/remove")
    assert "out of force" in client.get(answer.headers["Location"]).text
    assert client.get(page).status_code == 404


def test_a_caps_page_says_what_it_should(
    client: FlaskClient, world: World, update_golden: bool
) -> None:
    over_cap(world)
    world.raised("sprint-14", "75", "Agreed at the Daily Scrum", at(20, 9))
    words = plain_text(client.get("/acme/caps/sprint-14").text)
    check_golden("pages/cap.txt", words, update_golden)
    form = plain_text(client.get("/acme/new-cap?scope=team").text)
    check_golden("pages/new_cap.txt", form, update_golden)

"""The same work on sites that are not Cloud with company-managed projects and an API token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration.cli.jira_accounts import SCOPES
from integration.foundation.errors import DeliveryFailed
from integration.jira.applying import apply
from integration.jira.connection import OAuth
from integration.jira.oauth import granted
from integration.jira.provisioning import plan
from integration.jobs.catch_up import catch_up
from integration.jobs.keep_webhooks import keep_webhooks
from integration.workspaces import store as workspaces
from integration.workspaces.queries import dynamic_webhooks
from integration.workspaces.workspace import JiraAccount, JiraGrant
from tests.following_jira.world import BOX, HEADINGS, URL, JiraHouse, house_on, section

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions

MARKUP = f"||{'||'.join(HEADINGS)}||\n|Answers|gpt-4o|100|2k|300| |us-east-1| | |"
NUMBER = "com.atlassian.jira.plugin.system.customfieldtypes:float"


def comments(here: JiraHouse, key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = here.jira.as_ada("GET", f"{here.jira.rest}/issue/{key}/comment")[
        "comments"
    ]
    return found


def test_a_team_managed_project_shows_its_figures_in_a_property_and_one_comment(
    transactions: Transactions,
) -> None:
    with house_on(transactions, style="next-gen") as here:
        key = here.jira.story(labels=["ai"], description=section("100"))
        here.settle()
        here.move_on(minutes=1)
        edited = {"fields": {"description": section("200")}}
        here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}", edited)
        here.settle()
        path = f"/rest/api/3/issue/{key}/properties/storymeter"
        figures = here.jira.as_ada("GET", path)["value"]
        (comment,) = comments(here, key)
        assert figures["estimated_cost_usd"] is not None
        assert "AI Cost & Carbon" in str(comment["body"])
        assert not any(name.startswith("AI ") for name in here.figures(key))

        # Somebody adds the field by hand; provisioning finds it by project, name and type.
        here.jira.control("team-fields", project="DEMO", name="AI estimated cost USD", type=NUMBER)
        here.provision()
        edited = {"fields": {"description": section("300")}}
        here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}", edited)
        here.move_on(minutes=1)
        here.settle()
        figures = here.jira.as_ada("GET", path)["value"]
        shown = here.figures(key)["AI estimated cost USD"]
        assert shown == pytest.approx(float(figures["estimated_cost_usd"]), rel=1e-5)
        assert len(comments(here, key)) == 1


def test_company_and_team_managed_projects_live_side_by_side(transactions: Transactions) -> None:
    with house_on(transactions) as here:
        here.jira.control("seed", project="TEAM", name="Team", style="next-gen")
        here.connected("DEMO", "TEAM")
        wide = here.jira.story(labels=["ai"], description=section("100"))
        asked = {
            "project": {"key": "TEAM"}, "issuetype": {"name": "Story"}, "summary": "Own",
            "labels": ["ai"], "description": section("100"),
        }  # fmt: skip
        own = here.jira.as_ada("POST", "/rest/api/3/issue", {"fields": asked})["key"]
        here.settle()
        assert here.figures(wide)["AI estimated cost USD"] is not None
        path = f"/rest/api/3/issue/{own}/properties/storymeter"
        assert here.jira.as_ada("GET", path)["value"]["estimated_cost_usd"] is not None


def put_fields_on_screens_by_hand(here: JiraHouse) -> None:
    """Do what the plan tells a Data Center administrator to do."""
    site = here.app.extensions["jira-site"]
    with site.lock:
        for made in [one for one in site.fields.values() if one.name.startswith("AI ")]:
            made.project_ids.update(site.projects)
            for screen in site.screens.values():
                screen.tabs[0].field_ids.append(made.id)


def test_figures_without_a_place_on_data_center_do_not_hold_up_the_others(
    transactions: Transactions,
) -> None:
    with house_on(transactions, deployment="Server") as here:
        key = here.jira.story(labels=["ai"], description=f"h2. AI Cost & Carbon\n{MARKUP}")
        here.settle()
        path = f"/rest/api/2/issue/{key}/properties/storymeter"
        assert here.jira.as_ada("GET", path)["value"]["estimated_cost_usd"] is not None
        failed = "SELECT note FROM outbox WHERE workspace_id = %s AND state = 'failed'"
        assert here.rows(failed) == []


def test_data_center_goes_the_whole_way_from_markup_to_actuals(transactions: Transactions) -> None:
    with house_on(transactions, deployment="Server") as here:
        put_fields_on_screens_by_hand(here)
        key = here.jira.story(labels=["ai"], description=f"h2. AI Cost & Carbon\n{MARKUP}")
        bare = here.jira.story(labels=["ai"], description="As a reader I want *short* answers")
        sprint_id = here.jira.sprint()
        here.jira.put_in_sprint(sprint_id, key)
        here.jira.set_sprint_state(sprint_id, "active")
        here.settle()
        described = here.figures(bare)["Description"]
        assert described.startswith("As a reader I want *short* answers\n")
        assert described.count("\nh2. AI Cost & Carbon\n") == 1
        here.spend(key, 3)
        here.move_on(hours=1)
        here.close(sprint_id)
        here.settle()
        shown = here.figures(key)
        assert shown["AI estimated cost USD"] > 0
        assert shown["AI actual cost USD"] == 3.0
        (comment,) = comments(here, key)
        assert comment["body"].startswith("h3. AI Cost & Carbon\n")
        here.jira.as_ada("DELETE", f"/rest/api/2/issue/{bare}")
        catch_up(here.house, "acme")
        gone = "SELECT story_key FROM story WHERE workspace_id = %s AND deleted_at IS NOT NULL"
        assert here.rows(gone) == [(bare,)]


def by_oauth(here: JiraHouse) -> JiraGrant:
    """Consent as a person does, and connect the workspace with the grant."""
    config, base = here.jira.config, here.jira.base_url
    back = "https://storymeter.example.com/oauth"
    asked = {
        "client_id": config.oauth_client_id, "redirect_uri": back, "scope": " ".join(SCOPES),
        "state": "s", "response_type": "code",
    }  # fmt: skip
    page = requests.get(f"{base}/authorize", params=asked, allow_redirects=False, timeout=10)
    (code,) = parse_qs(urlsplit(page.headers["Location"]).query)["code"]
    app = OAuth("", client_id=config.oauth_client_id, client_secret=config.oauth_client_secret)
    got = granted(app, code, back, here.jira.clock, auth_base=base)
    assert got.expires_at is not None
    grant = JiraGrant(
        config.oauth_client_id, config.oauth_client_secret, got.access_token, got.refresh_token,
        got.expires_at, base,
    )  # fmt: skip
    api_base = f"{base}/ex/jira/{config.cloud_id}"
    account = JiraAccount(
        "acme", base, api_base, "", "", webhook_secret="", account_id=config.account_id,
        project_keys=("DEMO",), grant=grant,
    )  # fmt: skip
    with here.transactions.begin() as session:
        workspaces.connect_jira(session, account, BOX)
    return grant


def test_an_oauth_grant_is_refreshed_once_and_kept(here: JiraHouse) -> None:
    grant = by_oauth(here)
    here.provision()
    key = here.jira.story(labels=["ai"], description=section("100"))
    here.settle()
    here.move_on(hours=3)
    here.jira.as_ada("PUT", f"/rest/api/3/issue/{key}", {"fields": {"summary": "Later"}})
    here.settle()
    assert here.rows("SELECT summary FROM story WHERE workspace_id = %s") == [("Later",)]
    with here.transactions.begin() as session:
        account = workspaces.jira_account(session, "acme", BOX)
    assert account is not None
    assert account.grant is not None
    assert account.grant.refresh_token != grant.refresh_token
    assert grant.refresh_token not in repr(account)
    # Another process finds the fresh grant; the used-up token is not traded again.
    here.house.outside.jira("acme").myself()


def test_a_grant_that_was_withdrawn_makes_the_workspace_wait(here: JiraHouse) -> None:
    grant = by_oauth(here)
    here.jira.story(labels=["ai"])
    here.app.extensions["jira-oauth"].refresh.clear()
    here.move_on(hours=3)
    with pytest.raises(DeliveryFailed) as caught:
        here.house.outside.jira("acme")
    assert caught.value.workspace_wide
    assert not caught.value.permanent
    assert grant.refresh_token not in caught.value.message


def noted(here: JiraHouse) -> tuple[list[int], datetime]:
    with here.transactions.begin() as session:
        found = dynamic_webhooks(session, "acme")
    assert found is not None
    ids, end_at = found
    assert end_at is not None
    return ids, end_at


def test_dynamic_webhooks_are_refreshed_before_they_end(here: JiraHouse) -> None:
    by_oauth(here)
    done = here.provision()
    registered = here.jira.clock.now()
    with here.transactions.begin() as session:
        workspaces.note_webhooks(session, "acme", done.dynamic_webhook_ids, None)
    keep_webhooks(here.house, "acme")
    ids, first_end = noted(here)
    assert tuple(ids) == done.dynamic_webhook_ids != ()
    assert (first_end - registered).days == 30
    here.move_on(days=10)
    keep_webhooks(here.house, "acme")
    assert noted(here)[1] == first_end
    here.move_on(days=10)
    keep_webhooks(here.house, "acme")
    assert (noted(here)[1] - first_end).days == 20


def test_dynamic_webhooks_that_ended_meanwhile_are_registered_again(here: JiraHouse) -> None:
    by_oauth(here)
    done = here.provision()
    ended = here.jira.clock.now() + timedelta(days=30)
    with here.transactions.begin() as session:
        workspaces.note_webhooks(session, "acme", done.dynamic_webhook_ids, ended)
    here.move_on(days=40)
    keep_webhooks(here.house, "acme")
    ids, end_at = noted(here)
    assert set(ids).isdisjoint(done.dynamic_webhook_ids)
    assert (end_at - here.jira.clock.now()).days == 30
    key = here.jira.story(labels=["ai"])
    here.settle()
    assert here.rows("SELECT story_key FROM story WHERE workspace_id = %s") == [(key,)]


def test_a_lost_note_of_dynamic_webhooks_is_made_up_from_jiras_list(here: JiraHouse) -> None:
    by_oauth(here)
    done = here.provision()
    keep_webhooks(here.house, "acme")
    assert tuple(noted(here)[0]) == done.dynamic_webhook_ids


def test_a_dynamic_webhook_that_leaves_out_a_project_is_replaced(here: JiraHouse) -> None:
    by_oauth(here)
    first = here.provision().dynamic_webhook_ids
    here.jira.control("seed", project="MORE", name="More")
    gateway = here.house.outside.jira("acme")
    both = plan(gateway, projects=["DEMO", "MORE"], webhook_url=URL)
    (step,) = (step for step in both.steps if step.kind == "webhook")
    assert "Replace the webhook" in step.sentence
    second = apply(gateway, both).dynamic_webhook_ids
    hooks = here.app.extensions["jira-webhooks"].hooks
    assert [each for each, hook in hooks.items() if hook.dynamic] == list(second) != list(first)
    assert "sprint_closed" in hooks[second[0]].events


def test_a_token_needs_no_dynamic_webhooks(here: JiraHouse) -> None:
    keep_webhooks(here.house, "acme")
    assert "GET /rest/api/<any('2','3','latest'):rest_version>/webhook" not in here.jira.asked()

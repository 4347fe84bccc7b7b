from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integration.jira.applying import apply
from integration.jira.connection import OAuth
from integration.jira.failures import JiraFailure
from integration.jira.oauth import granted, is_stale, reachable, refreshed
from integration.jira.provisioning import plan
from integration.jira.webhook_plan import refresh_dynamic

if TYPE_CHECKING:
    from integration.jira.connection import JiraConnection
    from tests.adapters.jira.world import World

BACK = "https://storymeter.example.com/oauth/jira"
URL = "https://storymeter.example.com/webhooks/jira/acme"


def consent(world: World) -> OAuth:
    """Go through the consent page and trade its code."""
    asked = {
        "client_id": world.config.oauth_client_id,
        "redirect_uri": BACK,
        "state": "s",
        "scope": "read:jira-work write:jira-work manage:jira-webhook offline_access",
        "response_type": "code",
    }
    page = requests.get(
        f"{world.base_url}/authorize", params=asked, allow_redirects=False, timeout=10
    )
    (code,) = parse_qs(urlsplit(page.headers["Location"]).query)["code"]
    secret = world.config.oauth_client_secret
    app = OAuth("", client_id=world.config.oauth_client_id, client_secret=secret)
    return granted(app, code, BACK, world.clock, auth_base=world.base_url)


def connection(world: World, grant: OAuth) -> JiraConnection:
    (site,) = reachable(grant, world.clock, api_base=world.base_url)
    return world.connection(auth=grant, api_base=site.api_base, site_url=site.site_url)


def test_a_consent_reaches_the_site_through_atlassians_gateway(world: World) -> None:
    grant = consent(world)
    reached = connection(world, grant)
    assert reached.api_base.endswith(f"/ex/jira/{world.config.cloud_id}")
    key = world.story()

    with world.gateway(auth=grant, api_base=reached.api_base) as gateway:
        assert gateway.story(key).summary == "Answer in chat"
        assert gateway.myself().account_id == world.config.account_id


def test_a_grant_is_refreshed_before_it_ends(world: World) -> None:
    grant = consent(world)
    assert not is_stale(grant, world.clock)
    world.clock.tick(minutes=56)
    assert is_stale(grant, world.clock)

    fresh = refreshed(grant, world.clock, auth_base=world.base_url)

    assert fresh.access_token != grant.access_token
    assert fresh.refresh_token != grant.refresh_token
    assert fresh.expires_at == world.clock.now() + timedelta(hours=1)
    assert not is_stale(fresh, world.clock)


def test_a_refresh_token_is_good_for_one_use(world: World) -> None:
    grant = consent(world)
    refreshed(grant, world.clock, auth_base=world.base_url)

    with pytest.raises(JiraFailure) as caught:
        refreshed(grant, world.clock, auth_base=world.base_url)

    assert caught.value.permanent
    assert grant.refresh_token not in caught.value.message


def test_an_oauth_app_registers_its_webhook_once_and_refreshes_it(world: World) -> None:
    grant = consent(world)
    base = connection(world, grant).api_base
    with world.gateway(auth=grant, api_base=base) as gateway:
        done = apply(gateway, plan(gateway, projects=["DEMO"], webhook_url=URL))
    with world.gateway(auth=grant, api_base=base, field_ids=done.field_ids) as gateway:
        again = plan(gateway, projects=["DEMO"], webhook_url=URL)
        ends = refresh_dynamic(gateway, done.dynamic_webhook_ids)

    assert len(done.dynamic_webhook_ids) == 1
    assert done.webhook_secret == ""
    assert again.changes == ()
    assert ends is not None
    assert ends - world.clock.now() == timedelta(days=30)


def test_secrets_stay_out_of_what_is_printed(world: World) -> None:
    grant = consent(world)
    shown = repr(world.connection(auth=grant, webhook_secret="hush"))

    for secret in (grant.access_token, grant.refresh_token, grant.client_secret, "hush"):
        assert secret not in shown

"""What the `storymeter jira` commands keep: accounts, grants, and what provisioning found out."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from integration.assembly import secret_box
from integration.foundation.clock import clock_from
from integration.foundation.database import connect, transactions_on
from integration.foundation.errors import InvalidInput
from integration.jira.connection import OAuth
from integration.jira.diagnosis import first_look
from integration.jira.gateway import JiraGateway
from integration.jira.oauth import granted, reachable
from integration.jobs.outside import jira_connection
from integration.workspaces import store
from integration.workspaces.workspace import JiraAccount, JiraGrant

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.jira.plan import Provisioned
    from integration.settings import Settings

SCOPES = (
    "read:jira-work", "write:jira-work", "manage:jira-webhook", "manage:jira-configuration",
    "manage:jira-project", "read:jira-user", "read:board-scope:jira-software",
    "read:sprint:jira-software", "write:sprint:jira-software", "offline_access",
)  # fmt: skip
WEBHOOK_LIFE = timedelta(days=30)


def keep_account(settings: Settings, workspace_id: str, **reached: Any) -> list[str]:
    """Try how a site is reached, and keep it when it works; returns what was seen, in sentences.

    What provisioning found out stays where it is the same site.

    Raises:
        NotFound: there is no such workspace.
        InvalidInput: Jira refuses the sign-in, or does not show us one of the projects.
    """
    box, clock = secret_box(settings), clock_from(settings.clock_file)
    transactions = transactions_on(connect(settings.database_url))
    with transactions.begin() as session:
        store.find(session, workspace_id)
        known = store.jira_account(session, workspace_id, box)
    secret = known.webhook_secret if known else secrets.token_urlsafe(32)
    account = JiraAccount(workspace_id, webhook_secret=secret, **reached)
    if known and known.site_url == account.site_url:
        account = replace(
            account, field_ids=known.field_ids, project_field_ids=known.project_field_ids,
        )  # fmt: skip
    with JiraGateway(jira_connection(account), clock) as gateway:
        account_id, seen = first_look(gateway)
    wrong = [finding.sentence for finding in seen if not finding.is_well]
    if wrong:
        raise InvalidInput(" ".join([*wrong, "Nothing was kept."]))
    with transactions.begin() as session:
        store.connect_jira(session, replace(account, account_id=account_id), box)
    return [finding.sentence for finding in seen]


def remember_provisioned(
    settings: Settings, workspace_id: str, account_id: str, done: Provisioned
) -> None:
    """Keep the ids and the webhook's secret that provisioning has found out."""
    box = secret_box(settings)
    fields = dict(done.field_ids)
    fields |= {"sprint": done.sprint_field_id, "story_points": done.story_points_field_id}
    with transactions_on(connect(settings.database_url)).begin() as session:
        account = store.jira_account(session, workspace_id, box, is_kept=True)
        if account is None:
            return
        account = replace(
            account, field_ids=fields, account_id=account_id,
            webhook_secret=done.webhook_secret or account.webhook_secret,
            project_field_ids={key: dict(ids) for key, ids in done.project_field_ids.items()},
        )  # fmt: skip
        store.connect_jira(session, account, box)
        if done.dynamic_webhook_ids:
            end_at = clock_from(settings.clock_file).now() + WEBHOOK_LIFE
            store.note_webhooks(session, workspace_id, done.dynamic_webhook_ids, end_at)


def consent_url(options: Mapping[str, str]) -> str:
    """Return where a person agrees to what StoryMeter may do."""
    asked = {
        "audience": "api.atlassian.com",
        "client_id": options["client_id"],
        "scope": " ".join(SCOPES),
        "redirect_uri": options["redirect_uri"],
        "state": secrets.token_urlsafe(16),
        "response_type": "code",
        "prompt": "consent",
    }
    return f"{options['auth_base']}/authorize?{urlencode(asked)}"


def granted_account(settings: Settings, options: Mapping[str, str]) -> dict[str, Any]:
    """Trade the code of a consent for an account of the one site it reaches.

    Raises:
        InvalidInput: it reaches no site, or several and none was chosen.
        JiraFailure: Atlassian refuses the code.
    """
    clock = clock_from(settings.clock_file)
    app = OAuth("", client_id=options["client_id"], client_secret=options["client_secret"])
    grant = granted(
        app, options["code"], options["redirect_uri"], clock, auth_base=options["auth_base"]
    )
    wanted = options["site_url"].rstrip("/")
    sites = [
        site
        for site in reachable(grant, clock, api_base=options["api_root"])
        if not wanted or site.site_url.rstrip("/") == wanted
    ]
    if len(sites) != 1:
        names = ", ".join(site.site_url for site in sites) or "none"
        raise InvalidInput(f"Name one site with --site-url; the grant reaches: {names}")
    return {
        "site_url": sites[0].site_url.rstrip("/"),
        "api_base": sites[0].api_base,
        "email": "",
        "token": "",
        "grant": JiraGrant(
            grant.client_id, grant.client_secret, grant.access_token, grant.refresh_token,
            grant.expires_at or clock.now(), options["auth_base"],
        ),
    }  # fmt: skip

"""Which webhook a site should have: an administrator's, or the dynamic one of an OAuth app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.jira import administration as admin
from integration.jira.connection import OAuth
from integration.jira.failures import JiraFailure
from integration.jira.plan import Step
from integration.jira.times import instant_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from integration.jira.gateway import JiraGateway
    from integration.jira.traffic import Traffic

EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "sprint_created",
    "sprint_started",
    "sprint_updated",
    "sprint_closed",
    "sprint_deleted",
)
FILTER = "issue-related-events-section"


def webhook_url(public_url: str, workspace_id: str) -> str:
    """Return the address at which Jira tells us what happens."""
    return f"{public_url}/webhooks/jira/{workspace_id}"


def webhook_step(gateway: JiraGateway, url: str, projects: Sequence[str]) -> Step:
    """Plan the webhook that suits how we sign in; none where Jira could not reach us."""
    connection = gateway.connection
    if connection.site_url.startswith("https:") and not url.startswith("https:"):
        return Step("blocked", url, {"what": "address"})
    plan = _dynamic_step if isinstance(connection.auth, OAuth) else _admin_step
    return plan(gateway, url, project_jql(projects))


def _admin_step(gateway: JiraGateway, url: str, jql: str) -> Step:
    """Plan the administrator's webhook; found only when it is complete and its secret is ours."""
    existing = admin.webhooks(gateway)
    if existing is None:
        data = {
            "what": "webhook", "events": EVENTS, "jql": jql,
            "workspace_id": gateway.connection.workspace_id,
        }  # fmt: skip
        return Step("blocked", url, data)
    same = next((one for one in existing if one.get("url") == url), None)
    webhook_id = str(same["self"]).rpartition("/")[2] if same else ""
    if same and _is_complete(same, jql) and gateway.connection.webhook_secret:
        return Step("found", url, {"id": webhook_id, "what": "webhook"})
    return Step("webhook", url, {"id": webhook_id, "jql": jql, "dynamic": False})


def _dynamic_step(gateway: JiraGateway, url: str, jql: str) -> Step:
    """Plan the OAuth app's webhook; one that is not as it should be is replaced."""
    ours = dynamic_webhooks(gateway, url)
    fitting = [one for one in ours if _is_as_wanted(one, jql)]
    if fitting:
        return Step("found", url, {"id": str(fitting[0]["id"]), "what": "webhook"})
    stale = [int(one["id"]) for one in ours]
    data = {"id": ", ".join(map(str, stale)), "jql": jql, "dynamic": True, "stale": stale}
    return Step("webhook", url, data)


def webhook_body(url: str, jql: str, secret: str) -> dict[str, Any]:
    """Return the registration of the administrator's webhook."""
    return {
        "name": "StoryMeter",
        "url": url,
        "events": list(EVENTS),
        "filters": {FILTER: jql},
        "excludeBody": False,
        "secret": secret,
    }


def dynamic_webhooks(traffic: Traffic, url: str) -> list[dict[str, Any]]:
    """Return the OAuth app's webhooks to an address; those that have ended are not among them."""
    listed = traffic.pages(f"{traffic.connection.rest}/webhook")
    return [one for one in listed if one.get("url", url) == url]


def register_dynamic(
    traffic: Traffic, url: str, jql: str, stale: Sequence[int] = ()
) -> tuple[int, ...]:
    """Register the OAuth app's webhook in place of stale ones; returns its ids."""
    path = f"{traffic.connection.rest}/webhook"
    if stale:
        traffic.call("DELETE", path, body={"webhookIds": list(stale)})
    body = {"url": url, "webhooks": [{"events": list(EVENTS), "jqlFilter": jql}]}
    results = traffic.call("POST", path, body=body)["webhookRegistrationResult"]
    errors = [error for one in results for error in one.get("errors") or ()]
    if errors:
        message = f"Jira refused the webhook: {' '.join(errors)}"
        raise JiraFailure(message, permanent=True)
    return tuple(int(one["createdWebhookId"]) for one in results)


def refresh_dynamic(traffic: Traffic, webhook_ids: Iterable[int]) -> datetime | None:
    """Give dynamic webhooks another 30 days and return when they end then."""
    path, body = f"{traffic.connection.rest}/webhook/refresh", {"webhookIds": list(webhook_ids)}
    return instant_or_none((traffic.call("PUT", path, body=body) or {}).get("expirationDate"))


def project_jql(projects: Sequence[str]) -> str:
    """Return the filter for the stories of these projects; none means all."""
    quoted = ", ".join(f'"{key}"' for key in projects)
    return f"project in ({quoted})" if quoted else "project is not EMPTY"


def _is_as_wanted(webhook: dict[str, Any], jql: str) -> bool:
    return set(webhook.get("events") or ()) >= set(EVENTS) and webhook.get("jqlFilter") == jql


def _is_complete(webhook: dict[str, Any], jql: str) -> bool:
    filters = webhook.get("filters") or {}
    return (
        set(webhook.get("events") or ()) >= set(EVENTS)
        and filters.get(FILTER, "") == jql
        and webhook.get("enabled", True) is not False
        and webhook.get("excludeBody") is not True
        and webhook.get("isSigned") is not False
    )

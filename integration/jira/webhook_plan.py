"""Which webhook a site should have: an administrator's, or the dynamic one of an OAuth app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.jira import administration as admin
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
DYNAMIC_EVENTS = EVENTS[:3]
"""Dynamic webhooks carry no Sprint events for OAuth apps; Sprints are found by the catch-up."""
FILTER = "issue-related-events-section"


def webhook_step(gateway: JiraGateway, url: str, projects: Sequence[str]) -> Step:
    """Plan the administrator's webhook; found only when it is complete and its secret is ours."""
    jql = project_jql(projects)
    existing = admin.webhooks(gateway)
    if existing is None:
        data = {"what": "webhook", "events": EVENTS, "jql": jql}
        return Step("blocked", url, data)
    same = next((one for one in existing if one.get("url") == url), None)
    webhook_id = str(same["self"]).rpartition("/")[2] if same else ""
    if same and _is_complete(same, jql) and gateway.connection.webhook_secret:
        return Step("found", url, {"id": webhook_id, "what": "Webhook"})
    return Step("webhook", url, {"id": webhook_id, "jql": jql, "dynamic": False})


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


def dynamic_webhook_step(gateway: JiraGateway, url: str, projects: Sequence[str]) -> Step:
    """Plan the OAuth app's webhook."""
    listed = gateway.pages(f"{gateway.connection.rest}/webhook")
    same = next((one for one in listed if one.get("url", url) == url), None)
    if same and set(same.get("events") or ()) >= set(DYNAMIC_EVENTS):
        return Step("found", url, {"id": str(same["id"]), "what": "Webhook"})
    return Step("webhook", url, {"id": "", "jql": project_jql(projects), "dynamic": True})


def register_dynamic(traffic: Traffic, url: str, jql: str) -> tuple[int, ...]:
    """Register the OAuth app's webhook and return its ids; raises JiraFailure."""
    body = {"url": url, "webhooks": [{"events": list(DYNAMIC_EVENTS), "jqlFilter": jql}]}
    answer = traffic.call("POST", f"{traffic.connection.rest}/webhook", body=body)
    results = answer["webhookRegistrationResult"]
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


def _is_complete(webhook: dict[str, Any], jql: str) -> bool:
    filters = webhook.get("filters") or {}
    return (
        set(webhook.get("events") or ()) >= set(EVENTS)
        and filters.get(FILTER, "") == jql
        and webhook.get("enabled", True) is not False
        and webhook.get("excludeBody") is not True
    )

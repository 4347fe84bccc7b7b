"""Webhooks over REST: those of administrators, and dynamic ones of OAuth apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, g, jsonify, request

from integration.sandbox.jira.jql import JqlError, parse_jql
from integration.sandbox.jira.jql_match import Matcher
from integration.sandbox.jira.refusals import JiraRefusalError, bad_request, not_found
from integration.sandbox.jira.webhooks import DYNAMIC_LIFE, EVENTS, OTHER_EVENTS, Hook
from integration.sandbox.jira.wire import (
    body,
    me,
    millis,
    nothing,
    only,
    page,
    require_admin,
    site,
)

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.webhooks import Webhooks

admin_webhooks_api = Blueprint("admin-webhooks", __name__, url_prefix="/rest/webhooks/1.0")
dynamic_webhooks_api = Blueprint("dynamic-webhooks", __name__)
SECTION = "issue-related-events-section"
MOST_DYNAMIC = 5


def webhooks() -> Webhooks:
    """Return the site's webhooks."""
    return cast("Webhooks", current_app.extensions["jira-webhooks"])


def _checked_jql(jql: str) -> str:
    try:
        Matcher(site(), me().account_id).test(parse_jql(jql).where)
    except JqlError as error:
        raise bad_request(str(error)) from error
    return jql


def _admin_bean(hook: Hook) -> JsonObject:
    return {
        "name": hook.name,
        "url": hook.url,
        "excludeBody": hook.exclude_body,
        "filters": {SECTION: hook.jql},
        "events": hook.events,
        "enabled": hook.enabled,
        "self": f"{site().base_url}/rest/webhooks/1.0/webhook/{hook.id}",
        "lastUpdatedUser": hook.owner,
        "lastUpdatedDisplayName": site().people[hook.owner].display_name,
        "lastUpdated": millis(hook.updated) if hook.updated else None,
        "isSigned": bool(hook.secret),
    }


def _fill(hook: Hook, payload: JsonObject) -> Hook:
    """Take over what an administrator sent; http is allowed, unlike in the real Jira."""
    url = str(payload.get("url", hook.url))
    events = payload.get("events", hook.events)
    if not url.startswith(("http://", "https://")):
        raise bad_request("The url must be an absolute http or https address.")
    if not isinstance(events, list):
        raise bad_request("The events must be a list.")
    unknown = set(map(str, events)) - {*EVENTS, *OTHER_EVENTS}
    if unknown:
        raise bad_request(f"Unknown webhook event: {min(unknown)}")
    filters = payload.get("filters") or {}
    hook.jql = _checked_jql(str(filters.get(SECTION, hook.jql)))
    hook.url, hook.events = url, [str(event) for event in events]
    hook.name = str(payload.get("name", hook.name))
    hook.exclude_body = bool(payload.get("excludeBody", hook.exclude_body))
    hook.enabled = bool(payload.get("enabled", hook.enabled))
    hook.secret = str(payload.get("secret", hook.secret) or "")
    hook.updated, hook.owner = site().now(), me().account_id
    return hook


def _admin_hook(hook_id: int) -> Hook:
    found = webhooks().hooks.get(hook_id)
    if found is None or found.dynamic:
        raise not_found(f"Webhook with id {hook_id} does not exist.")
    return found


@admin_webhooks_api.before_request
def admins_only() -> None:
    """These webhooks are for administrators."""
    require_admin()


@admin_webhooks_api.get("/webhook")
def list_admin() -> Response:
    """List the administrators' webhooks."""
    hooks = [hook for hook in webhooks().hooks.values() if not hook.dynamic]
    return jsonify([_admin_bean(hook) for hook in hooks])


@admin_webhooks_api.post("/webhook")
def create_admin() -> tuple[Response, int]:
    """Register a webhook, signed where a secret is given."""
    payload = body()
    if not payload.get("name"):
        raise bad_request("The webhook name is required.")
    hook = _fill(Hook(site().next_id("webhook", 1), "", []), payload)
    webhooks().hooks[hook.id] = hook
    return jsonify(_admin_bean(hook)), 201


@admin_webhooks_api.get("/webhook/<int:hook_id>")
def get_admin(hook_id: int) -> Response:
    """Show a webhook; the secret is never shown."""
    return jsonify(_admin_bean(_admin_hook(hook_id)))


@admin_webhooks_api.put("/webhook/<int:hook_id>")
def update_admin(hook_id: int) -> Response:
    """Change a webhook."""
    return jsonify(_admin_bean(_fill(_admin_hook(hook_id), body())))


@admin_webhooks_api.delete("/webhook/<int:hook_id>")
def delete_admin(hook_id: int) -> Response:
    """Remove a webhook."""
    del webhooks().hooks[_admin_hook(hook_id).id]
    return nothing()


def _require_oauth() -> None:
    if not g.get("oauth"):
        raise JiraRefusalError(403, "Only Connect and OAuth 2.0 apps can use this operation.")


def _own_dynamic() -> list[Hook]:
    now = site().now()
    return [
        hook
        for hook in webhooks().hooks.values()
        if hook.dynamic and hook.owner == me().account_id and (hook.expires or now) > now
    ]


@dynamic_webhooks_api.get("/webhook")
def list_dynamic() -> Response:
    """List the app's webhooks."""
    _require_oauth()
    beans: list[JsonObject] = []
    for hook in _own_dynamic():
        bean: JsonObject = {
            "id": hook.id,
            "url": hook.url,
            "events": hook.events,
            "jqlFilter": hook.jql,
            "expirationDate": millis(hook.expires or site().now()),
        }
        if hook.field_ids:
            bean["fieldIdsFilter"] = hook.field_ids
        if hook.property_keys:
            bean["issuePropertyKeysFilter"] = hook.property_keys
        beans.append(bean)
    return page(beans, most=100, top=100)


@dynamic_webhooks_api.post("/webhook")
def create_dynamic() -> Response:
    """Register up to five webhooks for thirty days; each is taken or refused by itself."""
    _require_oauth()
    payload = only(body(), "url", "webhooks")
    url = str(payload.get("url") or "")
    if not url.startswith(("http://", "https://")):
        raise bad_request("The url is not valid.")
    return jsonify(
        {"webhookRegistrationResult": [_registered(url, e) for e in payload.get("webhooks") or []]}
    )


def _registered(url: str, entry: JsonObject) -> JsonObject:
    if len(_own_dynamic()) >= MOST_DYNAMIC:
        return {"errors": [f"At most {MOST_DYNAMIC} webhooks can be registered."]}
    events: list[Json] = entry.get("events") or []
    unknown = set(map(str, events)) - {*EVENTS, *OTHER_EVENTS}
    if not events or unknown or not entry.get("jqlFilter"):
        return {"errors": [f"Invalid events or missing jqlFilter: {sorted(unknown)}"]}
    try:
        jql = _checked_jql(str(entry["jqlFilter"]))
    except JiraRefusalError as refused:
        return {"errors": refused.messages}
    hook = Hook(site().next_id("webhook", 1), url, [str(e) for e in events], jql, dynamic=True)
    hook.owner = me().account_id
    hook.expires = site().now() + DYNAMIC_LIFE
    hook.field_ids = [str(f) for f in entry.get("fieldIdsFilter") or []]
    hook.property_keys = [str(k) for k in entry.get("issuePropertyKeysFilter") or []]
    webhooks().hooks[hook.id] = hook
    return {"createdWebhookId": hook.id}


@dynamic_webhooks_api.put("/webhook/refresh")
def refresh() -> Response:
    """Let webhooks live for another thirty days."""
    _require_oauth()
    ids = only(body(), "webhookIds").get("webhookIds") or []
    expires = site().now() + DYNAMIC_LIFE
    for hook in _own_dynamic():
        if hook.id in ids:
            hook.expires = expires
    return jsonify({"expirationDate": millis(expires)})


@dynamic_webhooks_api.delete("/webhook")
def delete_dynamic() -> Response:
    """Remove webhooks of the app."""
    _require_oauth()
    ids = only(request.get_json(force=True), "webhookIds").get("webhookIds") or []
    for hook in _own_dynamic():
        if hook.id in ids:
            del webhooks().hooks[hook.id]
    return nothing(202)

"""POST /webhooks/jira/<workspace>: verify the raw bytes, keep them under their delivery id, 202."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify, request

from integration.foundation.errors import NotFound, Unauthenticated
from integration.jira import payloads
from integration.jira.signature import check_bearer, check_hmac
from integration.mailbox import store as mailbox
from integration.web.access import signed_by
from integration.web.bodies import sent_body
from integration.web.service import service
from integration.workspaces import store as workspaces

jira_webhooks = Blueprint("jira_webhooks", __name__)


@jira_webhooks.post("/webhooks/jira/<workspace_id>")
@signed_by("jira")
def receive(workspace_id: str) -> tuple[Response, int]:
    """Store a delivery and answer at once; a worker reads it. A repeat is answered the same way.

    Jira drops for good what gets any 4xx but 408, 409, 425 and 429, so only a wrong signature does.
    """
    raw = sent_body()
    here = service()
    now = here.clock.now()
    with here.transactions.begin() as session:
        account = workspaces.jira_account(session, workspace_id, here.box)
        if account is None:
            raise NotFound(f"There is no workspace {workspace_id!r} with a Jira site")
        signature = request.headers.get("X-Hub-Signature")
        if signature is None and "Authorization" in request.headers:
            secret = account.grant.client_secret if account.grant else account.webhook_secret
            check_bearer(secret, request.headers.get("Authorization"), now)
        else:
            check_hmac(account.webhook_secret, raw, signature)
        delivery_id = request.headers.get("X-Atlassian-Webhook-Identifier", "")
        if not delivery_id:
            raise Unauthenticated("The delivery carries no X-Atlassian-Webhook-Identifier")
        event, subject = _what_about(raw, delivery_id)
        is_new = mailbox.receive(
            session, workspace_id, source="jira", delivery_id=delivery_id, subject=subject,
            event=event, body=raw, now=now,
        )  # fmt: skip
    return jsonify(stored=is_new), 202


def _what_about(raw: bytes, delivery_id: str) -> tuple[str, str]:
    """The event's name and subject; what is about no story and no Sprint waits for nothing else."""
    alone = f"delivery:{delivery_id}"
    try:
        payload = json.loads(raw)
        name = str(payload.get("webhookEvent", ""))
    except (ValueError, AttributeError):
        return "unreadable", alone
    try:
        event = payloads.read_event(payload, account_id="", field_ids=())
    except payloads.UnknownPayload:
        return name, alone
    return name, payloads.subject(event) or alone

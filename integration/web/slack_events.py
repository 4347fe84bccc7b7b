"""POST /slack/events: Bolt behind Flask, one app per connected Slack team.

Bolt is loaded by the first request that needs it: most processes start without.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from integration.foundation.errors import NotFound, Unauthenticated
from integration.slack.connection import SlackConnection
from integration.slack.team_of_request import body_of, team_of
from integration.web.access import signed_by
from integration.web.service import service
from integration.web.slack_desk import Desk
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from slack_bolt.adapter.flask import SlackRequestHandler

    from integration.foundation.wording import Wording
    from integration.web.service import Service
    from integration.workspaces.workspace import SlackAccount, Workspace

slack_events = Blueprint("slack_events", __name__)

_handlers: dict[str, tuple[tuple[SlackAccount, Workspace], SlackRequestHandler]] = {}
_lock = Lock()


@slack_events.post("/slack/events")
@signed_by("slack")
def receive() -> Response:
    """Hand a request to the Bolt app of the team it names; Bolt checks the team's signature."""
    raw = request.get_data(cache=True)
    body = body_of(raw, is_json=request.mimetype == "application/json")
    if body.get("type") == "url_verification":
        return _verified(raw, body)
    here = service()
    with here.transactions.begin() as session:
        account = workspaces.slack_account_of_team(session, team_of(body), here.box)
        if account is None:
            raise NotFound("No workspace is connected to this Slack team")
        workspace = workspaces.find(session, account.workspace_id)
    return _handler(account, workspace).handle(request)


def _verified(raw: bytes, body: dict[str, Any]) -> Response:
    """Answer the challenge that Slack sends when an app is set up: it names no team yet."""
    from integration.slack.signature import is_signed

    here = service()
    with here.transactions.begin() as session:
        secrets = {each.signing_secret for each in workspaces.slack_accounts(session, here.box)}
    if here.slack_app is not None:
        secrets.add(here.slack_app.signing_secret)
    if not any(is_signed(raw, dict(request.headers), secret, here.clock) for secret in secrets):
        raise Unauthenticated("This request is not signed by a Slack app that is known here")
    return jsonify({"challenge": str(body.get("challenge", ""))})


def _handler(account: SlackAccount, workspace: Workspace) -> SlackRequestHandler:
    from slack_bolt.adapter.flask import SlackRequestHandler

    from integration.slack.interactions import build_bolt

    here = service()
    key = f"{id(here)}:{account.workspace_id}"
    with _lock:
        known = _handlers.get(key)
        if known is None or known[0] != (account, workspace):
            bolt = build_bolt(
                connection_of(account), Desk(here), here.clock, zone=workspace.time_zone,
                wording=words_of(here, workspace),
            )  # fmt: skip
            known = ((account, workspace), SlackRequestHandler(bolt))
            _handlers[key] = known
        return known[1]


def words_of(here: Service, workspace: Workspace) -> Wording:
    """How a workspace's answers in Slack are worded."""
    from integration.slack.block_kit import slack_wording

    found = here.wordings.of(workspace.workspace_id, workspace.locale, "slack", "words")
    return slack_wording(found)


def connection_of(account: SlackAccount) -> SlackConnection:
    """How the adapter reaches a workspace's Slack."""
    return SlackConnection(
        account.workspace_id, account.api_base_url, account.bot_token, account.signing_secret,
        account.team_id, account.default_channel_id,
    )  # fmt: skip

"""POST /slack/events: Bolt behind Flask, one app per connected Slack team."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from flask import Blueprint, Response, request
from slack_bolt.adapter.flask import SlackRequestHandler

from integration.foundation.errors import InvalidInput, NotFound
from integration.slack.connection import SlackConnection
from integration.slack.interactions import build_bolt
from integration.web.access import signed_by
from integration.web.service import service
from integration.web.slack_desk import Desk
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.workspaces.workspace import SlackAccount

slack_events = Blueprint("slack_events", __name__)

_handlers: dict[str, tuple[SlackAccount, SlackRequestHandler]] = {}
_lock = Lock()


@slack_events.post("/slack/events")
@signed_by("slack")
def receive() -> Response:
    """Hand a request to the Bolt app of the team it names; Bolt checks the team's signature."""
    team_id = _team_of(request.get_data(cache=True))
    here = service()
    with here.transactions.begin() as session:
        account = workspaces.slack_account_of_team(session, team_id, here.box)
        if account is None:
            raise NotFound("No workspace is connected to this Slack team")
        zone = workspaces.find(session, account.workspace_id).time_zone
    return _handler(account, zone).handle(request)


def _handler(account: SlackAccount, zone: str) -> SlackRequestHandler:
    here = service()
    key = f"{id(here)}:{account.workspace_id}"
    with _lock:
        known = _handlers.get(key)
        if known is None or known[0] != account:
            connection = SlackConnection(
                account.workspace_id, account.api_base_url, account.bot_token,
                account.signing_secret, account.team_id, account.default_channel_id,
            )  # fmt: skip
            bolt = build_bolt(connection, Desk(here), here.clock, zone=zone)
            known = (account, SlackRequestHandler(bolt))
            _handlers[key] = known
        return known[1]


def _team_of(raw: bytes) -> str:
    """The Slack team a request names, in JSON, a form, or a form's JSON payload; unverified yet."""
    try:
        body: Any
        if request.mimetype == "application/json":
            body = json.loads(raw)
        else:
            form = parse_qs(raw.decode())
            body = json.loads(form["payload"][0]) if "payload" in form else form
        team = body.get("team_id") or (body.get("team") or {}).get("id") or ""
        return str(team[0] if isinstance(team, list) else team)
    except (ValueError, AttributeError, KeyError, UnicodeDecodeError) as wrong:
        raise InvalidInput("This is not a request from Slack") from wrong

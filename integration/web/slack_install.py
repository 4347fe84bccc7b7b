"""GET /slack/install and /slack/oauth_redirect: the Slack app is installed for a workspace.

The state that Slack brings back is random, kept as a digest, used once, and also in a cookie of the
browser that began: nobody can be led to connect somebody else's Slack.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import redirect, request
from slack_sdk import WebClient

from integration.foundation.errors import InvalidInput, NotFound, Unavailable
from integration.slack.failures import TRANSPORT_ERRORS, error_code
from integration.slack.scopes import BOT_SCOPES
from integration.web.access import people, person, require
from integration.web.page_frame import page_blueprint
from integration.web.service import service
from integration.workspaces import install_store as installs
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import SlackAccount

if TYPE_CHECKING:
    from slack_sdk.web import SlackResponse
    from werkzeug.wrappers import Response as AnyResponse

    from integration.web.service import SlackApp

slack_install = page_blueprint("slack_install")

STATE_COOKIE = "storymeter-slack-install"
STATE_LIVES = timedelta(minutes=10)


@slack_install.get("/slack/install")
@people()
def begin() -> AnyResponse:
    """Send a person to Slack to install the app for `?workspace=…`."""
    here, app = service(), _app()
    workspace_id = request.args.get("workspace", "")
    state = secrets.token_urlsafe(32)
    now = here.clock.now()
    with here.transactions.begin() as session:
        workspaces.find(session, workspace_id)
        installs.begin_slack_install(session, workspace_id, _digest(state), now + STATE_LIVES)
    query = {
        "client_id": app.client_id, "scope": ",".join(BOT_SCOPES), "state": state,
        "redirect_uri": _redirect_uri(),
    }  # fmt: skip
    answer = redirect(f"{app.authorize_url}?{urlencode(query)}")
    answer.set_cookie(
        STATE_COOKIE, state, max_age=int(STATE_LIVES.total_seconds()), httponly=True,
        secure=here.public_url.startswith("https://"), samesite="Lax", path="/slack",
    )  # fmt: skip
    return answer


@slack_install.get("/slack/oauth_redirect")
@people()
def finish() -> AnyResponse:
    """Take in what Slack grants, after its state is checked; tokens are kept encrypted."""
    here, app = service(), _app()
    state = request.args.get("state", "")
    cookie = request.cookies.get(STATE_COOKIE, "")
    if not state or not secrets.compare_digest(state.encode(), cookie.encode()):
        raise InvalidInput("This installation was not begun in this browser; begin it again")
    now = here.clock.now()
    with here.transactions.begin() as session:
        workspace_id = installs.end_slack_install(session, _digest(state), now)
    if workspace_id is None:
        raise InvalidInput("This installation took too long or was finished before; begin it again")
    require(workspace_id, "admin")
    if request.args.get("error"):
        raise InvalidInput("Slack was not connected: the installation was declined")
    granted = _granted(app, request.args.get("code", ""))
    with here.transactions.begin() as session:
        known = workspaces.slack_account(session, workspace_id, here.box)
        team_id = str(granted["team"]["id"])
        keeps_channel = known is not None and known.team_id == team_id
        account = SlackAccount(
            workspace_id, app.api_base_url, str(granted["access_token"]), app.signing_secret,
            team_id, known.default_channel_id if known and keeps_channel else "",
        )  # fmt: skip
        workspaces.connect_slack(session, account, here.box)
        workspaces.audit(
            session, workspace_id, at=now, actor=person().actor, action="slack.connected",
            subject="slack", team_id=team_id,
        )  # fmt: skip
    answer = redirect(f"/{workspace_id}/")
    answer.delete_cookie(STATE_COOKIE, path="/slack")
    return answer


def _granted(app: SlackApp, code: str) -> SlackResponse:
    client = WebClient(base_url=app.api_base_url.rstrip("/") + "/", timeout=10)
    try:
        return client.oauth_v2_access(
            client_id=app.client_id, client_secret=app.client_secret, code=code,
            redirect_uri=_redirect_uri(),
        )  # fmt: skip
    except TRANSPORT_ERRORS as error:
        if error_code(error):
            raise InvalidInput(f"Slack was not connected: {error_code(error)}") from error
        raise Unavailable("Slack does not answer right now; begin again in a minute") from error


def _app() -> SlackApp:
    app = service().slack_app
    if app is None:
        raise NotFound("This deployment has no Slack app of its own; see docs/slack.md")
    return app


def _redirect_uri() -> str:
    return f"{service().public_url}/slack/oauth_redirect"


def _digest(state: str) -> bytes:
    return sha256(state.encode()).digest()

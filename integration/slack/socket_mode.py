"""Socket Mode: Slack's requests come over a connection that we open, for sites behind a firewall.

Exactly one process may hold it. One app-level token serves all teams that installed the app.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk import WebClient
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.response import SocketModeResponse

from integration.slack.team_of_request import team_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_bolt import App
    from slack_sdk.socket_mode.client import BaseSocketModeClient
    from slack_sdk.socket_mode.request import SocketModeRequest


def socket_client(
    app_token: str, api_base_url: str, app_of_team: Callable[[str], App | None]
) -> SocketModeClient:
    """Return a client that answers through the Bolt app of the team a request names."""
    web = WebClient(token=app_token, base_url=api_base_url.rstrip("/") + "/", timeout=10)
    client = SocketModeClient(app_token=app_token, web_client=web)
    client.socket_mode_request_listeners.append(answering(app_of_team))
    return client


def answering(
    app_of_team: Callable[[str], App | None],
) -> Callable[[BaseSocketModeClient, SocketModeRequest], None]:
    """Return the listener. A team that is not connected here is acknowledged and left alone."""

    def answer(client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        app = app_of_team(team_of(request.payload))
        if app is None:
            client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
            return
        started = time.time()
        send_response(client, request, run_bolt_app(app, request), started)

    return answer

"""Starts the local Slack on a loopback port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.server import RunningServer, serve
from integration.sandbox.slack.app import create_slack

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.sandbox.slack.config import SlackConfig
    from integration.sandbox.slack.workspace import Workspace


def start_slack(
    config: SlackConfig, clock: Clock, host: str = "127.0.0.1", port: int = 0
) -> RunningServer[Workspace]:
    """Start a local Slack; port 0 takes a free one. Slack clients use `base_url` + "/api/".

    `stop()` of what is returned also ends the delivery of events.
    """
    app = create_slack(config, clock)
    workspace: Workspace = app.extensions["slack_workspace"]
    return serve(app, workspace, host, port, on_stop=app.extensions["slack_outgoing"].close)

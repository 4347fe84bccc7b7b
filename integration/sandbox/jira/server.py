"""Starts the local Jira on a port of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sandbox.jira.app import create_jira
from integration.sandbox.server import RunningServer, serve

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.sandbox.jira.config import JiraConfig
    from integration.sandbox.jira.state import Site


def start_jira(
    config: JiraConfig, clock: Clock, host: str = "127.0.0.1", port: int = 0
) -> RunningServer[Site]:
    """Start an empty site; `state` is the site (hold `state.lock` to touch it from outside).

    Stop it with `stop()` or by leaving its `with` block. Raises OSError when the port is taken.
    """
    app = create_jira(config, clock)
    state: Site = app.extensions["jira-site"]
    running = serve(app, state, host, port, on_stop=app.extensions["jira-webhooks"].courier.stop)
    state.base_url = running.base_url
    return running

"""Puts the local Slack together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

from integration.sandbox.slack.api import api_door
from integration.sandbox.slack.control import control_door
from integration.sandbox.slack.outgoing import Outgoing
from integration.sandbox.slack.page import page_door
from integration.sandbox.slack.workspace import Workspace

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.sandbox.slack.config import SlackConfig

LARGEST_UPLOAD = 64 * 1024 * 1024


def create_slack(config: SlackConfig, clock: Clock) -> Flask:
    """Return the application. Its `extensions["slack_outgoing"].close()` ends its one thread."""
    app = Flask("slack_sandbox", template_folder=str(_templates()), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_UPLOAD
    workspace = Workspace(config, clock)
    outgoing = Outgoing(workspace)
    app.extensions["slack_workspace"] = workspace
    app.extensions["slack_outgoing"] = outgoing
    app.register_blueprint(api_door(workspace))
    app.register_blueprint(control_door(workspace, outgoing))
    app.register_blueprint(page_door(workspace, outgoing))
    return app


def _templates() -> Path:
    package = Path(__file__).parents[2]
    installed = package / "_data" / "templates"
    return (installed if installed.is_dir() else package.parent / "templates") / "sandbox" / "slack"

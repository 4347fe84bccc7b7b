"""A small Slack workspace, a clock that tests move, and short ways to drive people."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from flask import Flask, request

from integration.sandbox.slack.config import SlackChannel, SlackConfig, SlackUser

if TYPE_CHECKING:
    from integration.sandbox.slack.workspace import Workspace

Json = dict[str, Any]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
CONFIG = SlackConfig(
    bot_token="xoxb-acme",
    app_token="xapp-acme",
    signing_secret="signing-secret",
    team_id="T0ACME",
    team_name="Acme",
    bot_user_id="U0BOT",
    users=(
        SlackUser("U0ANN", "ann", "Ann Lee", "ann@example.com"),
        SlackUser("U0BO", "bo", "Bo Chen", "bo@example.com", tz="America/New_York"),
    ),
    channels=(
        SlackChannel("C0STANDUP", "standup", topic="Daily Scrum"),
        SlackChannel("C0OLD", "old", is_archived=True),
        SlackChannel("C0OTHER", "other", is_bot_member=False),
        SlackChannel("C0SECRET", "secret", is_private=True, is_bot_member=False),
    ),
    link_domains=("jira.example.com",),
    event_retry_delays_s=(0, 0, 0),
)


@dataclass
class MovingClock:
    """A clock that stands still until a test moves it."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass(frozen=True)
class Control:
    """The control endpoints of one local Slack."""

    base_url: str
    workspace: Workspace

    def post(self, name: str, **body: object) -> Json:
        answer: Json = requests.post(
            f"{self.base_url}/_sandbox/{name}", json=body, timeout=10
        ).json()
        return answer

    def get(self, name: str, **query: str) -> Json:
        answer: Json = requests.get(
            f"{self.base_url}/_sandbox/{name}", params=query, timeout=10
        ).json()
        return answer

    def trigger(self, person: str = "U0ANN") -> str:
        with self.workspace.lock:
            return self.workspace.new_trigger(person)


@dataclass
class Receiver:
    """An app that keeps each request it gets, and answers with the statuses it is told to."""

    statuses: list[int] = field(default_factory=list)
    answer: Json = field(default_factory=dict)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def app(self) -> Flask:
        app = Flask("receiver")

        @app.post("/slack/events")
        def events() -> tuple[Json, int]:
            with self.news:
                self.received.append((dict(request.headers), request.get_data()))
                status = self.statuses.pop(0) if self.statuses else 200
                self.news.notify_all()
            return self.answer, status

        return app

    def wait_for(self, count: int) -> None:
        """Return once so many requests have come; fail when they do not come."""
        with self.news:
            assert self.news.wait_for(lambda: len(self.received) >= count, timeout=10)


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: object) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(action_id: str, value: str = "v", text: str = "Do it") -> Json:
    return {"type": "button", "action_id": action_id, "value": value, "text": plain(text)}


def modal(*blocks: Json, **more: object) -> Json:
    return {
        "type": "modal",
        "callback_id": "raise_cap",
        "title": plain("Raise the cap"),
        "submit": plain("Approve"),
        "blocks": list(blocks),
        **more,
    }


def text_input(block_id: str, **more: object) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(block_id),
        "element": {"type": "plain_text_input", "action_id": "value"},
        **more,
    }

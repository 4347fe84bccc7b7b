"""What Slack sends to an app: signed requests, and events that are repeated when they fail.

Signature: v0 HMAC-SHA256 over "v0:timestamp:body"; the timestamp is that of the given clock.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import itertools
import json
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.sandbox.slack.wire import Json
    from integration.sandbox.slack.workspace import Workspace

PATIENCE_S = 3.0
LONGEST_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status, or the reason (in Slack's words) why there is none."""

    status: int | None
    text: str = ""
    reason: str | None = None
    wants_no_retry: bool = False

    @property
    def accepted(self) -> bool:
        """Tell whether the app took the request."""
        return self.status is not None and 200 <= self.status < 300

    def json(self) -> Json:
        """Return the body as a JSON object; empty when it is none."""
        try:
            body = json.loads(self.text)
        except ValueError:
            return {}
        return body if isinstance(body, dict) else {}


def signature(signing_secret: str, timestamp: str, body: bytes) -> str:
    """Return the value of X-Slack-Signature."""
    base = f"v0:{timestamp}:".encode() + body
    return "v0=" + hmac.new(signing_secret.encode(), base, hashlib.sha256).hexdigest()


class Outgoing:
    """Sends to the app's request URL. Never call it while holding the workspace's lock."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._waiting: list[tuple[float, int, int, Json, str | None]] = []
        self._order = itertools.count()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def send_form(self, kind: str, fields: Mapping[str, str]) -> Answer:
        """Send a command or an interaction."""
        body = urlencode(fields).encode()
        return self._post(kind, body, "application/x-www-form-urlencoded", {})

    def send_payload(self, payload: Json) -> Answer:
        """Send an interaction: one form field that holds JSON."""
        return self.send_form(payload["type"], {"payload": json.dumps(payload)})

    def verify_url(self, url: str) -> bool:
        """Ask whether this URL is the app's: it must return the challenge."""
        challenge = self._workspace.new_id("challenge")
        body = {"token": "local", "challenge": challenge, "type": "url_verification"}
        answer = self._post("url_verification", _encoded(body), "application/json", {}, url=url)
        return answer.accepted and challenge in {answer.text, answer.json().get("challenge")}

    def send_event(self, event: Json) -> tuple[str, Answer]:
        """Send an event now; return its event_id and the answer. A failure is repeated later."""
        envelope = self._envelope(event)
        return envelope["event_id"], self._attempt(envelope, 0, None)

    def queue_event(self, event: Json) -> None:
        """Send an event soon, from a thread of its own, if the app subscribes to its type."""
        if event["type"] in self._workspace.config.events and self._workspace.request_url:
            self._later(self._envelope(event), 0, None, 0)

    def close(self) -> None:
        """Forget what waits and end the thread."""
        with self._news:
            self._closed = True
            self._waiting.clear()
            self._news.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=PATIENCE_S + 1)

    def _envelope(self, event: Json) -> Json:
        config, now = self._workspace.config, self._workspace.clock.now()
        return {
            "token": "local",
            "team_id": config.team_id,
            "api_app_id": config.app_id,
            "event": event,
            "type": "event_callback",
            "event_id": self._workspace.new_id("Ev"),
            "event_time": int(now.timestamp()),
            "authorizations": [
                {
                    "enterprise_id": None,
                    "team_id": config.team_id,
                    "user_id": config.bot_user_id,
                    "is_bot": True,
                    "is_enterprise_install": False,
                }
            ],
            "is_ext_shared_channel": False,
        }

    def _attempt(self, envelope: Json, retry: int, reason: str | None) -> Answer:
        headers = {}
        if retry:
            headers = {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason or ""}
        answer = self._post("event", _encoded(envelope), "application/json", headers)
        delays = self._workspace.config.event_retry_delays_s
        if not answer.accepted and not answer.wants_no_retry and retry < len(delays):
            self._later(envelope, retry + 1, answer.reason, delays[retry])
        return answer

    def _later(self, envelope: Json, retry: int, reason: str | None, delay_s: float) -> None:
        due = self._workspace.clock.now().timestamp() + delay_s
        with self._news:
            if self._closed:
                return
            heapq.heappush(self._waiting, (due, next(self._order), retry, envelope, reason))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="slack-events", daemon=True)
                self._thread.start()
            self._news.notify_all()

    def _run(self) -> None:
        while True:
            with self._news:
                if self._closed:
                    return
                now = self._workspace.clock.now().timestamp()
                if not self._waiting or self._waiting[0][0] > now:
                    self._news.wait(LONGEST_POLL_S if self._waiting else None)
                    continue
                _due, _order, retry, envelope, reason = heapq.heappop(self._waiting)
            self._attempt(envelope, retry, reason)

    def _post(
        self,
        kind: str,
        body: bytes,
        content_type: str,
        headers: dict[str, str],
        url: str | None = None,
    ) -> Answer:
        timestamp = str(int(self._workspace.clock.now().timestamp()))
        secret = self._workspace.config.signing_secret
        signed = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(secret, timestamp, body),
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            **headers,
        }
        answer = _sent(url or self._workspace.request_url, body, signed)
        with self._workspace.lock:
            self._workspace.deliveries.append(
                {
                    "kind": kind,
                    "status": answer.status,
                    "reason": answer.reason,
                    "retry": int(headers.get("X-Slack-Retry-Num", 0)),
                    "ts": self._workspace.new_ts(),
                }
            )
        return answer


def _encoded(body: Json) -> bytes:
    return json.dumps(body).encode()


def _sent(url: str | None, body: bytes, headers: dict[str, str]) -> Answer:
    if not url:
        return Answer(None, reason="no_request_url")
    try:
        with requests.Session() as session:
            session.trust_env = False
            response = session.post(
                url, data=body, headers=headers, timeout=PATIENCE_S, allow_redirects=False
            )
    except requests.Timeout:
        return Answer(None, reason="http_timeout")
    except requests.RequestException:
        return Answer(None, reason="connection_failed")
    reason = None if response.ok and response.status_code < 300 else "http_error"
    no_retry = response.headers.get("X-Slack-No-Retry") == "1"
    return Answer(response.status_code, response.text, reason, no_retry)

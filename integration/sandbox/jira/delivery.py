"""Delivers webhooks from a thread of its own: at least once, retried, not promised in order.

Real Jira waits 5 to 15 minutes between attempts; here the wait is the configured short one.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import itertools
import json
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import requests

from integration.sandbox.jira.wire import stamp

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.sandbox.jira.config import JsonObject

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 20
MOST_RETRIES = 5
REMEMBERED = 5000
_RETRIED = {408, 409, 425, 429}


@dataclass(slots=True)
class WebhookWeather:
    """What happens to webhooks on purpose."""

    enabled: bool = True
    duplicate: bool = False
    delay_s: float = 0.0
    reorder: bool = False
    retry_delay_s: float = 2.0


@dataclass(slots=True)
class Delivery:
    """One webhook on its way: the same identifier and bytes in every attempt."""

    url: str
    event: str
    body: bytes
    headers: dict[str, str]
    created: str
    state: str = "waiting"
    attempts: list[JsonObject] = field(default_factory=list)

    def summary(self) -> JsonObject:
        """Return what the delivery log shows."""
        return {
            "identifier": self.headers["X-Atlassian-Webhook-Identifier"],
            "event": self.event,
            "url": self.url,
            "created": self.created,
            "state": self.state,
            "attempts": self.attempts,
            "body": json.loads(self.body) if self.body else None,
        }


def signature(secret: str, body: bytes) -> str:
    """Return `X-Hub-Signature` over the raw body.

    >>> signature("It's a Secret to Everybody", b"Hello World!")[:23]
    'sha256=a4771c39fbe90f31'
    """
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Courier:
    """Takes deliveries and sends each when it is due, in the order in which they fall due."""

    def __init__(self, clock: Clock, retry_delay_s: float) -> None:
        self.weather = WebhookWeather(retry_delay_s=retry_delay_s)
        self.log: deque[Delivery] = deque(maxlen=REMEMBERED)
        self._clock = clock
        self._due: list[tuple[float, int, Delivery]] = []
        self._numbers = itertools.count()
        self._posts = itertools.count()
        self._change = threading.Condition()
        self._busy = False
        self._stopped = False
        self._thread: threading.Thread | None = None

    def post(self, url: str, event: str, body: bytes, headers: dict[str, str]) -> None:
        """Take a webhook; returns at once."""
        weather = self.weather
        if not weather.enabled:
            return
        base = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "Atlassian Webhook HTTP Client",
            "X-Atlassian-Webhook-Identifier": str(uuid.uuid4()),
            "X-Atlassian-Webhook-Flow": "Primary",
        }
        delivery = Delivery(url, event, body, base | headers, stamp(self._clock.now()))
        held_back = weather.reorder and next(self._posts) % 2 == 0
        wait = weather.delay_s + (0.3 if held_back else 0.0)
        self.log.append(delivery)
        self._schedule(delivery, wait)
        if weather.duplicate:
            again = Delivery(url, event, body, delivery.headers, delivery.created)
            self.log.append(again)
            self._schedule(again, wait)

    def _schedule(self, delivery: Delivery, wait_s: float) -> None:
        with self._change:
            entry = (time.monotonic() + wait_s, next(self._numbers), delivery)
            heapq.heappush(self._due, entry)
            if self._thread is None and not self._stopped:
                self._thread = threading.Thread(target=self._run, name="jira-webhooks", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (delivery := self._next()) is not None:
                self._attempt(session, delivery)
                with self._change:
                    self._busy = False
                    self._change.notify_all()

    def _next(self) -> Delivery | None:
        with self._change:
            while not self._stopped:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    self._busy = True
                    return heapq.heappop(self._due)[2]
                self._change.wait(self._due[0][0] - now if self._due else None)
            return None

    def _attempt(self, session: requests.Session, delivery: Delivery) -> None:
        """Send once; plan the next attempt, or end the delivery."""
        headers = dict(delivery.headers)
        if delivery.attempts:
            headers["X-Atlassian-Webhook-Retry"] = str(len(delivery.attempts))
        status, error = self._sent(session, delivery, headers)
        delivery.attempts.append({"at": stamp(self._clock.now()), "status": status, "error": error})
        if status is not None and 200 <= status < 300:
            delivery.state = "delivered"
        elif status is not None and status not in _RETRIED and status < 500:
            delivery.state = "dropped"
        elif len(delivery.attempts) > MOST_RETRIES:
            delivery.state = "failed"
        else:
            delivery.state = "retrying"
            self._schedule(delivery, self.weather.retry_delay_s)

    @staticmethod
    def _sent(
        session: requests.Session, delivery: Delivery, headers: dict[str, str]
    ) -> tuple[int | None, str | None]:
        try:
            answer = session.post(
                delivery.url,
                data=delivery.body,
                headers=headers,
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            return None, type(error).__name__
        return answer.status_code, None

    def settle(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing is on its way; returns whether that came true in time."""
        with self._change:
            return self._change.wait_for(lambda: not self._due and not self._busy, timeout_s)

    def waiting(self) -> int:
        """Return how many deliveries are still to be sent."""
        with self._change:
            return len(self._due) + self._busy

    def stop(self) -> None:
        """End the thread; what was not sent is lost."""
        with self._change:
            self._stopped = True
            self._change.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=READ_TIMEOUT_S + CONNECT_TIMEOUT_S)

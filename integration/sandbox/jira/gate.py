"""What stands before every REST call: outages, who signs in, rate limits; and the request log."""

from __future__ import annotations

import base64
import binascii
import hmac
import math
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Flask, g, jsonify, request

from integration.sandbox.jira.refusals import JiraRefusalError
from integration.sandbox.jira.wire import refusal, site

if TYPE_CHECKING:
    from datetime import datetime

    from flask import Response

    from integration.sandbox.jira.config import JsonObject, Person
    from integration.sandbox.jira.oauth import OAuth

WINDOWS = ((timedelta(seconds=2), 20), (timedelta(seconds=30), 100))
_OPEN = ("/_sandbox", "/browse", "/static", "/authorize", "/oauth")
REMEMBERED = 20000


@dataclass(slots=True)
class RequestLog:
    """What was asked of the REST API, newest last."""

    entries: deque[JsonObject] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    total: int = 0

    def counts(self) -> dict[str, int]:
        """Return how often each method and route was called."""
        return dict(Counter(f"{entry['method']} {entry['route']}" for entry in self.entries))


class Gate:
    """Lets requests pass or answers in their place."""

    def __init__(self, app: Flask, oauth: OAuth) -> None:
        self.log = RequestLog()
        self.oauth = oauth
        self._writes: defaultdict[int, deque[datetime]] = defaultdict(deque)
        app.before_request(self.before)
        app.after_request(self.after)

    def before(self) -> Response | None:
        """Answer outages, missing sign-in and limits; None lets the request pass."""
        request.get_data()
        if request.path == "/" or request.path.startswith(_OPEN):
            return None
        if site().weather.outage:
            return _unavailable()
        person = self._who()
        if person is None:
            return _unauthorized()
        g.person = person
        return self._limited()

    def after(self, response: Response) -> Response:
        """Write the request log."""
        if request.path.startswith("/rest"):
            rule = str(request.url_rule or request.path)
            self.log.total += 1
            self.log.entries.append(
                {
                    "method": request.method,
                    "path": request.full_path.rstrip("?"),
                    "route": rule,
                    "status": response.status_code,
                }
            )
        return response

    def _who(self) -> Person | None:
        """Return who signs in: e-mail and token, or a bearer token."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if site().config.deployment == "Server":
                return _by_token(value)
            person = self.oauth.person_of(value)
            g.oauth = person is not None
            return person
        if scheme.lower() != "basic":
            return None
        try:
            email, _, token = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        person = _by_token(token)
        names = (person.email.casefold(), person.username.casefold()) if person else ()
        return person if email.casefold() in names else None

    def _limited(self) -> Response | None:
        weather = site().weather
        if weather.refuse_next > 0:
            weather.refuse_next -= 1
            return _too_many(weather.retry_after, weather.reason)
        key = (request.view_args or {}).get("key")
        if not weather.per_issue_limits or request.method == "GET" or not key:
            return None
        if "/issue/" not in request.path:
            return None
        try:
            number = site().issue(key).id
        except JiraRefusalError:
            return None
        wait_s = self._write_wait_s(number)
        return _too_many(str(wait_s), "jira-per-issue-on-write") if wait_s else None

    def _write_wait_s(self, number: int) -> int:
        """Return how long writes of an issue must pause, 0 for not at all; counts this write."""
        now = site().now()
        writes = self._writes[number]
        while writes and now - writes[0] >= WINDOWS[-1][0]:
            writes.popleft()
        for span, most in WINDOWS:
            recent = [at for at in writes if now - at < span]
            if len(recent) >= most:
                left = span - (now - recent[-most])
                return max(1, math.ceil(left.total_seconds()))
        writes.append(now)
        return 0


def _by_token(token: str) -> Person | None:
    if not token:
        return None
    for person in site().people.values():
        if person.token and hmac.compare_digest(person.token.encode(), token.encode()):
            return person
    return None


def _unavailable() -> Response:
    answer = jsonify({"errorMessages": ["Jira is temporarily unavailable."], "errors": {}})
    answer.status_code = 503
    return answer


def _unauthorized() -> Response:
    answer = refusal(JiraRefusalError(401, "Client must be authenticated to access this resource."))
    answer.headers["X-Seraph-LoginReason"] = "AUTHENTICATION_DENIED"
    answer.headers["WWW-Authenticate"] = 'OAuth realm="sandbox"'
    return answer


def _too_many(retry_after: str | None, reason: str | None) -> Response:
    """Answer 429 with the headers of a limit; both may be missing, as has been seen."""
    answer = refusal(JiraRefusalError(429, "Rate limit exceeded."))
    wait_s = int(retry_after) if retry_after and retry_after.isdecimal() else 60
    reset = site().now() + timedelta(seconds=wait_s)
    if retry_after is not None:
        answer.headers["Retry-After"] = retry_after
    if reason is not None:
        answer.headers["RateLimit-Reason"] = reason
    answer.headers["X-RateLimit-Limit"] = "20"
    answer.headers["X-RateLimit-Remaining"] = "0"
    answer.headers["X-RateLimit-Reset"] = f"{reset:%Y-%m-%dT%H:%M:%SZ}"
    return answer

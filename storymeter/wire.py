"""Sends JSON to StoryMeter with the standard library alone."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from storymeter.errors import Refused, StoryMeterError, Unavailable

FIRST_PAUSE_S = 0.1
COME_AGAIN = frozenset({429, 502, 503, 504})


class _StayHere(HTTPRedirectHandler):
    """Lets nobody send the key on to another host."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = build_opener(_StayHere)


@dataclass(frozen=True, slots=True)
class Wire:
    """The way to one StoryMeter. All that is sent carries an id, so twice is the same as once."""

    url: str
    key: str = field(repr=False)
    timeout_s: float

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise StoryMeterError(f"STORYMETER_URL must begin with http:// or https://: {self.url}")

    def post(self, path: str, body: object = None, *, attempts: int = 2) -> dict[str, Any]:
        """Send, and send again where nothing came back; returns the answer.

        A request that has run into the timeout is not repeated: whoever waits has waited enough.

        Raises:
            Refused: it was understood and not taken.
            Unavailable: there was no answer, or one that says to come again.
        """
        for attempt in range(1, attempts + 1):
            try:
                return self._send(path, body)
            except (OSError, HTTPException) as away:
                if attempt == attempts or isinstance(away, TimeoutError):
                    raise Unavailable(f"StoryMeter cannot be reached: {away}") from away
            except Unavailable:
                if attempt == attempts:
                    raise
            time.sleep(FIRST_PAUSE_S * 2 ** (attempt - 1))
        raise AssertionError("unreachable")

    def _send(self, path: str, body: object) -> dict[str, Any]:
        request = Request(  # noqa: S310 -- http or https, as was checked.
            self.url.rstrip("/") + path, method="POST", data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.key}", "Content-Type": "application/json",
                "User-Agent": "storymeter-python",
            },
        )  # fmt: skip
        try:
            with _OPENER.open(request, timeout=self.timeout_s) as answer:
                return _object(answer.read())
        except HTTPError as refused:
            with refused:
                problem = _object(refused.read())
            if refused.code in COME_AGAIN or refused.code >= 500:
                raise Unavailable(f"StoryMeter answers {refused.code}") from None
            raise Refused(refused.code, problem) from None


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

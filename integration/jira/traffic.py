"""One call to Jira: paced, timed out, repeated where that does no harm, classed when it fails."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

import requests
from jira import JIRAError

from integration.jira.failures import JiraFailure, failure_of_answer, failure_without_answer
from integration.jira.limiter import IssueWriteLimiter
from integration.jira.retry import Patience
from integration.jira.sessions import UNREADABLE, Sessions, session_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jira import JIRA

    from integration.foundation.clock import Clock
    from integration.jira.connection import JiraConnection

PAGE = 100
MOST_PAGES = 5_000
WRITE_WAIT_S = 2.0
"""A longer wait for an issue's turn is the outbox's to schedule."""
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})


class Traffic:
    """All calls of one workspace's gateway go through here; safe to share by threads."""

    def __init__(
        self,
        connection: JiraConnection,
        clock: Clock,
        *,
        limiter: IssueWriteLimiter | None = None,
        patience: Patience | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.connection = connection
        self._clock = clock
        self._limiter = limiter or IssueWriteLimiter()
        self._patience = patience or Patience()
        self._pause = pause
        self._sessions = Sessions(connection)

    def __enter__(self) -> Self:
        """Return itself; leaving closes the idle connections."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the idle connections."""
        self.close()

    def close(self) -> None:
        """Close the idle connections; a later call opens new ones."""
        self._sessions.close()

    @property
    def requests_made(self) -> int:
        """How many HTTP requests this gateway has made, failed ones included."""
        return self._sessions.requests

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        idempotent: bool | None = None,
    ) -> Any:
        """Call a path below `api_base` and return the answer's JSON, None without a body.

        A POST is taken for harmful when repeated unless `idempotent` says otherwise. Raises
        JiraFailure.
        """

        def ask(client: JIRA) -> Any:
            response = session_of(client).request(
                method,
                self.connection.api_base.rstrip("/") + path,
                params=params,
                data=None if body is None else json.dumps(body),
            )
            return response.json() if response.content else None

        harmless = method in IDEMPOTENT if idempotent is None else idempotent
        return self.attempt(ask, f"{method} {path}", idempotent=harmless)

    def attempt(
        self,
        ask: Callable[[JIRA], Any],
        what: str,
        *,
        idempotent: bool,
    ) -> Any:
        """Do something with a signed-in client, with patience; raises JiraFailure."""
        tried = 0
        while True:
            tried += 1
            try:
                return self._once(ask, what)
            except JiraFailure as failure:
                wait = self._patience.wait_s(tried, failure, idempotent=idempotent)
                if wait is None:
                    raise
            self._pause(wait)

    def make_room(self, issue: str) -> None:
        """Wait for, or refuse, a write to an issue that is at Jira's limit of writes."""
        while (wait := self._limiter.reserve(issue)) > 0:
            if wait > WRITE_WAIT_S:
                message = f"{issue} is at Jira's limit of writes to one issue."
                raise JiraFailure(message, permanent=False, retry_after=timedelta(seconds=wait))
            self._pause(wait)

    def pages(
        self, path: str, params: Mapping[str, Any] | None = None, *, items: str = "values"
    ) -> Iterator[Any]:
        """Yield the items of all pages of a `startAt` list."""
        start = 0
        for _ in range(MOST_PAGES):
            asked = {**(params or {}), "startAt": start, "maxResults": PAGE}
            page = self.call("GET", path, params=asked)
            found = page.get(items) or ()
            yield from found
            start += len(found)
            if not found or _is_last(page, start):
                return
        raise JiraFailure(f"{path} does not come to an end.", permanent=True)

    def _once(self, ask: Callable[[JIRA], Any], what: str) -> Any:
        """Ask once. The library's errors quote headers and bodies, so they are not chained."""
        method, _, path = what.partition(" ")
        try:
            with self._sessions.lend() as client:
                return ask(client)
        except JIRAError as error:
            if error.response is None:
                raise JiraFailure(f"Jira gave no answer to {what}.", permanent=False) from None
            raise failure_of_answer(error.response, self._clock.now()) from None
        except UNREADABLE as error:
            if isinstance(error, requests.exceptions.InvalidURL):
                raise JiraFailure(f"{path} is no address.", permanent=True) from None
            message = f"Jira answered {what} with something that is not Jira's JSON."
            raise JiraFailure(message, permanent=False, may_have_happened=True) from None
        except requests.RequestException as error:
            self._sessions.count()
            raise failure_without_answer(error, method, path) from None


def _is_last(page: Mapping[str, Any], seen: int) -> bool:
    if page.get("isLast") is not None:
        return bool(page["isLast"])
    return page.get("total") is not None and seen >= int(page["total"])

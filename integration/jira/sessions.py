"""HTTP sessions to one Jira: each belongs to one thread at a time, and all have timeouts."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from jira import JIRA, JIRAError

from integration.foundation.outgoing import guarded
from integration.jira.connection import ApiToken, OAuth

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from integration.jira.connection import JiraConnection

TIMEOUT_S = (5, 20)
"""To connect, and between two bytes of the answer."""
UNREADABLE = (KeyError, TypeError, ValueError)
"""What the library raises when a log-in page or a proxy answers in Jira's place."""


class Sessions:
    """Lends signed-in clients of the `jira` library; `requests.Session` is not safe to share."""

    def __init__(self, connection: JiraConnection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._idle: list[JIRA] = []
        self._requests = 0

    @property
    def requests(self) -> int:
        """How many requests have been answered or have failed without an answer."""
        with self._lock:
            return self._requests

    @contextmanager
    def lend(self) -> Iterator[JIRA]:
        """Lend a client to this thread; raises what the library raises when it cannot sign in."""
        with self._lock:
            client = self._idle.pop() if self._idle else None
        if client is None:
            client = self._open()
        try:
            yield client
        finally:
            with self._lock:
                self._idle.append(client)

    def count(self, *_: object, **__: object) -> None:
        """Count a request; also used as a hook on answers."""
        with self._lock:
            self._requests += 1

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for client in idle:
            session_of(client).close()

    def _open(self) -> JIRA:
        """Sign in.

        No retries: the library would repeat calls that may have happened, and cannot wait as long
        as Jira asks. The server's information is asked for, because without it the library takes
        Cloud for a server and calls endpoints that are gone.
        """
        connection = self._connection
        try:
            client = _Guarded(
                server=connection.api_base.rstrip("/"),
                options={"rest_api_version": "3" if connection.is_cloud else "2"},
                timeout=TIMEOUT_S,
                max_retries=0,
                get_server_info=True,
                **_credentials(connection),
            )
        except (JIRAError, *UNREADABLE):
            self.count()
            raise
        self.count()
        session_of(client).hooks["response"].append(self.count)
        return client


class _Guarded(JIRA):
    """A site may stand anywhere, but its redirects lead to itself or to the open internet."""

    def server_info(self) -> dict[str, Any]:
        """The first thing that is asked: before it, nothing can have been redirected."""
        guarded(session_of(self), trusted=self.server_url)
        return super().server_info()


def session_of(client: JIRA) -> requests.Session:
    """Return the client's own HTTP session, for calls that the library lacks or gets wrong."""
    session: requests.Session = client._session  # noqa: SLF001  # The library offers no other way to its session.
    return session


def _credentials(connection: JiraConnection) -> dict[str, Any]:
    auth = connection.auth
    if isinstance(auth, ApiToken):
        return {"basic_auth": (auth.email, auth.token)}
    return {"token_auth": auth.access_token if isinstance(auth, OAuth) else auth.token}

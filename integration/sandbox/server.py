"""Runs one Flask application on a loopback port, in threads of its own, until it is stopped."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from flask import Flask
    from werkzeug.serving import BaseWSGIServer

StateT = TypeVar("StateT")


class _QuietHandler(WSGIRequestHandler):
    """Keeps connections open as the real services do, and writes no access log."""

    protocol_version = "HTTP/1.1"
    open_connections: set[socket.socket]

    def setup(self) -> None:
        """Remember the connection, so that stopping the server ends it."""
        super().setup()
        self.open_connections.add(self.connection)

    def finish(self) -> None:
        """Forget the connection."""
        self.open_connections.discard(self.connection)
        super().finish()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a sandbox keeps a request log of its own."""


@dataclass(slots=True)
class RunningServer(Generic[StateT]):
    """A server that answers at `base_url`; `state` is what the application was built around."""

    base_url: str
    app: Flask
    state: StateT
    _server: BaseWSGIServer
    _thread: threading.Thread
    _connections: set[socket.socket]
    _on_stop: Callable[[], None]

    def stop(self) -> None:
        """Stop answering and release the port; harmless when called twice."""
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._on_stop()

    def __enter__(self) -> Self:
        """Return the running server."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server."""
        self.stop()


def serve(
    app: Flask,
    state: StateT,
    host: str = "127.0.0.1",
    port: int = 0,
    on_stop: Callable[[], None] = lambda: None,
) -> RunningServer[StateT]:
    """Start answering and return at once; port 0 takes a free port.

    `on_stop` is called once the port is released, for threads that the application owns.
    Raises OSError when the port is taken.
    """
    connections: set[socket.socket] = set()
    handler = type("Handler", (_QuietHandler,), {"open_connections": connections})
    server = make_server(host, port, app, threaded=True, request_handler=handler)
    thread = threading.Thread(
        target=server.serve_forever,
        kwargs={"poll_interval": 0.02},
        name=f"sandbox-{server.server_port}",
        daemon=True,
    )
    thread.start()
    base_url = f"http://{host}:{server.server_port}"
    return RunningServer(base_url, app, state, server, thread, connections, on_stop)

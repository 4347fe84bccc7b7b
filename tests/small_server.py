"""Servers of this machine for tests: one for any handler, and one that redirects or tells tales."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve a handler on a free port for the length of the block and yield the address."""
    silent = type("Silent", (handler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def listening(
    redirect_to: str = "", *, tells_tales: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """Yield its address and what it was asked for.

    One that tells tales refuses everything, and quotes in its answer all that it was sent.
    """
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            body = json.dumps({"ok": False, "errorMessages": [f"{self.headers} {sent}"]}).encode()
            self.send_response(302 if redirect_to else 403 if tells_tales else 200)
            if redirect_to:
                self.send_header("Location", redirect_to)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) if tells_tales else 0))
            self.end_headers()
            if tells_tales:
                self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

    with answering(Handler) as address:
        yield address, asked

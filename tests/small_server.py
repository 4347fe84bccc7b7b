"""A server of this machine that remembers what it was asked for, and may redirect or tell tales."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


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

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

"""A light HTTP/1.1 load: one thread, many kept-alive connections, bodies rendered beforehand."""

from __future__ import annotations

import selectors
import socket
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """What came of it: seconds for each request that was taken, and how many were refused."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    answered: dict[int, int] = field(default_factory=dict)
    """How many requests got which status."""
    refused: dict[int, int] = field(default_factory=dict)

    def percentile_ms(self, pct: float) -> float:
        """Return the latency in milliseconds that this percentage of requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * pct / 100))] * 1000


@dataclass(slots=True)
class _Client:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    unsent: memoryview = field(default_factory=lambda: memoryview(b""))


def request_bytes(path: str, key: str, body: bytes) -> bytes:
    """Render one POST of JSON."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def run(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Load:
    """Send requests over so many connections, each with one under way.

    Until the time is up or there are no more of them; there have to be as many as connections.
    """
    load = Load()
    selector = selectors.DefaultSelector()
    began = perf_counter()
    deadline = began + seconds
    busy = 0
    for _ in range(clients):
        client = _Client(socket.create_connection(("127.0.0.1", port)))
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.socket.setblocking(False)
        selector.register(client.socket, selectors.EVENT_READ, client)
        _send(selector, client, next(requests))
        busy += 1
    while busy:
        for key, mask in selector.select(30):
            client = key.data
            if mask & selectors.EVENT_WRITE:
                _send_more(selector, client)
            if mask & selectors.EVENT_READ and _is_answered(client, load):
                request = next(requests, None) if perf_counter() < deadline else None
                if request is not None:
                    _send(selector, client, request)
                else:
                    selector.unregister(client.socket)
                    client.socket.close()
                    busy -= 1
    load.seconds = perf_counter() - began
    return load


def _send(selector: selectors.BaseSelector, client: _Client, request: bytes) -> None:
    client.sent_at = perf_counter()
    client.unsent = memoryview(request)
    _send_more(selector, client)


def _send_more(selector: selectors.BaseSelector, client: _Client) -> None:
    try:
        sent = client.socket.send(client.unsent)
    except BlockingIOError:
        sent = 0
    client.unsent = client.unsent[sent:]
    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
    if selector.get_key(client.socket).events != wanted:
        selector.modify(client.socket, wanted, client)


def _is_answered(client: _Client, load: Load) -> bool:
    part = client.socket.recv(65536)
    if not part:
        raise ConnectionError("the server closed a connection in the middle of the load")
    client.received += part
    head, found, rest = client.received.partition(HEAD_END)
    if not found:
        return False
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    if len(rest) < length:
        return False
    status = int(head[9:12])
    load.answered[status] = load.answered.get(status, 0) + 1
    if 200 <= status < 300:
        load.latencies.append(perf_counter() - client.sent_at)
    else:
        load.refused[status] = load.refused.get(status, 0) + 1
    client.received.clear()
    return True

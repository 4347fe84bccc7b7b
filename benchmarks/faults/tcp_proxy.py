"""A proxy that passes bytes on and can be told to be slow, to swallow, or to cut answers.

With several targets it spreads connections over those that answer, as a load balancer does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Trouble = Literal["", "slow", "half_open", "cut_answers"]
Address = Path | tuple[str, int]
"""A Unix socket, or a host and its TCP port."""

LATENCY_S = 0.15
CONNECT_S = 1.0
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: closing sends a reset instead of what is still to be sent."""


class TroubledProxy:
    """Listens on a host's free TCP port or a Unix socket and connects each caller to one target.

    With `half_open` bytes vanish in both directions while the connection stays. With `cut_answers`
    the target hears everything, and the caller is reset when the answer comes: whoever waited for
    a commit does not learn whether it happened.
    """

    def __init__(self, *targets: Address, listen_on: str | Path = "127.0.0.1") -> None:
        self.trouble: Trouble = ""
        self.port = 0
        self._targets = targets
        self._turn = itertools.count()
        self._listen_on = listen_on
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def aim_at(self, *targets: Address) -> None:
        """Connect callers to other targets from now on."""
        self._targets = targets

    @contextlib.contextmanager
    def running(self) -> Iterator[TroubledProxy]:
        """Listen for the length of the block."""
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(server.close)
            self.reset_all()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)

    def reset_all(self) -> None:
        """Reset every open connection, as a router does that has lost its memory."""
        asyncio.run_coroutine_threadsafe(self._reset_all(), self._loop).result(10)

    async def _reset_all(self) -> None:
        for writer in list(self._open):
            _reset(writer)

    async def _listen(self) -> asyncio.Server:
        if isinstance(self._listen_on, Path):
            return await asyncio.start_unix_server(self._serve, self._listen_on)
        server = await asyncio.start_server(self._serve, self._listen_on, self.port)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            answers, target = await self._connect()
        except OSError:
            self._end(writer)
            return
        self._open.add(target)
        try:
            await asyncio.gather(
                self._pump(reader, target, is_answer=False),
                self._pump(answers, writer, is_answer=True),
            )
        except OSError:
            pass  # One end is gone: the other one is closed below.
        finally:
            self._end(writer)
            self._end(target)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Reach the target whose turn it is, or the next one that can be reached."""
        first = next(self._turn)
        for place in range(len(self._targets)):
            target = self._targets[(first + place) % len(self._targets)]
            with contextlib.suppress(OSError):  # Includes a time that ran out.
                async with asyncio.timeout(CONNECT_S):
                    if isinstance(target, Path):
                        return await asyncio.open_unix_connection(target)
                    return await asyncio.open_connection(*target)
        raise ConnectionRefusedError

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while data := await source.read(65536):
            if self.trouble == "half_open":
                continue
            if self.trouble == "cut_answers" and is_answer:
                _reset(sink)
                raise ConnectionResetError
            if self.trouble == "slow":
                await asyncio.sleep(LATENCY_S)
            sink.write(data)
            await sink.drain()
        # Whoever says goodbye ends the whole connection: neither side works half-closed.
        sink.close()

    def _end(self, writer: asyncio.StreamWriter) -> None:
        self._open.discard(writer)
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()

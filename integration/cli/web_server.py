"""`python -m integration.cli.web_server APP HOST PORT PROCESSES THREADS`: granian before Flask."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

if TYPE_CHECKING:
    from collections.abc import Iterable

DRAIN_S = 20
"""How long requests in hand are waited for when the web processes stop."""
HEAD_BYTES = 16_384
"""Of a request line and its headers together; more is answered 431."""


class WebProcesses(MPServer):
    """Replaces every process that dies.

    granian gives all of them up once one dies within seconds of being started: whoever makes the
    machine kill two of them would have ended the service.
    """

    def _respawn_workers(self, workers: Iterable[int], *args: Any, **named: Any) -> None:
        super()._respawn_workers(workers, *args, **named)
        self.respawned_wrks.clear()


def serve(app: str, host: str, port: str, processes: str, threads: str) -> None:
    """Serve an app, named as `module:factory`, until a signal says to stop."""
    WebProcesses(
        app,
        factory=True,
        interface=Interfaces.WSGI,
        address=host,
        port=int(port),
        workers=int(processes),
        blocking_threads=int(threads),
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=HEAD_BYTES),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_S,
        log_level=LogLevels.error,
    ).serve()


if __name__ == "__main__":
    serve(*sys.argv[1:])

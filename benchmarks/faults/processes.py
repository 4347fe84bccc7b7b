"""Processes and a database that are started again whenever they end, as an init system does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks import processes
from integration.foundation.embedded_database import running
from integration.foundation.postgres_programs import DatabaseWillNotStart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from integration.settings import Settings

LOOK_AGAIN_S = 0.1
STOP_TIMEOUT_S = 40


class KeptProcess:
    """A program that is alive until it is told to stop."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.starts = 0
        self.is_wanted = True
        """Whether it is started again when it has ended."""
        self._command = command
        self._environment = os.environ | environment
        self._log = log
        self._start()

    def _start(self) -> None:
        self.starts += 1
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def look_after(self) -> None:
        """Start it again where it has ended."""
        if self.is_wanted and self.process.poll() is not None:
            self._start()

    def kill(self) -> None:
        """Kill it and its children with -9."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_a_child(self) -> None:
        """Kill one of its children with -9; a web process starts another."""
        for child in processes.children(self.process.pid)[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; what is in hand is finished first."""
        self.is_wanted = False
        self.process.terminate()
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()


def ours(
    name: str, settings: Settings, log: Path,
    command_of: Callable[..., list[str]] = lambda *words: list(words),
) -> KeptProcess:  # fmt: skip
    """Run `storymeter web` or `storymeter worker` and keep it alive; `command_of` says where."""
    command = command_of(sys.executable, "-m", "integration.cli", name)
    return KeptProcess(command, settings.as_environment(), log)


class KeptDatabase:
    """An embedded PostgreSQL that is started again after a crash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._users = ExitStack()
        self.url = self._users.enter_context(running(folder))

    def look_after(self) -> None:
        """Start it again where its postmaster has ended; stale locks are the program's business."""
        if self._is_alive():
            return
        with contextlib.suppress(DatabaseWillNotStart):  # Such as while the disk is full.
            self._users.enter_context(running(self._folder))

    def _is_alive(self) -> bool:
        try:
            os.kill(processes.postmaster(self._folder), 0)
        except (OSError, ValueError, IndexError):
            return False
        return True

    def kill(self) -> None:
        """Kill its postmaster with -9; its other processes notice and end."""
        os.kill(processes.postmaster(self._folder), signal.SIGKILL)

    def kill_a_backend(self) -> None:
        """Kill one client's process with -9: PostgreSQL restarts all of them and recovers."""
        for child in processes.children(processes.postmaster(self._folder))[-1:]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    def stop(self) -> None:
        """Stop it."""
        self._users.close()


@contextlib.contextmanager
def looked_after(kept: list[Callable[[], None]]) -> Iterator[None]:
    """Call these again and again from one thread for the length of the block."""
    ended = threading.Event()

    def look() -> None:
        while not ended.is_set():
            for each in kept:
                each()
            time.sleep(LOOK_AGAIN_S)

    watch = threading.Thread(target=look, name="init")
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()

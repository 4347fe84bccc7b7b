"""Draws specifications in a process of its own: `python -m integration.reports.painting`.

Drawing holds the interpreter for tens of milliseconds, and for a second the first time. In a web
process every other request, authorizations too, would wait for it. The child reads a specification
a line and writes a drawing a line; it ends when its parent does, because its input then ends.
"""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from threading import Lock, Timer
from typing import TYPE_CHECKING

from integration.foundation.errors import Unavailable

if TYPE_CHECKING:
    from integration.reports.chart_look import Spec

LONGEST_S = 30.0
"""Of one drawing, the start of the renderer included."""


class Painter:
    """Hands specifications to one child process, which it starts with the first of them."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._child: subprocess.Popen[str] | None = None
        atexit.register(self.close)

    def svg(self, spec: Spec) -> str:
        """Draw an SVG.

        Raises:
            ValueError: Vega-Lite refuses the specification.
            Unavailable: the child does not answer; the next call starts another one.
        """
        with self._lock:
            answer = self._ask(json.dumps(spec))
        if not answer:
            raise Unavailable("The chart could not be drawn in time")
        found: dict[str, str] = json.loads(answer)
        if "error" in found:
            raise ValueError(found["error"])
        return found["svg"]

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()

    def _ask(self, line: str) -> str:
        child = self._running()
        alarm = Timer(LONGEST_S, child.kill)
        alarm.start()
        answer = ""
        try:
            if child.stdin and child.stdout:  # They are pipes.
                child.stdin.write(f"{line}\n")
                child.stdin.flush()
                answer = child.stdout.readline()
        except OSError:
            pass  # It ended; the next call starts another one.
        finally:
            alarm.cancel()
        if not answer:
            self._end()
        return answer

    def _running(self) -> subprocess.Popen[str]:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "integration.reports.painting"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
            )  # fmt: skip
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.communicate()


def paint() -> None:
    """Answer each line on standard input until it ends."""
    from integration.reports.pictures import svg

    for line in sys.stdin:
        try:
            answer = {"svg": svg(json.loads(line))}
        except ValueError as wrong:
            answer = {"error": str(wrong)}
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    paint()

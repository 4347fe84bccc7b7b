"""The web processes: whoever of them dies is replaced, however often."""

from __future__ import annotations

import os
import signal
from threading import Event
from typing import TYPE_CHECKING

import pytest

from benchmarks import processes

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Engine


def test_a_process_that_is_killed_again_and_again_is_replaced(
    engine: Engine, tmp_path: Path
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    with processes.web(url, workers=1, threads=2, folder=tmp_path) as (port, parent):
        for _ in range(3):
            (victim,) = processes.children(parent.pid)
            os.kill(victim, signal.SIGKILL)
            wait_for_another_than(victim, parent.pid)
        processes.wait_until_ready(port, parent)


def wait_for_another_than(victim: int, parent: int) -> None:
    for _ in range(3000):
        found = processes.children(parent)
        if found and victim not in found:
            return
        Event().wait(0.01)
    pytest.fail("nobody took its place")

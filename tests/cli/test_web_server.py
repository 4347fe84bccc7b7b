"""The web processes: whoever of them dies is replaced, however often."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING

from benchmarks import processes
from tests.waiting import wait_until

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
            wait_until(partial(is_replaced, victim, parent.pid))
        processes.wait_until_ready(port, parent)


def is_replaced(victim: int, parent: int) -> bool:
    found = processes.children(parent)
    return bool(found) and victim not in found

"""Waiting for what other threads and processes are about to do."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(holds: Callable[[], bool]) -> None:
    """Return once it holds; the test fails should it never come to that."""
    for _ in range(3000):
        if holds():
            return
        Event().wait(0.01)
    pytest.fail("it did not come to that")

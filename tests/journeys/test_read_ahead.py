"""What is remembered for a moment is read again before the moment is over, by one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.read_ahead import AHEAD
from integration.journeys import call_scope
from integration.journeys.call_scope import SurroundingsMemory, labels_of
from tests.journeys.stage import ACME, NOON, Stage, asked

if TYPE_CHECKING:
    import pytest


def test_surroundings_are_read_ahead_by_one_while_the_others_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr(call_scope, "monotonic", lambda: seconds)
    memory, labels = SurroundingsMemory(10.0), frozenset((labels_of(asked("a", 1)),))
    first = memory.look(stage.transactions, ACME, labels, NOON)
    seconds = 10 * AHEAD
    with memory._reading:  # Somebody reads.
        assert memory.look(stage.transactions, ACME, labels, NOON) is first
    second = memory.look(stage.transactions, ACME, labels, NOON)
    assert second is not first
    seconds = 11.0
    assert memory.look(stage.transactions, ACME, labels, NOON) is second

"""Charts are drawn in a child process that may die and is started again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.foundation.errors import Unavailable
from integration.reports import painting
from integration.reports.painting import Painter

if TYPE_CHECKING:
    from collections.abc import Iterator

POINT = {
    "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
    "data": {"values": [{"day": "a line\nand another", "usd": 1}]},
    "mark": "point",
    "encoding": {"x": {"field": "usd", "type": "quantitative", "title": "US$ of CO₂e"}},
}


@pytest.fixture
def painter() -> Iterator[Painter]:
    made = Painter()
    yield made
    made.close()


def test_a_child_draws_refuses_and_is_replaced_when_it_dies(painter: Painter) -> None:
    assert "US$ of CO₂e" in painter.svg(POINT)
    with pytest.raises(ValueError, match="failed"):
        painter.svg({**POINT, "mark": "no such mark"})
    child = painter._child
    assert child is not None
    child.kill()
    child.wait()
    assert painter.svg(POINT).startswith("<svg")
    assert painter._child is not child


def test_a_child_that_does_not_answer_is_ended(
    painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "LONGEST_S", 0.0)
    with pytest.raises(Unavailable):
        painter.svg(POINT)
    assert painter._child is None

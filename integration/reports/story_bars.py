"""Where a story's estimate and actual lie on one common scale, for the bars beside its figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.reports.shapes import StoryLine

Verdict = Literal["within", "above", "below", "not_estimated"]
ROOM_PCT = 97
"""The largest value's place, so that its mark is not cut off."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Places from 0 to 100 of the common scale; None where there is no figure."""

    low: float | None
    central: float | None
    width: float | None
    actual: float | None
    verdict: Verdict


def story_bars(lines: Sequence[StoryLine]) -> dict[str, Bar]:
    """Return a bar for each story that has an estimate of cost or any cost."""
    largest = max((_largest(line) for line in lines), default=0)
    if not largest:
        return {}
    return {line.story_key: _bar(line, largest) for line in lines if _largest(line)}


def _bar(line: StoryLine, largest: int) -> Bar:
    def place(amount: int) -> float:
        return round(ROOM_PCT * amount / largest, 2)

    cost = line.estimate.list_cost_nanousd if line.estimate else None
    actual = line.actual.list_cost_nanousd
    spent = place(actual) if line.actual.calls else None
    if cost is None:
        return Bar(None, None, None, spent, "not_estimated")
    verdict: Verdict = "below" if actual < cost.low else "within"
    return Bar(
        low=place(cost.low),
        central=place(cost.central),
        width=max(0.4, round(place(cost.high) - place(cost.low), 2)),
        actual=spent,
        verdict="above" if actual > cost.high else verdict,
    )


def _largest(line: StoryLine) -> int:
    cost = line.estimate.list_cost_nanousd if line.estimate else None
    return max(line.actual.list_cost_nanousd, cost.high if cost else 0)

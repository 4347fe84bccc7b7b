"""The charts as pages show them: the one specification, without the heading the page has itself."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

from integration.foundation.money import usd as exact_usd
from integration.reports.chart_look import COLOURS
from integration.reports.chart_specs import burn_up_spec, stories_spec
from integration.reports.painting import Painter

if TYPE_CHECKING:
    from integration.reports.chart_look import Colours, Spec, Theme
    from integration.reports.shapes import SprintReport

Width = Literal["wide", "narrow"]
SIZES: dict[Width, tuple[int, int]] = {"wide": (960, 300), "narrow": (280, 220)}
"""Width and height of the plot, without its axes, in CSS pixels."""
DRAWN_KEPT = 256
PAINTER = Painter()


def burn_up_svg(report: SprintReport, theme: Theme, width: Width) -> str:
    """Draw spend against cap and forecast, with a numbered mark where each spike began."""
    spec = burn_up_spec(report, theme)
    spec["width"], spec["height"] = SIZES[width]
    if width == "narrow":
        spec["encoding"]["x"]["axis"]["tickCount"] = 3
    marks = _spike_rows(report)
    if marks:
        spec["layer"] = [*spec["layer"], *_spike_layers(marks, COLOURS[theme])]
    return _drawn(json.dumps(_untitled(spec), sort_keys=True))


def stories_svg(report: SprintReport, theme: Theme) -> str:
    """Draw the largest stories' estimates and actuals."""
    return _drawn(json.dumps(_untitled(stories_spec(report, theme)), sort_keys=True))


def _untitled(spec: Spec) -> Spec:
    return {name: value for name, value in spec.items() if name != "title"}


@lru_cache(maxsize=DRAWN_KEPT)
def _drawn(spec: str) -> str:
    """The same figures give the same picture."""
    return PAINTER.svg(json.loads(spec))


def _spike_rows(report: SprintReport) -> list[dict[str, Any]]:
    """Number the spikes by start and put each at the height the spend had by the end of its day."""
    total = list(accumulate(point.list_cost_nanousd for point in report.burn))
    rows = []
    for number, spike in enumerate(report.spikes, start=1):
        day = spike.started_at.date()
        so_far = [sum_ for point, sum_ in zip(report.burn, total, strict=True) if point.day <= day]
        if so_far:
            at = f"{day.isoformat()}T00:00:00+00:00"
            rows.append({"day": at, "usd": float(exact_usd(so_far[-1])), "label": str(number)})
    return rows


def _spike_layers(rows: list[dict[str, Any]], colours: Colours) -> list[Spec]:
    disc = {"type": "point", "shape": "circle", "filled": True, "size": 420, "opacity": 1}
    number = {"type": "text", "fontSize": 13, "fontWeight": "bold", "color": colours.paper}
    return [
        {"data": {"values": rows}, "mark": {**disc, "color": colours.above}},
        {
            "data": {"values": rows},
            "mark": number,
            "encoding": {"text": {"field": "label"}},
        },
    ]

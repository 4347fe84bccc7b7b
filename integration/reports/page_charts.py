"""The charts as pages show them: the one specification, without the heading the page has itself."""

from __future__ import annotations

import json
from datetime import UTC
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

from integration.foundation.money import usd as exact_usd
from integration.reports.chart_look import COLOURS
from integration.reports.chart_specs import burn_up_spec, stories_spec
from integration.reports.painting import Painter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integration.reports.cap_events import CapEvent
    from integration.reports.chart_look import Colours, Spec, Theme
    from integration.reports.chart_words import ChartWords
    from integration.reports.shapes import SprintReport

Width = Literal["wide", "narrow"]
SIZES: dict[Width, tuple[int, int]] = {"wide": (960, 300), "narrow": (280, 220)}
"""Width and height of the plot, without its axes, in CSS pixels."""
DRAWN_KEPT = 256
PAINTER = Painter()


def burn_up_svg(
    report: SprintReport, theme: Theme, width: Width, words: ChartWords,
    cap_events: Iterable[CapEvent] = (),
) -> str:  # fmt: skip
    """Draw spend against cap and forecast, with a numbered mark where each spike began.

    `cap_events` show what the Sprint's cap was before it was raised or changed.
    """
    spec = burn_up_spec(report, theme, words)
    spec["width"], spec["height"] = SIZES[width]
    if width == "narrow":
        spec["encoding"]["x"]["axis"]["tickCount"] = 3
    steps = _cap_steps(report, cap_events, words)
    if steps:
        spec["layer"] = [*_step_layers(steps, COLOURS[theme]), *spec["layer"]]
    marks = _spike_rows(report)
    if marks:
        spec["layer"] = [*spec["layer"], *_spike_layers(marks, COLOURS[theme])]
    return _drawn(json.dumps(_untitled(spec), sort_keys=True))


def stories_svg(report: SprintReport, theme: Theme, words: ChartWords) -> str:
    """Draw the largest stories' estimates and actuals."""
    return _drawn(json.dumps(_untitled(stories_spec(report, theme, words)), sort_keys=True))


def _untitled(spec: Spec) -> Spec:
    return {name: value for name, value in spec.items() if name != "title"}


@lru_cache(maxsize=DRAWN_KEPT)
def _drawn(spec: str) -> str:
    """The same figures give the same picture."""
    return PAINTER.svg(json.loads(spec))


def _cap_steps(
    report: SprintReport, events: Iterable[CapEvent], words: ChartWords
) -> list[dict[str, Any]]:
    """The limits that the Sprint's dollar cap had before, each until the moment it was changed."""
    cap = next((cap for cap in report.caps if cap.scope == "sprint" and cap.unit == "usd"), None)
    since = report.sprint.starts_at
    if cap is None or since is None:
        return []
    moved = sorted(
        (event.at, event.before, event.limit)
        for event in events
        if event.cap.cap_id == cap.cap_id and event.at > since
        and event.before is not None and event.limit is not None and event.before != event.limit
    )  # fmt: skip
    rows = []
    for at, before, _ in moved:
        rows += [(since, before), (at, before)]
        since = at
    if moved:
        rows.append((since, moved[-1][2]))
    return [
        {
            "day": at.astimezone(UTC).isoformat(), "usd": float(exact_usd(limit)),
            "label": f"{words.cap} {words.figures.usd(limit)}",
        }
        for at, limit in rows
    ]  # fmt: skip


def _step_layers(rows: list[dict[str, Any]], colours: Colours) -> list[Spec]:
    line = {
        "type": "line", "strokeDash": [3, 4], "strokeWidth": 2, "color": colours.above,
        "interpolate": "linear",
    }  # fmt: skip
    name = {
        "type": "text", "fontSize": 13, "align": "left", "dx": 6, "dy": -9, "color": colours.above,
    }  # fmt: skip
    return [
        {"data": {"values": rows}, "mark": line},
        {
            "data": {"values": rows[:1]},
            "mark": name,
            "encoding": {"text": {"field": "label"}},
        },
    ]


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

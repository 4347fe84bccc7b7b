"""The charts of a Sprint as Vega-Lite specifications: one for page, Slack picture and print.

Plain dictionaries, so nothing is imported to make them. Texts of people are data, never
expressions.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from integration.foundation.money import usd as exact_usd
from integration.reports.chart_look import COLOURS, framed, padding, shortened, text_mark
from integration.reports.chart_words import day_format, english

if TYPE_CHECKING:
    from datetime import date

    from integration.reports.chart_look import Colours, Spec, Theme
    from integration.reports.chart_words import ChartWords
    from integration.reports.shapes import CapStatus, SprintReport, StoryLine

WIDTH = 640
STORIES_SHOWN = 12

Row = dict[str, Any]


def burn_up_spec(
    report: SprintReport, theme: Theme = "light", words: ChartWords | None = None
) -> Spec:
    """Cumulative list cost by day, the Sprint's dollar cap, the forecast to the Sprint's end."""
    words = words or english()
    colours = COLOURS[theme]
    cap = next((cap for cap in report.caps if cap.scope == "sprint" and cap.unit == "usd"), None)
    spent = _spent_rows(report, words)
    forecast = _forecast_rows(report, spent, words)
    layers = _forecast_layers(forecast, colours) if forecast else []
    if cap:
        layers += _cap_layers(cap, colours, words)
    layers += _spent_layers(spent, colours)
    tops = [row["high"] if "high" in row else row["usd"] for row in spent + forecast]
    top = max([*tops, _dollars(cap.limit) if cap else 0.0]) * 1.12 or 1.0
    note = words.forecast_note if forecast else ""
    heading = words.burn_up_against_cap if cap else words.burn_up
    return framed(
        f"{report.sprint.name}: {heading}",
        note if spent else words.nothing_spent,
        colours,
        words.locale,
        {
            "height": 330,
            "width": WIDTH,
            "padding": padding(right=20),
            "encoding": {"x": _day_axis(report, words), "y": _usd_axis(top)},
            "layer": layers,
        },
    )


def stories_spec(
    report: SprintReport, theme: Theme = "light", words: ChartWords | None = None
) -> Spec:
    """Each story's estimate as a bar from P10 to P90 with its actual; the largest twelve."""
    words = words or english()
    colours = COLOURS[theme]
    lines = sorted(
        (line for line in report.stories if _largest(line)), key=lambda line: -_largest(line)
    )
    rows = [_story_row(line, words) for line in lines[:STORIES_SHOWN]]
    # The labels stand right of the marks and need a third of the width.
    widest = max((float(row["end"]) for row in rows), default=0.0) * 1.4
    note = words.stories_note if rows else words.no_stories
    if len(lines) > STORIES_SHOWN:
        note += " " + words.of_more(STORIES_SHOWN, len(lines))
    return framed(
        f"{report.sprint.name}: {words.stories}",
        note,
        colours,
        words.locale,
        {
            "height": {"step": 42} if rows else 10,
            "width": WIDTH * 3 // 4,
            "padding": padding(right=20),
            "data": {"values": rows},
            "layer": _story_layers(colours, words, widest) if rows else [{"mark": "point"}],
        },
    )


def _spent_rows(report: SprintReport, words: ChartWords) -> list[Row]:
    """Cumulative dollars at the end of each day."""
    usd = words.figures.usd
    sums = accumulate(point.list_cost_nanousd for point in report.burn)
    return [
        {"day": _at(point.day), "usd": _dollars(total), "label": usd(total)}
        for point, total in zip(report.burn, sums, strict=True)
    ]


def _forecast_rows(report: SprintReport, spent: list[Row], words: ChartWords) -> list[Row]:
    """Open a fan from the last day with figures to the Sprint's end."""
    forecast, ends_at = report.forecast_nanousd, report.sprint.ends_at
    if forecast is None or ends_at is None or not spent or report.sprint.state == "closed":
        return []
    last, end = spent[-1], _at(ends_at.date())
    if end <= last["day"]:
        return []
    here = last["usd"]
    return [
        {"day": last["day"], "low": here, "usd": here, "high": here},
        {
            "day": end,
            "low": _dollars(forecast.low),
            "usd": _dollars(forecast.central),
            "high": _dollars(forecast.high),
            "label": words.figures.usd(forecast.central),
        },
    ]


def _spent_layers(spent: list[Row], colours: Colours) -> list[Spec]:
    line = {"type": "line", "strokeWidth": 4, "color": colours.actual}
    point = {"type": "point", "filled": True, "size": 90, "opacity": 1, "color": colours.actual}
    label = text_mark(colours.actual, align="right", dx=-8, dy=-16, fontWeight="bold")
    labelled = {"text": {"field": "label"}}
    return [
        {"data": {"values": spent}, "mark": line},
        {"data": {"values": spent}, "mark": point},
        {"data": {"values": spent[-1:]}, "mark": label, "encoding": labelled},
    ]


def _forecast_layers(rows: list[Row], colours: Colours) -> list[Spec]:
    """Draw the fan; its end is labelled beside the plot, where no line runs through a word."""
    end = rows[-1]
    labels = [{"day": end["day"], "usd": end["usd"], "label": end["label"]}]
    band = {"type": "area", "color": colours.band, "opacity": 0.25}
    dashes = {"type": "line", "strokeDash": [8, 6], "strokeWidth": 3, "color": colours.actual}
    label = text_mark(colours.actual, align="left", dx=8, fontWeight="bold")
    high = {"field": "high", "type": "quantitative"}
    labelled = {"text": {"field": "label"}}
    return [
        {
            "data": {"values": rows},
            "mark": band,
            "encoding": {"y": high, "y2": {"field": "low"}},
        },
        {"data": {"values": rows}, "mark": dashes},
        {"data": {"values": labels}, "mark": label, "encoding": labelled},
    ]


def _cap_layers(cap: CapStatus, colours: Colours, words: ChartWords) -> list[Spec]:
    row = {"usd": _dollars(cap.limit), "label": f"{words.cap} {words.figures.usd(cap.limit)}"}
    rule = {"type": "rule", "strokeWidth": 3, "color": colours.cap}
    label = text_mark(colours.cap, align="left", dy=-12, fontWeight="bold")
    return [
        {"data": {"values": [row]}, "mark": rule, "encoding": {"x": None}},
        {
            "data": {"values": [row]},
            "mark": label,
            "encoding": {"x": {"value": 6}, "text": {"field": "label"}},
        },
    ]


def _day_axis(report: SprintReport, words: ChartWords) -> Spec:
    """Span the whole Sprint, and late days where there are any."""
    days = [point.day for point in report.burn]
    edges = [at.date() for at in (report.sprint.starts_at, report.sprint.ends_at) if at]
    scale: Spec = {"type": "utc"}
    if days or edges:
        scale["domain"] = [_at(min(days + edges)), _at(max(days + edges))]
    axis = {
        "format": day_format(words.locale), "title": None, "labelOverlap": "greedy", "tickCount": 6,
    }  # fmt: skip
    return {"field": "day", "type": "temporal", "scale": scale, "axis": axis}


def _usd_axis(top: float) -> Spec:
    axis = {"format": "$,.2~f", "title": None, "tickCount": 5}
    return {
        "field": "usd",
        "type": "quantitative",
        "scale": {"domain": [0, top], "nice": False},
        "axis": axis,
    }


def _story_row(line: StoryLine, words: ChartWords) -> Row:
    """Return one row; without an estimate the range is missing, and the row says so in words."""
    cost = line.estimate.list_cost_nanousd if line.estimate else None
    actual, figures = line.actual.list_cost_nanousd, words.figures
    row = {
        "story": shortened(f"{line.story_key}  {line.summary}"),
        "actual": _dollars(actual),
        "end": _dollars(actual),
    }
    if cost is None:
        label = f"{figures.usd(actual)}, {words.no_estimate}"
        return {**row, "verdict": words.no_estimate, "label": label}
    verdict = words.below if actual < cost.low else words.within
    change = f" ({figures.pct_change(line.error_pct)})" if line.error_pct is not None else ""
    return {
        **row,
        "low": _dollars(cost.low),
        "central": _dollars(cost.central),
        "high": _dollars(cost.high),
        "end": _dollars(max(actual, cost.high)),
        "verdict": words.above if actual > cost.high else verdict,
        "label": figures.usd(actual) + change,
    }


def _story_layers(colours: Colours, words: ChartWords, top: float) -> list[Spec]:
    story = {
        "field": "story",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "labelLimit": 330, "labelPadding": 14, "domain": False}
        | {"ticks": False, "grid": False},
    }
    estimated = [{"filter": "isValid(datum.low)"}]
    dollars = _usd_axis(top)
    return [
        {
            "transform": estimated,
            "mark": {"type": "bar", "height": 18, "cornerRadius": 4, "color": colours.range},
            "encoding": {"y": story, "x": {**dollars, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "transform": estimated,
            "mark": {"type": "tick", "thickness": 3, "size": 18, "color": colours.ink},
            "encoding": {"y": story, "x": {**dollars, "field": "central"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 190, "opacity": 1},
            "encoding": {
                "y": story,
                "x": {**dollars, "field": "actual"},
                **_verdict_marks(colours, words),
            },
        },
        {
            "mark": text_mark(colours.ink, align="left", dx=14),
            "encoding": {
                "y": story,
                "x": {**dollars, "field": "end"},
                "text": {"field": "label"},
            },
        },
    ]


def _verdict_marks(colours: Colours, words: ChartWords) -> Spec:
    """Tell by colour and by shape how an actual lies to its range; one legend names both."""
    verdicts = [words.within, words.above, words.below, words.no_estimate]
    shapes = ["circle", "triangle-right", "triangle-left", "diamond"]
    marks = [colours.actual, colours.above, colours.below, colours.faint_ink]
    return {
        "color": {
            "field": "verdict",
            "scale": {"domain": verdicts, "range": marks},
            "legend": {"orient": "top", "title": None, "symbolSize": 160}
            | {"direction": "horizontal"},
        },
        "shape": {"field": "verdict", "scale": {"domain": verdicts, "range": shapes}},
    }


def _largest(line: StoryLine) -> int:
    """Return the larger of what a story cost and may cost, for the order; 0 leaves it out."""
    cost = line.estimate.list_cost_nanousd if line.estimate else None
    return max(line.actual.list_cost_nanousd, cost.high if cost else 0)


def _dollars(amount_nanousd: int) -> float:
    return float(exact_usd(amount_nanousd))


def _at(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()

"""How all charts look: colours of both themes, fonts and frame.

Colours are of Okabe and Ito's set (jfly.uni-koeln.de/color), which colour-blind people tell apart;
what a colour says, a shape or a word says too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from integration.reports.chart_words import axis_locale

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
LONGEST_LABEL = 38

Spec = dict[str, Any]
Theme = Literal["light", "dark"]


@dataclass(frozen=True, slots=True)
class Colours:
    """One theme's colours."""

    paper: str
    ink: str
    faint_ink: str
    grid: str
    actual: str
    cap: str
    band: str
    above: str
    below: str
    range: str


COLOURS: dict[Theme, Colours] = {
    "light": Colours(
        paper="#ffffff",
        ink="#1a1d21",
        faint_ink="#555b63",
        grid="#e3e6ea",
        actual="#0072b2",
        cap="#d55e00",
        band="#56b4e9",
        above="#d55e00",
        below="#00795a",
        range="#b9c4d0",
    ),
    "dark": Colours(
        paper="#16191d",
        ink="#f2f4f6",
        faint_ink="#b4bcc6",
        grid="#31373f",
        actual="#56b4e9",
        cap="#f0a35e",
        band="#56b4e9",
        above="#f0a35e",
        below="#3ecf9f",
        range="#56616e",
    ),
}


def text_mark(colour: str, **place: object) -> Spec:
    return {"type": "text", "fontSize": 15, "color": colour, "baseline": "middle", **place}


def framed(title: str, note: str, colours: Colours, locale: str, body: Spec) -> Spec:
    """Add what all charts share: heading, description for screen readers, fonts and colours."""
    axis = {
        "labelColor": colours.ink,
        "labelFontSize": 15,
        "gridColor": colours.grid,
        "domainColor": colours.grid,
        "tickColor": colours.grid,
    }
    return {
        "$schema": SCHEMA,
        "description": f"{title}. {note}".strip(),
        "title": {"text": shortened(title, 64), "subtitle": note, "anchor": "start", "offset": 14},
        **body,
        "background": colours.paper,
        "config": {
            "locale": axis_locale(locale),
            "font": "Liberation Sans, Helvetica, Arial, sans-serif",
            "view": {"stroke": None},
            "axis": axis,
            "legend": {"labelColor": colours.ink, "labelFontSize": 15},
            "title": {
                "color": colours.ink,
                "fontSize": 20,
                "subtitleColor": colours.faint_ink,
                "subtitleFontSize": 14,
                "subtitlePadding": 6,
            },
        },
    }


def padding(right: int) -> Spec:
    return {"left": 16, "top": 16, "bottom": 16, "right": right}


def shortened(text: str, longest: int = LONGEST_LABEL) -> str:
    words = " ".join(text.split())
    return words if len(words) <= longest else words[: longest - 1].rstrip() + "…"

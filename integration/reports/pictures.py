"""Draws chart specifications as PNG or SVG, without a browser.

The renderer takes 84 MB of memory once imported, so that happens in the process that first draws:
web pages and posts of reports do, ingest does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.reports.chart_look import Spec

VEGA_LITE = "6.1"
PNG_SCALE = 2.0
"""Pixels for each unit of a specification: sharp on a projector and on a phone."""


def png(spec: Spec, scale: float = PNG_SCALE) -> bytes:
    """Draw a PNG. Raises ValueError for a specification that Vega-Lite refuses."""
    import vl_convert

    drawn: bytes = vl_convert.vegalite_to_png(
        spec, vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[]
    )
    return drawn


def svg(spec: Spec) -> str:
    """Draw an SVG with its texts as text. Raises ValueError as `png` does."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
    return drawn

"""A recorded spike as reports carry it."""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from integration.reports.shapes import Cause, SpikeFigures

if TYPE_CHECKING:
    from integration.anomalies.store import StoredSpike


def spike_figures(spike: StoredSpike, summary: str = "") -> SpikeFigures:
    """Return a spike with the title of what it is on."""
    return SpikeFigures(
        spike_id=str(spike.spike_id),
        subject_kind=spike.subject_kind,  # type: ignore[arg-type]  # Written only from that literal.
        subject=spike.subject,
        summary=summary,
        started_at=spike.started_at,
        peak_at=spike.peak_at,
        ended_at=spike.ended_at,
        amount_nanousd=spike.amount_nanousd,
        usual_nanousd=spike.usual_nanousd,
        hours=max(1, ceil((spike.seen_at - spike.started_at) / timedelta(hours=1))),
        causes=tuple(msgspec.convert(each, Cause, from_attributes=True) for each in spike.causes),
    )

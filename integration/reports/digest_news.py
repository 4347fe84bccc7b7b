"""When a digest that was posted is worth an edit: something began, ended or crossed a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.reports.shapes import CapStatus, DailyDigest

BANDS_PCT = (80, 100)


def is_worth_an_edit(posted: DailyDigest, now: DailyDigest) -> bool:
    """Tell whether a reader of the posted digest would miss something. Growing sums are no news."""
    return _headlines(posted) != _headlines(now)


def _headlines(digest: DailyDigest) -> tuple[object, ...]:
    return (
        sorted((spike.spike_id, spike.ended_at is None) for spike in digest.spikes),
        sorted(line.story_key for line in digest.over_estimate),
        sorted((cap.cap_id, cap.limit, _band(cap), cap.denied_calls > 0) for cap in digest.caps),
        digest.sprint.state,
    )


def _band(cap: CapStatus) -> int:
    return sum(cap.used_pct >= band for band in BANDS_PCT)

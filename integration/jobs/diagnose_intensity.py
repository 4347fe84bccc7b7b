"""How the live reading of grid intensity stands, zone by zone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.carbon import live_store
from integration.foundation.findings import Finding
from integration.foundation.row_wall import across
from integration.foundation.wording import environment

if TYPE_CHECKING:
    from integration.jobs.house import House

OLDEST_HOUR = timedelta(hours=3)
"""A zone whose newest hour began earlier than this is not live any more."""


def diagnose_intensity(house: House) -> list[Finding]:
    """Say for each zone what is known; an installation that reads nothing live has one finding."""
    live = house.live_grid
    if live is None:
        return [_finding("off", is_well=True)]
    now = house.clock.now()
    with across(house.transactions).begin() as session:
        known = {each.zone: each for each in live_store.feeds(session, live.zones, now)}
    found = []
    for zone in live.zones:
        feed = known.get(zone)
        if feed is None:
            found.append(_finding("unread", is_well=True, zone=zone))
        elif feed.failures:
            found.append(_finding("failing", is_well=False, zone=zone, feed=feed))
        elif feed.newest is None or feed.newest.hour < now - OLDEST_HOUR:
            found.append(_finding("stale", is_well=False, zone=zone, feed=feed))
        else:
            found.append(_finding("live", is_well=True, zone=zone, feed=feed))
    return found


def _finding(kind: str, *, is_well: bool, zone: str = "", **values: object) -> Finding:
    template = environment("cli").get_template("intensity_finding.txt.j2")
    words = template.render(kind=kind, zone=zone, **values)
    return Finding(zone or "intensity", is_well, " ".join(words.split()), kind)

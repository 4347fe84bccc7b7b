"""Reads the grid intensity of the zones that are due, where an installation reads it live."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from integration.carbon import live_store
from integration.foundation.row_wall import across
from integration.providers.electricity_maps import IntensityFailure

if TYPE_CHECKING:
    from integration.jobs.house import House

log = structlog.get_logger()

TIME_FOR_A_ROUND_S = 5.0
"""No further zone is begun after this: the clock's other jobs wait for this one."""


def read_intensity(house: House) -> int:
    """Ask for every zone that is due, one after the other; returns how many hours were new.

    The network is asked between transactions. A zone that fails waits for 30 seconds, doubling to
    an hour; calls take the next step of the ladder meanwhile.
    """
    live = house.live_grid
    if live is None:
        return 0
    with across(house.transactions).begin() as session:
        due = live_store.due_zones(session, live.zones, house.clock.now())
    until = time.monotonic() + TIME_FOR_A_ROUND_S
    added = 0
    for zone in due:
        if time.monotonic() > until:
            break
        try:
            hours = live.source.hours(zone)
        except IntensityFailure as failure:
            log.warning("intensity.failed", zone=zone, fault=str(failure))
            with across(house.transactions).begin() as session:
                live_store.note_failure(session, zone, str(failure), house.clock.now())
            continue
        with across(house.transactions).begin() as session:
            added += live_store.add_hours(session, zone, hours, house.clock.now())
    return added

"""Every job of the worker on one screen, and the clock that starts them.

APScheduler only says that a minute has begun; a unique row per job and slot lets any number of
worker processes listen to it while each slot runs once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.foundation.row_wall import across
from integration.jobs.audit_reports import audit_reports
from integration.jobs.catch_up import catch_up_everyone
from integration.jobs.clockwork import (
    check_all_caps,
    check_all_plans,
    compose_due_digests,
    expire_due_holds,
    keep_house,
    match_recent_calls,
    turn_all_caps,
)
from integration.jobs.read_intensity import read_intensity
from integration.jobs.renew_estimates import renew_estimates
from integration.jobs.watch_spend import watch_spend
from integration.turns import store as turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.jobs.house import House


@dataclass(frozen=True, slots=True)
class Job:
    """What runs, and how often; a slot begins at every whole multiple of `every` since 1970."""

    name: str
    every: timedelta
    run: Callable[[House], object]


TIMETABLE = (
    Job("expire_holds", timedelta(seconds=5), expire_due_holds),
    Job("digests", timedelta(minutes=1), compose_due_digests),
    Job("renew_estimates", timedelta(minutes=1), renew_estimates),
    Job("catch_up", timedelta(minutes=10), catch_up_everyone),
    Job("match_calls", timedelta(minutes=1), match_recent_calls),
    Job("watch_spend", timedelta(minutes=1), watch_spend),
    Job("read_intensity", timedelta(seconds=30), read_intensity),
    Job("audit_reports", timedelta(minutes=1), audit_reports),
    Job("check_plans", timedelta(minutes=1), check_all_plans),
    Job("turn_caps", timedelta(seconds=10), turn_all_caps),
    Job("check_caps", timedelta(minutes=5), check_all_caps),
    Job("housekeeping", timedelta(hours=6), keep_house),
)


def run_due(house: House) -> list[str]:
    """Run every job whose present slot nobody has taken; returns their names."""
    ran = []
    for job in TIMETABLE:
        now = house.clock.now()
        slot = now - timedelta(seconds=now.timestamp() % job.every.total_seconds())
        with across(house.transactions).begin() as session:
            is_mine = turns.take_tick(session, job.name, slot.replace(microsecond=0), now)
        if is_mine:
            job.run(house)
            ran.append(job.name)
    return ran

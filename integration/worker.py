"""The worker process: reads the inbox, keeps promises, and starts what the timetable says."""

from __future__ import annotations

import logging
import signal
import threading
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from integration.assembly import book_shelf, secret_box, wordings_of
from integration.foundation.clock import clock_from
from integration.foundation.database import connect, transactions_on
from integration.jobs.deliver_outbox import deliver_outbox
from integration.jobs.drain_inbox import drain_inbox
from integration.jobs.house import House, LiveGridSource
from integration.jobs.outside import Outside
from integration.jobs.timetable import run_due
from integration.providers.electricity_maps import ElectricityMaps
from integration.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger()

IDLE_S = 0.2
"""How long a loop rests when there was nothing to do: what an estimate waits for at the most."""


def house_from(settings: Settings) -> House:
    """Put together what the jobs work with."""
    transactions = transactions_on(connect(settings.database_url))
    clock = clock_from(settings.clock_file)
    return House(
        transactions=transactions,
        books=book_shelf(settings, transactions),
        outside=Outside(transactions, secret_box(settings), clock),
        clock=clock,
        public_url=settings.url,
        wordings=wordings_of(settings, transactions),
        live_grid=live_grid_of(settings),
    )


def live_grid_of(settings: Settings) -> LiveGridSource | None:
    """Who is asked for grid intensity; None where no token is set."""
    token, zones = settings.electricity_maps_token, settings.live_zones
    if token is None or not zones:
        return None
    source = ElectricityMaps(token.get_secret_value(), settings.electricity_maps_url)
    return LiveGridSource(source, tuple(sorted(set(zones.values()))))


def work(settings: Settings | None = None, stop: threading.Event | None = None) -> None:
    """Work until asked to stop; what is in hand is finished first."""
    settings = settings or read_settings()
    house = house_from(settings)
    stop = stop or _stop_on_signal()
    # A look at the clock that comes while the one before still works is left out, on purpose.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    scheduler = BackgroundScheduler(timezone="UTC")
    # With a moved clock a minute may pass in a moment, so the clock is looked at every second.
    scheduler.add_job(lambda: run_due(house), "interval", seconds=1, max_instances=1, coalesce=True)
    loops = [
        threading.Thread(target=_loop, args=(task, house, stop), name=task.__name__)
        for task in (drain_inbox, deliver_outbox)
    ]
    for loop in loops:
        loop.start()
    scheduler.start()
    log.info("worker.started")
    stop.wait()
    scheduler.shutdown(wait=True)
    for loop in loops:
        loop.join()
    log.info("worker.stopped")


def _loop(task: Callable[[House], int], house: House, stop: threading.Event) -> None:
    """Do a task again and again; rest when there was nothing to do or the database is away."""
    while not stop.is_set():
        try:
            worked = task(house)
        except Exception:
            log.exception("worker.fault", task=task.__name__)
            worked = 0
            stop.wait(1)
        if not worked:
            stop.wait(IDLE_S)


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop

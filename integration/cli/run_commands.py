"""`storymeter run`, `web`, `worker`, `migrate`: the processes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from integration.assembly import set_up_logs
from integration.cli.start_up import database
from integration.foundation.errors import StoryMeterError
from integration.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

STOP_TIMEOUT_S = 30


class ProcessEnded(StoryMeterError):
    """One of the service's processes ended by itself."""

    code = "process_ended"


class PortTaken(StoryMeterError):
    """The service cannot listen where it is told to."""

    code = "port_taken"


@click.command()
def run() -> None:
    """Run everything: web, worker and, without DATABASE_URL, an embedded PostgreSQL."""
    settings = read_settings()
    set_up_logs(settings)
    check_port(settings)
    with ExitStack() as stack:
        settings = stack.enter_context(database(settings))
        processes = [
            stack.enter_context(process("web", settings)),
            stack.enter_context(process("worker", settings)),
        ]
        click.echo(f"StoryMeter is at {settings.url} (Ctrl-C stops it)", err=True)
        wait_for_signal(processes)


@click.command()
def web() -> None:
    """Run the web processes (granian) on STORYMETER_HOST and STORYMETER_PORT."""
    settings = read_settings()
    arguments = web_arguments(
        settings.host, settings.port, processes=settings.web_processes, threads=settings.web_threads
    )
    # Counters of all web processes are added up through files; those of an earlier run are gone.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="storymeter-metrics-")
    os.execv(arguments[0], arguments)


@click.command()
def worker() -> None:
    """Run one worker: reads webhooks, keeps promises, starts what the timetable says."""
    from integration.worker import work

    settings = read_settings()
    set_up_logs(settings)
    work(settings)


@click.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from integration.foundation.database import connect
    from integration.foundation.migration import upgrade

    with database() as settings:
        upgrade(connect(settings.database_url))
    click.echo("The database has the newest schema.")


def check_port(settings: Settings) -> None:
    """Find out before any process starts that the port cannot be used.

    Raises:
        PortTaken: with what to set instead.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as wrong:
            raise PortTaken(
                f"{settings.host}:{settings.port} cannot be listened on: {wrong.strerror}. "
                "Set STORYMETER_PORT to another port."
            ) from wrong


def web_arguments(
    host: str, port: int, *, processes: int, threads: int, app: str = "integration.app:create_app"
) -> list[str]:  # fmt: skip
    """The command line of the web processes."""
    return [
        sys.executable, "-m", "integration.cli.web_server", app, host, str(port), str(processes),
        str(threads),
    ]  # fmt: skip


@contextmanager
def process(name: str, settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """Run `storymeter web` or `worker` as a child for the length of the block, then stop it."""
    child = subprocess.Popen(
        [sys.executable, "-m", "integration.cli", name],
        env=os.environ | settings.as_environment(),
        start_new_session=True,  # Ctrl-C reaches the parent alone, which stops them in order.
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for_signal(processes: list[subprocess.Popen[bytes]]) -> None:
    """Return on SIGINT or SIGTERM.

    Raises:
        ProcessEnded: a child ended by itself.
    """
    asked: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    while not asked:
        for child in processes:
            if child.poll() is not None:
                raise ProcessEnded(f"A process ended by itself with status {child.returncode}")
        time.sleep(0.2)

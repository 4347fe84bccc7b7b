"""Everything that runs: PostgreSQL, a local Jira and Slack, two web processes, two workers."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from benchmarks.faults.processes import KeptDatabase, KeptProcess, looked_after
from benchmarks.faults.tcp_proxy import TroubledProxy
from benchmarks.processes import free_port
from integration.cli.demo.people import Gateway, ProductOwner, SlackPeople, table
from integration.cli.demo.world import (
    CHANNEL,
    JIRA_EMAIL,
    JIRA_TOKEN,
    local_jira,
    local_slack,
    set_up,
    wait_until_ready,
)
from integration.foundation.clock import ShiftedClock
from integration.foundation.database import connect
from integration.foundation.embedded_database import PORT
from integration.foundation.migration import upgrade
from integration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

STORIES = 8
CAPPED = 0
"""Which story calls are asked for, under a cap of its own."""
CAP_USD = "0.12"
DISK_MB = 600
ROW = ("Answers", "gpt-4o", "300", "2k", "300", "40%", "us-east-1", "", "")


@dataclass(slots=True)
class Scene:
    """What runs, and where to reach it."""

    folder: Path
    clock: ShiftedClock
    skewed: ShiftedClock
    """The second worker's clock."""
    database: KeptDatabase
    engine: Engine
    """Past the proxy: for whoever counts."""
    web: KeptProcess
    workers: list[KeptProcess]
    door: TroubledProxy
    """Before the web."""
    wire: TroubledProxy
    """Before the database."""
    owner: ProductOwner
    slack: SlackPeople
    keys: dict[str, str]
    board_id: int
    stories: list[str]
    sprint_id: int = 0
    has_small_disk: bool = False
    skew_s: float = 0.0

    def move_by(self, span: timedelta) -> None:
        """Let time pass in a moment, for everyone."""
        target = self.clock.now() + span
        self.clock.move_to(target)
        self.skewed.move_to(target + timedelta(seconds=self.skew_s))

    def control(self, url: str, what: str, body: dict[str, Any]) -> None:
        """Use a switch of the local Jira or Slack."""
        requests.post(f"{url}/_sandbox/{what}", json=body, timeout=30).raise_for_status()


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """Start everything, with a Sprint that has begun; stop it again."""
    with ExitStack() as stack:
        has_small_disk = _small_disk(stack, folder / "db")
        clock, skewed = ShiftedClock(folder / "clock"), ShiftedClock(folder / "clock-2")
        today = datetime.combine(datetime.now(UTC).date(), time(7), UTC)
        for each in (clock, skewed):
            each.move_to(today)
        database = KeptDatabase(folder / "db")
        stack.callback(database.stop)
        engine = connect(database.url)
        stack.callback(engine.dispose)
        upgrade(engine)
        jira, board_id = local_jira(stack, clock, fixed_ports=False)
        slack, token, signing_secret = local_slack(stack, clock, fixed_ports=False)
        door, wire = _proxies(stack, folder, database.url)
        settings = Settings(
            database_url=f"postgresql://storymeter@/storymeter?host={folder / 'wire'}&port={PORT}",
            data_dir=folder, clock_file=folder / "clock",
            port=free_port(), public_url=f"http://127.0.0.1:{door.port}", log_level="WARNING",
            web_threads=8,
        )  # fmt: skip
        door.aim_at(settings.port)
        keys = set_up(settings, (jira, jira), slack, token, signing_secret, board_id)
        found = Scene(
            folder, clock, skewed, database, engine, *_processes(stack, settings), door, wire,
            ProductOwner(jira, JIRA_EMAIL, JIRA_TOKEN), SlackPeople(slack, CHANNEL), keys,
            board_id, [], has_small_disk=has_small_disk,
        )  # fmt: skip
        stack.enter_context(
            looked_after(
                [database.look_after, found.web.look_after]
                + [worker.look_after for worker in found.workers]
            )
        )
        wait_until_ready(settings.url)
        _plan(found)
        yield found


def _small_disk(stack: ExitStack, folder: Path) -> bool:
    """Give the database a disk of its own that can be filled; False where we may not mount."""
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        return False
    stack.callback(subprocess.run, ["umount", "--lazy", str(folder)], check=False)
    return True


def _proxies(
    stack: ExitStack, folder: Path, database_url: str
) -> tuple[TroubledProxy, TroubledProxy]:
    sockets = Path(parse_qs(urlsplit(database_url).query)["host"][0])
    (folder / "wire").mkdir()
    wire = TroubledProxy(sockets / f".s.PGSQL.{PORT}", folder / "wire" / f".s.PGSQL.{PORT}")
    door = TroubledProxy(0)
    return stack.enter_context(door.running()), stack.enter_context(wire.running())


def _processes(stack: ExitStack, settings: Settings) -> tuple[KeptProcess, list[KeptProcess]]:
    log = settings.data_dir / "processes.log"
    second = settings.model_copy(update={"clock_file": settings.data_dir / "clock-2"})
    kept = [
        KeptProcess("web", settings, log),
        KeptProcess("worker", settings, log),
        KeptProcess("worker", second, log),
    ]
    for each in kept:
        stack.callback(each.stop)
    return kept[0], kept[1:]


def _plan(scene: Scene) -> None:
    """Write the stories, start the Sprint, cap one story."""
    owner = scene.owner
    scene.stories = [
        owner.write_story(f"Answer questions, part {number + 1}", ["ai"], table(ROW))
        for number in range(STORIES)
    ]
    scene.sprint_id = owner.new_sprint(scene.board_id, "Acme Sprint 1")
    owner.plan(scene.sprint_id, scene.stories)
    start = scene.clock.now()
    owner.start_sprint(scene.sprint_id, start.isoformat(), (start + timedelta(days=14)).isoformat())
    capped = {"kind": "story", "value": scene.stories[CAPPED]}
    gateway = Gateway(f"http://127.0.0.1:{scene.door.port}", scene.keys)
    cap = {"id": "capped", "scope": capped, "unit": "usd", "limit": CAP_USD, "mode": "block"}
    gateway.ask("POST", "/v1/caps", "admin", cap).raise_for_status()

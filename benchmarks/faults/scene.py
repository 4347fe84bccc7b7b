"""Everything that runs: PostgreSQL, a local Jira and Slack, two web processes, two workers."""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import requests

from benchmarks.faults.processes import KeptDatabase, KeptProcess, looked_after, ours
from benchmarks.faults.tcp_proxy import TroubledProxy
from benchmarks.faults.told import Told
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


@dataclass(slots=True, kw_only=True)
class Scene:
    """What load, weather and recount have to do with, on one machine or on several."""

    folder: Path
    clock: ShiftedClock
    skewed: ShiftedClock
    """The second worker's clock."""
    engine: Engine
    """Past any proxy: for whoever counts."""
    door: TroubledProxy
    """Before the web."""
    door_host: str = "127.0.0.1"
    owner: ProductOwner
    slack: SlackPeople
    keys: dict[str, str]
    board_id: int
    told: Told = field(default_factory=Told)
    stories: list[str] = field(default_factory=list)
    sprint_id: int = 0
    skew_s: float = 0.0

    def move_by(self, span: timedelta) -> None:
        """Let time pass in a moment, for everyone."""
        target = self.clock.now() + span
        self.clock.move_to(target)
        self.skewed.move_to(target + timedelta(seconds=self.skew_s))

    def control(self, url: str, what: str, body: dict[str, Any]) -> None:
        """Use a switch of the local Jira or Slack."""
        requests.post(f"{url}/_sandbox/{what}", json=body, timeout=30).raise_for_status()


@dataclass(slots=True, kw_only=True)
class OneMachine(Scene):
    """Everything on this machine."""

    database: KeptDatabase
    web: KeptProcess
    workers: list[KeptProcess]
    wire: TroubledProxy
    """Before the database."""
    has_small_disk: bool


@contextmanager
def one_machine(folder: Path) -> Iterator[OneMachine]:
    """Start everything, with a Sprint that has begun; stop it again."""
    with ExitStack() as stack:
        has_small_disk = _small_disk(stack, folder / "db")
        clock, skewed = clocks(folder)
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
        door.aim_at(("127.0.0.1", settings.port))
        keys = set_up(settings, (jira, jira), slack, token, signing_secret, board_id)
        web, *workers = _processes(stack, settings)
        found = OneMachine(
            folder=folder, clock=clock, skewed=skewed, database=database, engine=engine, web=web,
            workers=workers, door=door, wire=wire, keys=keys, board_id=board_id,
            owner=ProductOwner(jira, JIRA_EMAIL, JIRA_TOKEN), slack=SlackPeople(slack, CHANNEL),
            has_small_disk=has_small_disk,
        )  # fmt: skip
        kept = [each.look_after for each in (web, *workers)]
        stack.enter_context(looked_after([database.look_after, *kept]))
        wait_until_ready(settings.url)
        plan_sprint(found)
        yield found


def clocks(folder: Path) -> tuple[ShiftedClock, ShiftedClock]:
    """The clock that everyone shares, and one for whoever shall differ; both at seven o'clock."""
    found = ShiftedClock(folder / "clock"), ShiftedClock(folder / "clock-2")
    today = datetime.combine(datetime.now(UTC).date(), time(7), UTC)
    for each in found:
        each.move_to(today)
    return found


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
    name = f".s.PGSQL.{PORT}"
    wire = TroubledProxy(sockets / name, listen_on=folder / "wire" / name)
    door = TroubledProxy()
    return stack.enter_context(door.running()), stack.enter_context(wire.running())


def _processes(stack: ExitStack, settings: Settings) -> list[KeptProcess]:
    log = settings.data_dir / "processes.log"
    second = settings.model_copy(update={"clock_file": settings.data_dir / "clock-2"})
    kept = [ours("web", settings, log), ours("worker", settings, log), ours("worker", second, log)]
    for each in kept:
        stack.callback(each.stop)
    return kept


def plan_sprint(scene: Scene) -> None:
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
    gateway = Gateway(f"http://{scene.door_host}:{scene.door.port}", scene.keys)
    cap = {"id": "capped", "scope": capped, "unit": "usd", "limit": CAP_USD, "mode": "block"}
    gateway.ask("POST", "/v1/caps", "admin", cap).raise_for_status()

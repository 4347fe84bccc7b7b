"""One fault after another, every kind at least once, in an order drawn from the seed."""

from __future__ import annotations

import os
import random
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.faults.scene import OneMachine, Scene
    from benchmarks.faults.tcp_proxy import Trouble, TroubledProxy

SceneT = TypeVar("SceneT", bound="Scene")
Fault: TypeAlias = "Callable[[SceneT, random.Random], None]"

LASTS_S = 1.5
OUTAGE = timedelta(hours=3)
SKEW_S = 240.0


def web_child_killed(scene: OneMachine, _: random.Random) -> None:
    """One of the two web processes dies; the other one answers."""
    scene.web.kill_a_child()


def web_killed(scene: OneMachine, _: random.Random) -> None:
    """All web processes die."""
    scene.web.kill()


def worker_killed(scene: OneMachine, chance: random.Random) -> None:
    """A worker dies with whatever it had claimed."""
    chance.choice(scene.workers).kill()


def backend_killed(scene: OneMachine, _: random.Random) -> None:
    """One of PostgreSQL's processes dies: it throws everyone out and recovers."""
    scene.database.kill_a_backend()


def postgres_killed(scene: OneMachine, _: random.Random) -> None:
    """All of PostgreSQL dies, and leaves its locks behind."""
    scene.database.kill()


def _trouble(proxy: TroubledProxy, trouble: Trouble) -> None:
    proxy.trouble = trouble
    time.sleep(LASTS_S)
    proxy.trouble = ""
    if trouble == "half_open":
        proxy.reset_all()


def answers_cut(scene: Scene, _: random.Random) -> None:
    """Clients are cut off while they wait for the answer to what was done."""
    _trouble(scene.door, "cut_answers")


def commits_cut(scene: OneMachine, _: random.Random) -> None:
    """We are cut off from the database while we wait for its answer, commits included."""
    _trouble(scene.wire, "cut_answers")


def clients_vanish(scene: Scene, _: random.Random) -> None:
    """The network to the clients swallows everything for a while."""
    _trouble(scene.door, "half_open")


def database_vanishes(scene: OneMachine, _: random.Random) -> None:
    """The network to the database swallows everything for a while."""
    _trouble(scene.wire, "half_open")


def database_slow(scene: OneMachine, _: random.Random) -> None:
    """Each message to and from the database takes its time."""
    _trouble(scene.wire, "slow")


def jira_down(scene: Scene, _: random.Random) -> None:
    """Jira is away for hours."""
    _outage(scene, scene.owner.base_url)


def slack_down(scene: Scene, _: random.Random) -> None:
    """Slack is away for hours."""
    _outage(scene, scene.slack.base_url)


def _outage(scene: Scene, url: str) -> None:
    scene.control(url, "outage", {"on": True})
    for _ in range(3):
        scene.move_by(OUTAGE / 3)
        time.sleep(LASTS_S / 2)
    scene.control(url, "outage", {"on": False})
    scene.move_by(timedelta(hours=2))


def clocks_differ(scene: Scene, chance: random.Random) -> None:
    """The second worker's clock runs before or behind the others'."""
    scene.skew_s = chance.choice((-SKEW_S, SKEW_S))
    scene.move_by(timedelta(minutes=1))


def disk_full(scene: OneMachine, _: random.Random) -> None:
    """The database's disk is full to the last block, then somebody makes room."""
    if not scene.has_small_disk:
        return
    filler = scene.folder / "db" / "filler"
    with filler.open("wb") as file:
        room = os.statvfs(filler.parent)
        block = b"\0" * room.f_frsize * 64
        try:
            while True:
                file.write(block)
                file.flush()
        except OSError:
            time.sleep(LASTS_S * 2)
    filler.unlink()


FAULTS: tuple[Fault[OneMachine], ...] = (
    web_child_killed, web_killed, worker_killed, backend_killed, postgres_killed, answers_cut,
    commits_cut, clients_vanish, database_vanishes, database_slow, jira_down, slack_down,
    clocks_differ, disk_full,
)  # fmt: skip


def storm(
    scene: SceneT, faults: tuple[Fault[SceneT], ...], seed: int, seconds: float
) -> dict[str, int]:
    """Break things for so long, every kind once at least; returns how often each happened."""
    chance = random.Random(seed)
    order = chance.sample(faults, len(faults))
    happened: dict[str, int] = {}
    deadline = time.monotonic() + seconds
    while order or time.monotonic() < deadline:
        fault = order.pop() if order else chance.choice(faults)
        time.sleep(chance.uniform(0.3, 1.2))
        print(f"  {fault.__name__}", file=sys.stderr, flush=True)
        fault(scene, chance)
        happened[fault.__name__] = happened.get(fault.__name__, 0) + 1
    return happened

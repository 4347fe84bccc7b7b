"""What befalls machines: power fails, cables are pulled, the replica takes the primary's place."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from benchmarks.faults import weather

if TYPE_CHECKING:
    import random

    from benchmarks.faults.machines import Machine
    from benchmarks.faults.machines_scene import SeveralMachines

CUT_S = (3.0, 14.0)
"""Shorter and longer than it takes us to give a silent connection up."""
BEHIND_S = 3.0


def _cut_off(machine: Machine, chance: random.Random) -> None:
    machine.pull_cable()
    time.sleep(chance.choice(CUT_S))
    machine.plug_cable()


def web_machine_killed(scene: SeveralMachines, chance: random.Random) -> None:
    """The power of a web machine fails."""
    chance.choice(scene.web).kill()


def web_machine_cut_off(scene: SeveralMachines, chance: random.Random) -> None:
    """A web machine hears nobody, and its database connections stay half open."""
    _cut_off(chance.choice(scene.web).machine, chance)


def worker_machine_killed(scene: SeveralMachines, chance: random.Random) -> None:
    """The power of a worker machine fails, with whatever it had claimed."""
    chance.choice(scene.workers).kill()


def worker_machine_cut_off(scene: SeveralMachines, chance: random.Random) -> None:
    """A worker goes on without a database, Jira and Slack, then comes back."""
    _cut_off(chance.choice(scene.workers).machine, chance)


def replica_killed(scene: SeveralMachines, _: random.Random) -> None:
    """The power of the replica fails; it starts again."""
    scene.replica.kill(for_good=False)


def replica_cut_off(scene: SeveralMachines, chance: random.Random) -> None:
    """The replica falls behind, then catches up."""
    _cut_off(scene.replica.machine, chance)


def primary_killed(scene: SeveralMachines, _: random.Random) -> None:
    """The power of the primary fails; it starts again and recovers."""
    scene.primary.kill(for_good=False)


def primary_cut_off(scene: SeveralMachines, chance: random.Random) -> None:
    """Nobody reaches the primary for a while; nobody takes its place."""
    _cut_off(scene.primary.machine, chance)


def primary_lost(scene: SeveralMachines, _: random.Random) -> None:
    """The primary is cut off, then put down for good; the replica takes its place."""
    scene.primary.wait_for_standby(scene.replica.machine.name)
    lost_at = time.monotonic()
    scene.primary.machine.pull_cable()
    scene.primary.kill(for_good=True)
    scene.replace_primary(lost_at)


def primary_lost_while_replica_behind(scene: SeveralMachines, _: random.Random) -> None:
    """The replica is cut off, then the primary is lost: what came between was never copied."""
    scene.primary.wait_for_standby(scene.replica.machine.name)
    scene.replica.machine.pull_cable()
    before = len(scene.told.acked)
    time.sleep(BEHIND_S)
    meanwhile = len(scene.told.acked) - before
    print(f"    acknowledged while it was: {meanwhile}", file=sys.stderr, flush=True)
    lost_at = time.monotonic()
    scene.primary.machine.pull_cable()
    scene.primary.kill(for_good=True)
    scene.replica.machine.plug_cable()
    scene.replace_primary(lost_at)


FAULTS: tuple[weather.Fault[SeveralMachines], ...] = (
    web_machine_killed, web_machine_cut_off, worker_machine_killed, worker_machine_cut_off,
    replica_killed, replica_cut_off, primary_killed, primary_cut_off, primary_lost,
    primary_lost_while_replica_behind, weather.answers_cut, weather.clients_vanish,
    weather.jira_down, weather.slack_down, weather.clocks_differ,
)  # fmt: skip

"""Six machines: two with web processes, two with workers, two with PostgreSQL."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from pydantic import SecretStr

from benchmarks.faults.machines import HERE, Machine, build_switch, remove
from benchmarks.faults.processes import KeptProcess, looked_after, ours
from benchmarks.faults.replicated import DatabaseMachine, address_of
from benchmarks.faults.scene import Scene, clocks, plan_sprint
from benchmarks.faults.tcp_proxy import TroubledProxy
from integration.cli.demo.people import ProductOwner, SlackPeople
from integration.cli.demo.world import (
    CHANNEL,
    JIRA_EMAIL,
    JIRA_TOKEN,
    local_jira,
    local_slack,
    set_up,
    wait_until_ready,
)
from integration.foundation.database import connect
from integration.foundation.migration import upgrade
from integration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WEB_PORT = 8080


@dataclass(slots=True)
class ServiceMachine:
    """A machine with our web processes, or with a worker."""

    machine: Machine
    kept: KeptProcess

    def kill(self) -> None:
        """Let its power fail; it starts again."""
        self.machine.kill_all()


@dataclass(slots=True, kw_only=True)
class SeveralMachines(Scene):
    """Everything on machines of its own; people, Jira and Slack are outside."""

    web: list[ServiceMachine]
    workers: list[ServiceMachine]
    primary: DatabaseMachine
    replica: DatabaseMachine
    promotions: int = 0
    silences_s: list[float] = field(default_factory=list)
    """From each loss of the primary until usage was acknowledged again."""

    def replace_primary(self, lost_at: float) -> None:
        """Promote the replica, let clients find it, and let the lost machine follow it.

        The lost machine must be down and stay so: whoever reached it would write into books that
        nobody else sees.
        """
        before = len(self.told.acked)
        self.replica.promote()
        self.primary, self.replica = self.replica, self.primary
        self.promotions += 1
        self.replica.machine.plug_cable()
        self.replica.follow(self.primary)
        while len(self.told.acked) == before and time.monotonic() < lost_at + 60:
            time.sleep(0.05)
        self.silences_s.append(time.monotonic() - lost_at)


@contextmanager
def several_machines(folder: Path, *, is_synchronous: bool) -> Iterator[SeveralMachines]:
    """Start everything, with a Sprint that has begun; stop it again.

    `is_synchronous`: a commit is acknowledged once the other PostgreSQL has it on its disk.
    """
    folder.chmod(0o755)
    with ExitStack() as stack:
        build_switch()
        machines: list[Machine] = []
        stack.callback(remove, machines)
        clock, skewed = clocks(folder)
        primary, replica = _databases(folder, machines, is_synchronous=is_synchronous)
        address = address_of([primary.machine, replica.machine])
        engine = connect(address)
        stack.callback(engine.dispose)
        upgrade(engine)
        jira, board_id = local_jira(stack, clock, fixed_ports=False, host=HERE)
        slack, token, signing_secret = local_slack(stack, clock, fixed_ports=False, host=HERE)
        door = stack.enter_context(TroubledProxy(listen_on=HERE).running())
        settings = Settings(
            database_url=address, data_dir=folder, clock_file=folder / "clock", port=WEB_PORT,
            public_url=f"http://{HERE}:{door.port}", log_level="WARNING", web_threads=8,
            secret_key=SecretStr(Fernet.generate_key().decode()),
        )  # fmt: skip
        keys = set_up(settings, (jira, jira), slack, token, signing_secret, board_id)
        web = [_service(folder, machines, settings, "web", number) for number in (1, 2)]
        workers = [_service(folder, machines, settings, "worker", number) for number in (1, 2)]
        door.aim_at(*((each.machine.address, WEB_PORT) for each in web))
        found = SeveralMachines(
            folder=folder, clock=clock, skewed=skewed, engine=engine, web=web, workers=workers,
            primary=primary, replica=replica, door=door, door_host=HERE, keys=keys,
            board_id=board_id, owner=ProductOwner(jira, JIRA_EMAIL, JIRA_TOKEN),
            slack=SlackPeople(slack, CHANNEL),
        )  # fmt: skip
        stack.enter_context(
            looked_after(
                [primary.look_after, replica.look_after]
                + [each.kept.look_after for each in web + workers]
            )
        )
        for each in web:
            wait_until_ready(f"http://{each.machine.address}:{WEB_PORT}")
        plan_sprint(found)
        yield found


def _databases(
    folder: Path, machines: list[Machine], *, is_synchronous: bool
) -> tuple[DatabaseMachine, DatabaseMachine]:
    machines += [Machine("db1", "10.91.0.11"), Machine("db2", "10.91.0.12")]
    log = folder / "postgres.log"
    primary, replica = (DatabaseMachine(each, folder / each.name, log) for each in machines[-2:])
    primary.initialise()
    if is_synchronous:
        # Each names both: whichever is primary waits for the other one.
        with primary.asked("postgres") as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (db1, db2)'")
    replica.follow(primary)
    with primary.asked("postgres") as connection:
        connection.execute("SELECT pg_reload_conf()")
    primary.wait_for_standby("db2")
    return primary, replica


def _service(
    folder: Path, machines: list[Machine], settings: Settings, name: str, number: int
) -> ServiceMachine:
    first = 20 if name == "web" else 30
    machine = Machine(f"{name}{number}", f"10.91.0.{first + number}")
    machines.append(machine)
    own: dict[str, object] = {"data_dir": folder / machine.name, "host": machine.address}
    if machine.name == "worker2":
        own["clock_file"] = folder / "clock-2"
    (folder / machine.name).mkdir()
    kept = ours(name, settings.model_copy(update=own), folder / "processes.log", machine.command)
    return ServiceMachine(machine, kept)

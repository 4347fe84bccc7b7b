"""Machines: network namespaces on one switch, whose cables can be pulled and whose power can fail.

Everything happens in a network, mount and process namespace of its own, which ends with the
program: no interface, mount or process of the machine itself is touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

SWITCH = "switch"
HERE = "10.91.0.1"
"""The address of whoever is outside: people, Jira, Slack, the load balancer."""
NETWORK = "10.91.0.0/24"
NAMES = Path("/run/netns")


class Machine:
    """A network namespace with one cable to the switch; what runs in it is killed with it."""

    def __init__(self, name: str, address: str) -> None:
        self.name = name
        self.address = address
        self._cable = f"to-{name}"
        _ip("netns", "add", name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("link", "set", self._cable, "master", SWITCH, "up")
        for words in (
            ("addr", "add", f"{address}/24", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", name, *words)

    def command(self, *words: str) -> list[str]:
        """A command that runs on this machine."""
        return ["ip", "netns", "exec", self.name, *words]

    def pull_cable(self) -> None:
        """Cut it off: nothing arrives any more, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def plug_cable(self) -> None:
        """Join it again."""
        _ip("link", "set", self._cable, "up")

    def remove(self) -> None:
        """Take it away with its cable, whose name the next run wants.

        The network it was in ends only some time after its last process has.
        """
        self.kill_all()
        _ip("link", "del", self._cable)
        _ip("netns", "del", self.name)

    def kill_all(self) -> None:
        """Kill everything that runs on it with -9, as when its power fails."""
        for each in _ip("netns", "pids", self.name).split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(each), signal.SIGKILL)


def why_not() -> str:
    """Why there can be no machines here; empty where there can."""
    if missing := [each for each in ("unshare", "ip", "setpriv") if not shutil.which(each)]:
        return f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        return "network namespaces need root"
    tried = subprocess.run(
        [*_UNSHARED, "ip", "link", "add", SWITCH, "type", "bridge"], check=False, text=True,
        capture_output=True,
    )  # fmt: skip
    return tried.stderr.strip()


_UNSHARED = (
    "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
    "--propagation", "private",
)  # fmt: skip


def go_inside(module: str, arguments: list[str]) -> None:
    """Run the module instead of this program, in namespaces of its own. Does not return."""
    os.execvp(_UNSHARED[0], [*_UNSHARED, sys.executable, "-m", module, *arguments])


def build_switch() -> None:
    """Lay the network that machines are plugged into, and plug in ourselves."""
    NAMES.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(NAMES)], check=True)
    _ip("link", "set", "lo", "up")
    _ip("link", "add", SWITCH, "type", "bridge")
    _ip("addr", "add", f"{HERE}/24", "dev", SWITCH)
    _ip("link", "set", SWITCH, "up")


def remove(machines: list[Machine]) -> None:
    """Take machines and switch away, so that another run can build its own."""
    for each in machines:
        each.remove()
    _ip("link", "del", SWITCH)
    subprocess.run(["umount", "--lazy", str(NAMES)], check=True)


def _ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], check=True, text=True, capture_output=True)
    return done.stdout

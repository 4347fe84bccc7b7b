"""How long a web process takes from its start to its first answer on /healthz.

Seconds, not a ratio: the promise is an absolute one (under 2 s on two cores). Each start is a fresh
interpreter running `storymeter web` with one web process; no database is needed to answer.
Beside the wall clock stands the processor time of all its processes, which other load moves less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
from http.client import HTTPConnection

STARTS = 7
LOOK_EVERY_S = 0.005
GIVE_UP_S = 30.0
PROMISED_S = 2.0


def free_port() -> int:
    """A port of the loopback interface that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether /healthz says 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def start_once() -> tuple[float, float]:
    """Wall-clock seconds to the first answer, and processor seconds until it was stopped."""
    port, before = free_port(), resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {
        "DATABASE_URL": "postgresql+psycopg://localhost/nobody",
        "STORYMETER_PORT": str(port), "STORYMETER_WEB_PROCESSES": "1",
    }  # fmt: skip
    began = time.perf_counter()
    web = subprocess.Popen([sys.executable, "-m", "integration.cli", "web"], env=environment)
    try:
        while not answers(port):
            if web.poll() is not None or time.perf_counter() - began > GIVE_UP_S:
                sys.exit("The web process did not come up.")
            time.sleep(LOOK_EVERY_S)
        took = time.perf_counter() - began
    finally:
        web.send_signal(signal.SIGTERM)
        web.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return took, used


def main() -> None:
    """Measure, print a table, and as the last line the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=STARTS)
    starts = parser.parse_args().starts
    start_once()  # Byte code is compiled by the first start after a change.
    found = []
    for number in range(starts):
        found.append(start_once())
        print(f"start {number + 1} of {starts}: {found[-1][0]:.2f} s", file=sys.stderr)
    wall = sorted(took for took, _ in found)
    cpu = statistics.median(used for _, used in found)
    print(f"{'first answer':14}{'median':>8}{'slowest':>9}{'promised':>10}")
    print(f"{'seconds':14}{statistics.median(wall):>8.2f}{wall[-1]:>9.2f}{PROMISED_S:>10.2f}")
    figures = {
        "healthz_s": round(statistics.median(wall), 3), "slowest_s": round(wall[-1], 3),
        "cpu_s": round(cpu, 3), "promised_s": PROMISED_S,
    }  # fmt: skip
    print(json.dumps(figures))


if __name__ == "__main__":
    main()

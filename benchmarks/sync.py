"""How a site of 5,000 stories is read from zero: requests, time, and whether memory stays level.

The local Jira runs in a process of its own, so that the memory measured here is StoryMeter's. The
promise is at most 60 requests per 1,000 stories, and memory that does not grow with the site: the
resident set after the last fifth of the stories against the one after the first.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from integration.assembly import default_books
from integration.foundation.clock import SystemClock
from integration.foundation.database import connect, transactions_on
from integration.foundation.embedded_database import running
from integration.foundation.migration import upgrade
from integration.foundation.secrets import SecretBox
from integration.jira.applying import apply
from integration.jira.provisioning import plan
from integration.jobs.catch_up import catch_up
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.journeys.book_shelf import BookShelf
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount, Workspace

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from integration.foundation.database import Transactions

BOX = SecretBox("b25seSB0aGUgYmVuY2htYXJrIHVzZXMgdGhpcyBrZXk=")
IN_SPRINT, MARKED = 0.1, 0.05
PROMISED_PER_1000 = 60
LEVEL_MB = 16
"""What caches and the allocator may add between the first fifth and the last."""


def serve(told: Connection) -> None:
    """Run the local Jira until the pipe closes."""
    from integration.sandbox.jira.config import JiraConfig
    from integration.sandbox.jira.server import start_jira

    with start_jira(JiraConfig(), SystemClock()) as jira:
        told.send(jira.base_url)
        try:
            told.recv()
        except EOFError:
            return


def main() -> int:
    """Measure, and print one line of JSON; 1 when a promise is broken."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--issues", type=int, default=5_000)
    issues = parser.parse_args().issues
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=serve, args=(there,), daemon=True)
    child.start()
    there.close()
    try:
        with tempfile.TemporaryDirectory() as scratch, running(Path(scratch)) as url:
            result = measure(str(here.recv()), url, issues)
    finally:
        here.close()
        child.join(10)
        child.terminate()
    table(result)
    print(json.dumps(result))
    is_kept = result["requests_per_1000"] <= PROMISED_PER_1000 and result["known"] == issues
    return 0 if is_kept and result["memory_growth_mb"] <= LEVEL_MB else 1


def measure(jira_url: str, database_url: str, issues: int) -> dict[str, Any]:
    """Seed the site, connect a workspace, and read it from zero."""
    engine = connect(database_url)
    upgrade(engine)
    house = house_on(transactions_on(engine), jira_url)
    seed(jira_url, issues)
    resident: list[float] = []
    every = max(issues // 5, 1)
    read = 0

    def tick() -> None:
        nonlocal read
        read += 1
        if read % every == 0:
            resident.append(resident_mb())
            tell(f"{read:6,} stories read, {resident[-1]:.0f} MB")

    requests.delete(f"{jira_url}/_sandbox/requests", timeout=30).raise_for_status()
    began = time.perf_counter()
    known = catch_up(house, "acme", everything=True, tick=tick)
    seconds = time.perf_counter() - began
    made = asked(jira_url)
    engine.dispose()
    return {
        "issues": issues,
        "known": known,
        "requests": made,
        "requests_per_1000": round(made * 1000 / issues, 1),
        "seconds": round(seconds, 1),
        "stories_per_s": round(known / seconds, 1),
        "memory_first_fifth_mb": round(resident[0], 1),
        "memory_last_fifth_mb": round(resident[-1], 1),
        "memory_growth_mb": round(resident[-1] - resident[0], 1),
    }


def house_on(transactions: Transactions, jira_url: str) -> House:
    """Found a workspace and provision its site, as an operator does."""
    from integration.sandbox.jira.config import JiraConfig

    config, clock = JiraConfig(), SystemClock()
    requests.post(
        f"{jira_url}/_sandbox/seed", json={"project": "DEMO", "name": "Demo"}, timeout=30
    ).raise_for_status()
    account = JiraAccount(
        "acme", jira_url, jira_url, config.email, config.token, webhook_secret="secret",
        project_keys=("DEMO",), account_id=config.account_id,
    )  # fmt: skip
    with transactions.begin() as session:
        workspaces.create(session, Workspace("acme", "Acme", default_region="us-east-1"),
                          clock.now())  # fmt: skip
        workspaces.connect_jira(session, account, BOX)
    house = House(
        transactions=transactions, books=BookShelf(transactions, default_books()),
        outside=Outside(transactions, BOX, clock), clock=clock, public_url="http://127.0.0.1:9",
    )  # fmt: skip
    gateway = house.outside.jira("acme")
    done = apply(gateway, plan(gateway, projects=["DEMO"]))
    ids = dict(done.field_ids) | {
        "sprint": done.sprint_field_id, "story_points": done.story_points_field_id,
    }  # fmt: skip
    account.field_ids.update(ids)
    with transactions.begin() as session:
        workspaces.connect_jira(session, account, BOX)
    return house


def seed(jira_url: str, issues: int) -> None:
    """Make the stories: some in a Sprint, some marked as AI work."""
    people = ("ada@example.com", "ada-token")
    board = requests.get(f"{jira_url}/rest/agile/1.0/board", auth=people, timeout=30).json()
    sprint = requests.post(
        f"{jira_url}/rest/agile/1.0/sprint", auth=people, timeout=30,
        json={"name": "Sprint 1", "originBoardId": board["values"][0]["id"]},
    ).json()["id"]  # fmt: skip
    in_sprint, marked = int(issues * IN_SPRINT), int(issues * MARKED)
    for what in (
        {"issues": issues - in_sprint - marked},
        {"issues": in_sprint, "sprint": sprint},
        {"issues": marked, "labels": ["ai"]},
    ):
        answer = requests.post(
            f"{jira_url}/_sandbox/seed", json=what | {"project": "DEMO"}, timeout=120
        )
        answer.raise_for_status()


def asked(jira_url: str) -> int:
    """How many requests the site has had."""
    answer = requests.get(f"{jira_url}/_sandbox/requests", timeout=30).json()
    return sum(answer["counts"].values())


def resident_mb() -> float:
    """This process's resident set."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def table(result: dict[str, Any]) -> None:
    """Show what was measured."""
    for name, value in result.items():
        tell(f"{name.replace('_', ' '):32} {value:>10}")


def tell(sentence: str) -> None:
    """Say how it goes; the result alone goes to the output."""
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""The worker works for one workspace at a time; these places alone look across all of them."""

from __future__ import annotations

import ast
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from integration.foundation.row_wall import UnsaidWorkspace
from integration.jobs.deliver_outbox import SENDERS, deliver_outbox
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.jobs.timetable import run_due
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from tests.conftest import NOON
from tests.doors.worlds import World
from tests.house.house import HOUSE, SOURCES

if TYPE_CHECKING:
    from integration.mailbox.claims import Promise
    from integration.web.service import Service

ACROSS = {
    # Whose work is due?
    "jobs.house.House.workspace_ids": "everybody",
    "jobs.drain_inbox.drain_inbox": "claims deliveries, whosever they are",
    "jobs.deliver_outbox.deliver_outbox": "claims promises, whosever they are",
    "journeys.end_holds.expire_holds": "finds holds whose time is up",
    "journeys.turn_caps.turn_caps": "finds caps whose window or raise is over",
    "journeys.check_caps.check_caps": "recounts what all caps hold in one statement",
    "journeys.forget_usage.forget_usage": "reads how long each keeps its calls",
    # What belongs to nobody.
    "jobs.timetable.run_due": "takes a slot of the clock",
    "jobs.clockwork.keep_house": "forgets slots, ended sign-ins and old check totals",
    "jobs.follow_jira.begin_reading": "takes a number",
    "jobs.read_intensity.read_intensity": "keeps the grid's intensity",
    "journeys.book_shelf.BookShelf._look_up": "reads the grid's intensity",
    # Partitions hold everybody's calls of a day, and are their owner's to make and drop.
    "journeys.keep_partitions.keep_partitions": "makes them ahead",
    "journeys.end_holds._make_room": "makes the one of an expired hold",
    "journeys.forget_usage._forget": "drops one that nobody keeps",
    # The operator's doctor.
    "jobs.diagnose_database.diagnose_database": "looks at the installation",
    "jobs.diagnose_slack.diagnose_slack": "finds two workspaces on one Slack team",
    "jobs.diagnose_intensity.diagnose_intensity": "looks at the grid's intensity",
}  # fmt: skip


class Callers(ast.NodeVisitor):
    """The functions in which `across` is called or handed on."""

    def __init__(self, module: str) -> None:
        self.inside = [module]
        self.found: set[str] = set()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.inside.append(node.name)
        self.generic_visit(node)
        self.inside.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.inside.append(node.name)
        self.generic_visit(node)
        self.inside.pop()

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == "across" and isinstance(node.ctx, ast.Load):
            self.found.add(".".join(self.inside))


def test_only_these_places_look_across_workspaces() -> None:
    found: set[str] = set()
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        if any(
            isinstance(node, ast.ImportFrom)
            and node.module == "integration.foundation.row_wall"
            and any(alias.name == "across" for alias in node.names)
            for node in ast.walk(tree)
        ):
            callers = Callers(".".join(path.relative_to(HOUSE).with_suffix("").parts))
            callers.visit(tree)
            found |= callers.found
    assert found == set(ACROSS)


@pytest.fixture
def two_customers(service: Service) -> House:
    """A worker's house with a promise to keep for each of two workspaces."""
    outside = Outside(service.transactions, service.box, service.clock)
    house = House(service.transactions, service.books, outside, service.clock, "http://localhost")
    for name, project in (("acme", "SHOP"), ("umbrella", "UMB")):
        World(service, name, project=project).found(name.title())
    with service.across.begin() as session:
        for name in ("acme", "umbrella"):
            mailbox.promise(session, name, "test.probe", "all", {"n": 1}, NOON)
        # Nobody is asked outside: a workspace without a site is left out of catching up.
        session.execute(text("DELETE FROM jira_connection"))
    return house


def test_a_sender_that_forgets_its_workspace_sees_one(
    two_customers: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = {}

    def forgetful(house: House, promise: Promise) -> dict[str, object]:
        with house.transactions.begin() as session:
            found = session.execute(text("SELECT DISTINCT workspace_id FROM workspace"))
            seen[promise.workspace_id] = found.scalars().all()
        return {"posted": True}

    monkeypatch.setitem(SENDERS, "test.probe", forgetful)
    deliver_outbox(two_customers)
    assert seen == {"acme": ["acme"], "umbrella": ["umbrella"]}
    for name in seen:
        with two_customers.within(name).transactions.begin() as session:
            kept = mailbox_queries.promised(session, name, "test.probe", "all")
        assert kept is not None
        assert kept.receipt == {"posted": True}


def test_a_worker_that_says_no_workspace_reads_nothing_at_all(two_customers: House) -> None:
    with pytest.raises(UnsaidWorkspace), two_customers.transactions.begin() as session:
        session.execute(text("SELECT 1"))


def test_every_job_says_whose_work_it_does(
    two_customers: House, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run_due(two_customers)
    for thread in threading.enumerate():
        if thread.name == "catch-up":
            thread.join()
    assert len(ran) >= 12
    said = capsys.readouterr()
    assert "fault" not in said.out + said.err

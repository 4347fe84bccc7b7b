"""A workspace of StoryMeter at work on a local Jira of its own, on a clock that tests move."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from integration.assembly import default_books
from integration.foundation.secrets import SecretBox
from integration.jira.applying import apply
from integration.jira.provisioning import plan
from integration.jobs.deliver_outbox import deliver_outbox
from integration.jobs.drain_inbox import drain_inbox
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.journeys.book_shelf import BookShelf
from integration.journeys.record_usage import record_usage
from integration.ledger import queries as ledger
from integration.mailbox import store as mailbox
from integration.metering.usage import UsageEvent
from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.server import start_jira
from integration.web.jira_webhooks import _what_about
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount, Workspace
from tests.adapters.jira.world import MovingClock, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flask import Flask

    from integration.foundation.database import Transactions
    from integration.jira.plan import Provisioned

BOX = SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk=")
PUBLIC_URL = "http://127.0.0.1:9"
URL = f"{PUBLIC_URL}/webhooks/jira/acme"
HEADINGS = (
    "Workload", "Model", "Calls per Sprint", "Input tokens", "Output tokens", "Cached share",
    "Region", "GPU type", "GPU hours",
)  # fmt: skip
TOKENS_OF_A_DOLLAR = 400_000
"""gpt-4o reads a million tokens for 2.50 USD."""


def section(calls: str) -> dict[str, Any]:
    """A description with one workload of so many calls."""

    def row(kind: str, *words: str) -> dict[str, Any]:
        cells = [
            {
                "type": kind, "attrs": {},
                "content": [
                    {
                        "type": "paragraph",
                        "content": [{"type": "text", "text": word}] if word else [],
                    }
                ],
            }
            for word in words
        ]  # fmt: skip
        return {"type": "tableRow", "content": cells}

    heading = [{"type": "text", "text": "AI Cost & Carbon"}]
    workload = ("Answers", "gpt-4o", calls, "2k", "300", "", "us-east-1", "", "")
    table = [row("tableHeader", *HEADINGS), row("tableCell", *workload)]
    return {
        "type": "doc",
        "version": 1,
        "content": [
            {"type": "heading", "attrs": {"level": 2}, "content": heading},
            {"type": "table", "attrs": {}, "content": table},
        ],
    }


@dataclass
class JiraHouse:
    """StoryMeter and the people of one Jira site."""

    jira: World
    app: Flask
    """The local Jira's own application."""
    transactions: Transactions
    workspace_id: str = "acme"
    house: House = field(init=False)
    taken: int = 0
    """Deliveries of the site that were passed on, or left out on purpose."""

    def __post_init__(self) -> None:
        clock = self.jira.clock
        self.house = House(
            transactions=self.transactions,
            books=BookShelf(self.transactions, default_books()),
            outside=Outside(self.transactions, BOX, clock),
            clock=clock,
            public_url=PUBLIC_URL,
        )

    def connected(self, *projects: str, **changes: Any) -> JiraHouse:
        """Found the workspace and set its Jira up; webhooks are handed over by `settle`."""
        config, projects = self.jira.config, projects or ("DEMO",)
        is_cloud = config.deployment == "Cloud"
        account = JiraAccount(
            self.workspace_id, self.jira.base_url, self.jira.base_url, config.email, config.token,
            webhook_secret="webhook-secret", project_keys=projects,
            deployment="cloud" if is_cloud else "datacenter", account_id=config.account_id,
        )  # fmt: skip
        with self.transactions.begin() as session:
            workspace = Workspace(self.workspace_id, "Acme", default_region="us-east-1")
            workspaces.create(session, workspace, self.jira.clock.now())
            workspaces.connect_jira(session, account, BOX)
        self.provision()
        return self

    def provision(self) -> Provisioned:
        """Provision, and keep what was found out as the command does."""
        gateway = self.house.outside.jira(self.workspace_id)
        projects = gateway.connection.project_keys
        done = apply(gateway, plan(gateway, projects=projects, webhook_url=URL))
        ids = dict(done.field_ids) | {
            "sprint": done.sprint_field_id, "story_points": done.story_points_field_id,
        }  # fmt: skip
        with self.transactions.begin() as session:
            account = workspaces.jira_account(session, self.workspace_id, BOX)
            assert account is not None
            account = replace(account, account_id=gateway.myself().account_id)
            account.field_ids.update(ids)
            account.project_field_ids.update(
                {key: dict(own) for key, own in done.project_field_ids.items()}
            )
            workspaces.connect_jira(session, account, BOX)
        return done

    def deliveries(self) -> list[dict[str, Any]]:
        """Webhooks that the site has sent since the last call; nobody listens at their address."""
        sent = list(self.app.extensions["jira-webhooks"].courier.log)
        new, self.taken = sent[self.taken :], len(sent)
        return [
            {"id": one.headers["X-Atlassian-Webhook-Identifier"], "body": one.body} for one in new
        ]

    def hand_over(self, *deliveries: dict[str, Any]) -> None:
        """Receive webhooks as the door does."""
        with self.transactions.begin() as session:
            for one in deliveries:
                event, subject = _what_about(one["body"], one["id"])
                mailbox.receive(
                    session, self.workspace_id, source="jira", delivery_id=one["id"],
                    subject=subject, event=event, body=one["body"], now=self.jira.clock.now(),
                )  # fmt: skip

    def work(self) -> None:
        """Let a worker read and write once."""
        drain_inbox(self.house)
        deliver_outbox(self.house)

    def settle(self, *, with_webhooks: bool = True) -> None:
        """Let webhooks and workers run until nothing is left to do; the clock may move on."""
        for _ in range(200):
            if with_webhooks:
                self.hand_over(*self.deliveries())
            read, written = drain_inbox(self.house), deliver_outbox(self.house)
            if not read and not written:
                if self.is_quiet():
                    return
                self.jira.clock.tick(seconds=1)
        raise AssertionError("It does not come to rest")

    def is_quiet(self) -> bool:
        """Whether all webhooks were read and all promises kept or given up."""
        waiting = "SELECT 1 FROM {} WHERE workspace_id = %s AND state = 'waiting' LIMIT 1"
        with self.transactions.begin() as session:
            connection = session.connection()
            return not any(
                connection.exec_driver_sql(waiting.format(table), (self.workspace_id,)).first()
                for table in ("inbox", "outbox")
            )

    def spend(self, story_key: str, dollars: int, at: datetime | None = None) -> None:
        """Meter a call that costs so many dollars, now unless it was earlier."""
        now = self.jira.clock.now()
        when = at or now
        event = UsageEvent(
            source="api", occurred_at=when, provider_name="openai", request_model="gpt-4o",
            event_id=f"{story_key} {when.isoformat()} {dollars}", calls=1,
            input_tokens=TOKENS_OF_A_DOLLAR * dollars, story_key=story_key, region="us-east-1",
        )  # fmt: skip
        books = self.house.books.for_workspace(self.workspace_id)
        record_usage(self.transactions, self.workspace_id, [event], books, now=now)

    def dollars(self, sprint_id: int) -> dict[str, int]:
        """Return what each story spent in a Sprint, in whole dollars; 0 is no Sprint."""
        with self.transactions.begin() as session:
            rows = (
                session.connection()
                .exec_driver_sql(
                    "SELECT story_key, sum(list_cost_nanousd) FROM ledger_entry"
                    " WHERE workspace_id = %s AND sprint_id = %s GROUP BY story_key"
                    " HAVING sum(list_cost_nanousd) <> 0",
                    (self.workspace_id, sprint_id),
                )
                .all()
            )
            rolled_up = ledger.spend_in_sprint(session, self.workspace_id, sprint_id)
        assert sum(row[1] for row in rows) == sum(row.spend.list_cost_nanousd for row in rolled_up)
        return {key: int(cost) // 1_000_000_000 for key, cost in rows}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the workspace's rows of a query with one place for its id."""
        with self.transactions.begin() as session:
            found = session.connection().exec_driver_sql(query, (self.workspace_id,)).all()
        return [tuple(row) for row in found]

    def figures(self, story_key: str) -> dict[str, Any]:
        """Return a story's fields in Jira by the names that people see."""
        path = f"{self.jira.rest}/issue/{story_key}?expand=names"
        issue = self.jira.as_ada("GET", path)
        return {issue["names"][name]: value for name, value in issue["fields"].items()}

    def close(self, sprint_id: int, to: str | int = "backlog") -> None:
        """Close a Sprint as a person does."""
        self.jira.control(f"sprints/{sprint_id}/close", moveUnfinishedTo=to)

    def move_on(self, **span: float) -> datetime:
        """Let time pass."""
        return self.jira.clock.tick(**span)


@contextmanager
def house_on(
    transactions: Transactions, workspace_id: str = "acme", *, style: str = "classic",
    **config: Any,
) -> Iterator[JiraHouse]:  # fmt: skip
    """Run a site with one project, DEMO, and a workspace that is set up on it."""
    clock = MovingClock()
    # Webhooks are handed over by the test; nobody listens at the address they are sent to.
    made = JiraConfig(webhook_retry_delay_s=3600, **config)
    with start_jira(made, clock) as server:
        world = World(server.base_url, clock, made)
        world.control("seed", project="DEMO", name="Demo", style=style)
        yield JiraHouse(world, server.app, transactions, workspace_id).connected()

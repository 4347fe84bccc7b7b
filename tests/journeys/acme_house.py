"""A whole house for one test: local Jira and Slack, the served web app, the worker's loops by hand.

People talk to Jira through the `jira` library or plain HTTP, clients to the web app over HTTP. The
worker's three loops are called one after the other until nothing is on its way; the clock moves
only when a test moves it, and two seconds with each round of the loops.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import requests
from jira import JIRA
from sqlalchemy import text

from integration.app import app_with
from integration.assembly import default_books
from integration.foundation.secrets import SecretBox
from integration.jira.applying import apply
from integration.jira.provisioning import plan
from integration.jobs.deliver_outbox import deliver_outbox
from integration.jobs.drain_inbox import drain_inbox
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.journeys.book_shelf import BookShelf
from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.seed import seed_project
from integration.sandbox.jira.server import start_jira
from integration.sandbox.server import serve
from integration.sandbox.slack.config import SlackChannel, SlackConfig, SlackUser
from integration.sandbox.slack.server import start_slack
from integration.web.service import Service
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount, SlackAccount, Team, Workspace
from tests.adapters.jira.world import MovingClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy import Engine

    from integration.foundation.database import Transactions
    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer

WORKSPACE = "acme"
CHANNEL = "C0ASSIST"
KEY_OF_TESTS = "b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="
SLACK = SlackConfig(
    bot_token="xoxb-acme", app_token="xapp-acme", signing_secret="acme-signing-secret",
    team_id="T0ACME", team_name="Acme", bot_user_id="U0STORYMETER",
    users=(SlackUser("U0ADA", "ada", "Ada Example", "ada@example.com"),),
    channels=(SlackChannel(CHANNEL, "assist", "Stand-up at 9:15"),),
)  # fmt: skip
COUNTED = ("ledger_entry", "estimate", "sprint_reconciliation")
Json = dict[str, Any]


@dataclass
class AcmeHouse:
    """Acme's workspace with everything around it running."""

    clock: MovingClock
    jira: RunningServer[Site]
    slack_url: str
    web_url: str
    service: Service
    house: House
    keys: dict[str, str]
    board_id: int
    field_ids: Mapping[str, str]
    """Jira's field id by our stable name."""
    http: requests.Session = field(default_factory=requests.Session)

    def library(self, version: str = "2") -> JIRA:
        """Sign Ada in with the `jira` library; version 2 is what it does by default."""
        options: Json = {"server": self.jira.base_url}
        if version != "2":
            options["rest_api_version"] = version
        return JIRA(
            options=options, basic_auth=("ada@example.com", "ada-token"), max_retries=0,
            timeout=(5, 20),
        )  # fmt: skip

    def settle(self) -> None:
        """Call the worker's loops until nothing is on its way."""
        courier = self.jira.app.extensions["jira-webhooks"].courier
        for _ in range(40):
            assert courier.settle(), "webhooks are still on their way"
            self.clock.tick(seconds=2)
            if not drain_inbox(self.house) + deliver_outbox(self.house):
                break
        unread = "state NOT IN ('handled', 'ignored')"
        left = self.counts(f"SELECT event || ': ' || note, 1 FROM inbox WHERE {unread}")
        kept = self.counts("SELECT kind || ': ' || note, 1 FROM outbox WHERE state <> 'delivered'")
        assert not (left | kept), f"failed or still waiting: {left | kept}"

    def deliver_again(self, *, as_new: bool) -> list[int]:
        """Send every webhook a second time, under its own or under a new delivery id."""
        courier = self.jira.app.extensions["jira-webhooks"].courier
        answers = []
        for place, delivery in enumerate(list(courier.log)):
            headers = dict(delivery.headers)
            if as_new:
                headers["X-Atlassian-Webhook-Identifier"] = f"again-{place}"
            answer = self.http.post(delivery.url, data=delivery.body, headers=headers, timeout=10)
            answers.append(answer.status_code)
        return answers

    def ask(self, method: str, path: str, scope: str, body: object = None) -> requests.Response:
        """Call the web app with the key of a scope."""
        return self.http.request(
            method, self.web_url + path, json=body, timeout=20,
            headers={"Authorization": f"Bearer {self.keys[scope]}"},
        )  # fmt: skip

    def report(self, *events: Json) -> Json:
        """Post usage; returns the answer's counts."""
        answer = self.ask("POST", "/v1/usage-events", "ingest", {"events": events})
        assert answer.status_code == 200, answer.text
        counts: Json = answer.json()
        return counts

    def figures(self, story_key: str) -> dict[str, Any]:
        """A story's custom fields in Jira, by our stable names."""
        issue = self._jira(f"/rest/api/3/issue/{story_key}")
        return {name: issue["fields"].get(known) for name, known in self.field_ids.items()}

    def description(self, story_key: str) -> str:
        """A story's description, as JSON text."""
        return str(self._jira(f"/rest/api/3/issue/{story_key}")["fields"]["description"])

    def messages(self) -> list[Json]:
        """Everything in the team's channel, threads included."""
        answer = self.http.get(
            f"{self.slack_url}/_sandbox/messages", params={"channel": CHANNEL}, timeout=10
        )
        return list(answer.json()["messages"])

    def everything(self, *story_keys: str) -> Json:
        """All that a second time of anything must leave as it is, inside and outside."""
        histories = {
            key: self._jira(f"/rest/api/3/issue/{key}?expand=changelog")["changelog"]["total"]
            for key in story_keys
        }
        return {
            "fields": {key: self.figures(key) for key in story_keys},
            "comments": {
                key: self._jira(f"/rest/api/3/issue/{key}/comment")["comments"]
                for key in story_keys
            },
            "history": histories,
            "messages": self.messages(),
            "promises": self.counts("SELECT kind || ' ' || subject, version FROM outbox"),
            "sent": self.counts("SELECT kind || ' ' || subject, delivered_version FROM outbox"),
            "rows": {
                table: self.counts(f"SELECT 'rows', count(*) FROM {table}") for table in COUNTED
            },
        }

    def counts(self, query: str) -> dict[str, int]:
        """The rows of a query with two columns."""
        with self.service.engine.connect() as connection:
            return {str(row[0]): int(row[1]) for row in connection.execute(text(query))}

    def _jira(self, path: str) -> Any:
        answer = self.http.get(
            self.jira.base_url + path, auth=("ada@example.com", "ada-token"), timeout=10
        )
        assert answer.ok, answer.text
        return answer.json()


@contextmanager
def acme_house(engine: Engine, transactions: Transactions) -> Iterator[AcmeHouse]:
    """Start everything on free ports, set the workspace up as an operator would, and stop it."""
    clock, config = MovingClock(), JiraConfig()
    box = SecretBox(KEY_OF_TESTS)
    shelf = BookShelf(transactions, default_books())
    service = Service(
        engine=engine, transactions=transactions, books=shelf, box=box, clock=clock,
        public_url="http://storymeter.example.com", max_body_bytes=1_000_000,
    )  # fmt: skip
    with ExitStack() as stack:
        jira = stack.enter_context(start_jira(config, clock))
        slack = stack.enter_context(start_slack(SLACK, clock))
        web = stack.enter_context(serve(app_with(service), None))
        project = seed_project(jira.state, "SHOP", "Web shop")
        board = next(b for b in jira.state.boards.values() if b.project_id == project.id)
        account = JiraAccount(
            WORKSPACE, jira.base_url, jira.base_url, config.email, config.token, "webhook-secret",
            project_keys=("SHOP",),
        )  # fmt: skip
        with transactions.begin() as session:
            workspaces.create(
                session, Workspace(WORKSPACE, "Acme", default_region="us-east-1"), clock.now()
            )
            workspaces.connect_jira(session, account, box)
            workspaces.connect_slack(
                session,
                SlackAccount(
                    WORKSPACE, f"{slack.base_url}/api/", SLACK.bot_token, SLACK.signing_secret,
                    SLACK.team_id, CHANNEL,
                ),
                box,
            )  # fmt: skip
            workspaces.save_team(session, Team(WORKSPACE, "assist", "Assist", board.id, CHANNEL))
            keys = {
                scope: workspaces.create_key(session, WORKSPACE, scope, [scope], clock.now())
                for scope in ("ingest", "authorize", "read", "admin")
            }
        house = House(
            transactions, shelf, Outside(transactions, box, clock), clock, service.public_url
        )
        gateway = house.outside.jira(WORKSPACE)
        url = f"{web.base_url}/webhooks/jira/{WORKSPACE}"
        done = apply(gateway, plan(gateway, projects=("SHOP",), webhook_url=url))
        known = dict(done.field_ids) | {
            "sprint": done.sprint_field_id, "story_points": done.story_points_field_id,
        }  # fmt: skip
        with transactions.begin() as session:
            account = replace(
                account, field_ids=known, account_id=gateway.myself().account_id,
                webhook_secret=done.webhook_secret,
            )  # fmt: skip
            workspaces.connect_jira(session, account, box)
        yield AcmeHouse(
            clock, jira, slack.base_url, web.base_url, service, house, keys, board.id,
            done.field_ids,
        )  # fmt: skip

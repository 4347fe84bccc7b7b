"""Acme's world: a local Jira and Slack, StoryMeter's processes and database, one clock."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

from integration.cli.demo.acme import PROJECT
from integration.cli.demo.people import Gateway, ProductOwner, SlackPeople, StepDidNotHappen
from integration.cli.run_commands import process
from integration.cli.start_up import database
from integration.foundation.clock import ShiftedClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer
    from integration.settings import Settings

WORKSPACE = "acme"
TEAM = "assistant"
CHANNEL = "C0ASSISTANT"
PRODUCT_OWNER = "U0ADA"
DEVELOPER = "U0BEN"
JIRA_TOKEN = "ada-token"
JIRA_EMAIL = "ada@example.com"


@dataclass(slots=True)
class World:
    """Everything that runs, and the people in it."""

    settings: Settings
    clock: ShiftedClock
    jira_url: str
    slack_url: str
    slack_token: str
    board_id: int
    owner: ProductOwner
    slack: SlackPeople
    gateway: Gateway

    def write_addresses(self, path: Path, sprint_id: int, next_sprint_id: int) -> None:
        """Tell other programs where this world is."""
        addresses: dict[str, Any] = {
            "jira": {
                "base_url": self.jira_url, "email": JIRA_EMAIL, "token": JIRA_TOKEN,
                "project": PROJECT, "board_id": self.board_id, "sprint_id": sprint_id,
                "next_sprint_id": next_sprint_id,
            },
            "slack": {
                "base_url": f"{self.slack_url}/api/", "web_url": self.slack_url,
                "token": self.slack_token, "channels": {"assistant-team": CHANNEL},
            },
            "storymeter": {
                "base_url": self.settings.url, "workspace": WORKSPACE, "keys": self.gateway.keys,
            },
        }  # fmt: skip
        path.write_text(json.dumps(addresses, indent=2) + "\n")


@contextmanager
def world(
    settings: Settings, *, fixed_ports: bool,
    jira_front: Callable[[str], AbstractContextManager[str]] = nullcontext,
    slack_front: Callable[[str, str], AbstractContextManager[str]] | None = None,
) -> Iterator[World]:  # fmt: skip
    """Start everything in a fresh folder and stop it again; what a demo left before is removed.

    `jira_front` may put something in front of Jira's REST API: it is given Jira's address and
    yields the one that StoryMeter and the Product Owner call. `slack_front` does so for Slack's
    Web API, given its address and the app's token, and people stay in the local Slack.
    """
    from integration.foundation.embedded_database import discard

    folder = settings.data_dir / "demo"
    discard(folder / "postgres")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    settings = settings.model_copy(
        update={
            "data_dir": folder, "clock_file": folder / "clock", "database_url": "",
            "port": _port(settings.port, fixed=fixed_ports), "log_level": "WARNING",
        }
    )  # fmt: skip
    clock = ShiftedClock(folder / "clock")
    with ExitStack() as stack:
        settings = stack.enter_context(database(settings))
        jira, board_id = local_jira(stack, clock, fixed_ports=fixed_ports)
        jira_api = stack.enter_context(jira_front(jira))
        slack, token, signing_secret = local_slack(stack, clock, fixed_ports=fixed_ports)
        slack_api = stack.enter_context(slack_front(slack, token)) if slack_front else slack
        keys = set_up(settings, (jira, jira_api), slack_api, token, signing_secret, board_id)
        stack.enter_context(process("web", settings))
        stack.enter_context(process("worker", settings))
        wait_until_ready(settings.url)
        requests.post(
            f"{slack}/_sandbox/request_url", json={"url": f"{settings.url}/slack/events",
            "verify": False}, timeout=10,
        )  # fmt: skip
        yield World(
            settings, clock, jira, slack, token, board_id,
            ProductOwner(jira_api, JIRA_EMAIL, JIRA_TOKEN), SlackPeople(slack, CHANNEL),
            Gateway(settings.url, keys),
        )  # fmt: skip


def _port(wanted: int, *, fixed: bool) -> int:
    """The wanted port where it is free and asked for; else any free one."""
    for port in (wanted, 0) if fixed else (0,):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StepDidNotHappen("There is no free port")


def local_jira(
    stack: ExitStack, clock: ShiftedClock, *, fixed_ports: bool, host: str = "127.0.0.1"
) -> tuple[str, int]:
    """Start a Jira with Acme's project; returns its address and the board's id."""
    from integration.sandbox.jira.config import JiraConfig
    from integration.sandbox.jira.seed import seed_project
    from integration.sandbox.jira.server import start_jira

    running: RunningServer[Site] = stack.enter_context(
        start_jira(JiraConfig(), clock, host, _port(8081, fixed=fixed_ports))
    )
    with running.state.lock:
        project = seed_project(running.state, PROJECT, "Acme Assistant")
        board = next(b for b in running.state.boards.values() if b.project_id == project.id)
    return running.base_url, board.id


def local_slack(
    stack: ExitStack, clock: ShiftedClock, *, fixed_ports: bool, host: str = "127.0.0.1"
) -> tuple[str, str, str]:
    """Start a Slack with Acme's channel; returns its address, bot token and signing secret."""
    from integration.sandbox.slack.config import SlackChannel, SlackConfig, SlackUser
    from integration.sandbox.slack.server import start_slack

    token, signing_secret = f"xoxb-{secrets.token_hex(12)}", secrets.token_hex(16)
    config = SlackConfig(
        bot_token=token, app_token="xapp-demo", signing_secret=signing_secret,
        team_id="T0ACME", team_name="Acme", bot_user_id="U0STORYMETER",
        users=(
            SlackUser(PRODUCT_OWNER, "ada", "Ada Example", JIRA_EMAIL),
            SlackUser(DEVELOPER, "ben", "Ben Example", "ben@example.com"),
        ),
        channels=(SlackChannel(CHANNEL, "assistant-team", "Acme Assistant, stand-up at 9:15"),),
        link_domains=("127.0.0.1",),
    )  # fmt: skip
    running = stack.enter_context(start_slack(config, clock, host, _port(8082, fixed=fixed_ports)))
    return running.base_url, token, signing_secret


def set_up(
    settings: Settings,
    jira: tuple[str, str],
    slack: str,
    token: str,
    signing_secret: str,
    board_id: int,
) -> dict[str, str]:
    """What an operator types once: workspace, connections, provisioning, team, keys."""
    from datetime import time

    from integration.assembly import secret_box
    from integration.foundation.database import connect, transactions_on
    from integration.sandbox.jira.config import JiraConfig
    from integration.workspaces import store
    from integration.workspaces.workspace import JiraAccount, SlackAccount, Team, Workspace

    box, now = secret_box(settings), ShiftedClock(settings.data_dir / "clock").now()
    account = JiraConfig()
    engine = connect(settings.database_url)
    with transactions_on(engine).begin() as session:
        store.create(session, Workspace(WORKSPACE, "Acme", "UTC", "us-east-1"), now)
        store.connect_jira(
            session,
            JiraAccount(
                WORKSPACE, *jira, account.email, account.token, project_keys=(PROJECT,),
                webhook_secret=secrets.token_urlsafe(32), account_id=account.account_id,
            ),
            box,
        )  # fmt: skip
        connected = SlackAccount(
            WORKSPACE, f"{slack}/api/", token, signing_secret, "T0ACME", CHANNEL
        )
        store.connect_slack(session, connected, box)
        team = Team(
            WORKSPACE, TEAM, "Assistant team", board_id, CHANNEL, "UTC", time(9, 15),
            workdays=(1, 2, 3, 4, 5, 6, 7), product_owner="Ada Example",
        )  # fmt: skip
        store.save_team(session, team)
        keys = {
            scope: store.create_key(session, WORKSPACE, f"demo {scope}", [scope], now)
            for scope in ("ingest", "authorize", "read", "admin")
        }
    engine.dispose()
    _provision(settings)
    return keys


def _provision(settings: Settings) -> None:
    """What `storymeter jira provision --apply` does."""
    from integration.cli.jira_commands import remember
    from integration.jira.applying import apply
    from integration.jira.provisioning import plan
    from integration.worker import house_from

    gateway = house_from(settings).outside.jira(WORKSPACE)
    found = plan(
        gateway, projects=(PROJECT,), webhook_url=f"{settings.url}/webhooks/jira/{WORKSPACE}"
    )
    remember(settings, WORKSPACE, gateway, apply(gateway, found))


def wait_until_ready(url: str) -> None:
    """Wait for the service to answer that it is ready."""
    import time

    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{url}/readyz", timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            pass
        time.sleep(0.1)
    raise StepDidNotHappen(f"{url} did not get ready")

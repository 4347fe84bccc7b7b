"""Acme's StoryMeter with a local Jira and Slack, and the gateways before a provider on loopback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from benchmarks.faults.processes import KeptProcess, ours
from benchmarks.processes import free_port
from integration.cli.demo.people import Gateway, ProductOwner, SlackPeople, StepDidNotHappen
from integration.cli.demo.world import (
    CHANNEL,
    JIRA_EMAIL,
    JIRA_TOKEN,
    WORKSPACE,
    local_jira,
    local_slack,
    set_up,
    wait_until_ready,
)
from integration.foundation.clock import ShiftedClock
from integration.foundation.database import connect
from integration.foundation.embedded_database import running
from integration.foundation.migration import upgrade
from integration.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.fake_upstream import FairUpstream

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "connect"
PATIENCE_S = 60
NANOUSD = {"gpt-4o": (2_500, 10_000), "gpt-4o-mini": (150, 600)}
"""List prices of a token read and a token written, typed in from OpenAI's page."""
PURPOSES = ("loop", "open", "nginx", "agent", "fallback", "cancel", "speed", "guardrail")
Found = TypeVar("Found")
Json = dict[str, Any]


@dataclass(slots=True)
class Stage:
    """What runs, and the people in it."""

    settings: Settings
    web: KeptProcess
    slack: SlackPeople
    storymeter: Gateway
    upstream: FairUpstream
    key: str
    """For gateways: the scopes `authorize` and `ingest`."""
    stories: dict[str, str] = field(default_factory=dict)
    """Story key by what it is for."""

    def cap(self, purpose: str, limit_usd: str, **settings: Any) -> None:
        """Set a cap on the story of a purpose."""
        body = {
            "id": purpose, "scope": {"kind": "story", "value": self.stories[purpose]},
            "unit": "usd", "limit": limit_usd, "mode": "block", **settings,
        }  # fmt: skip
        self.storymeter.ask("POST", "/v1/caps", "admin", body).raise_for_status()

    def stands(self, purpose: str) -> Json:
        """A cap as it stands, spent and held in nano-USD."""
        found: Json = self.storymeter.ask("GET", f"/v1/caps/{purpose}", "read").json()
        return found | {
            name: round(float(found[name]) * 10**9) for name in ("limit", "spent", "held")
        }

    def settled(self, purpose: str) -> int:
        """Wait until nothing is held under a cap; what is spent in nano-USD."""
        until(f"nothing is held under {purpose}", lambda: not self.stands(purpose)["held"])
        return int(self.stands(purpose)["spent"])

    def billed(self, purpose: str) -> int:
        """What the provider would bill for a story, from its own log, in nano-USD."""
        return sum(
            call.input_tokens * NANOUSD[call.model][0] + call.output_tokens * NANOUSD[call.model][1]
            for call in self.upstream.answered
            if call.story_key == self.stories[purpose]
        )


def until(what: str, look: Callable[[], Found | None], patience_s: float = PATIENCE_S) -> Found:
    """Look again and again until there is something to see; raises StepDidNotHappen."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.1)
    raise StepDidNotHappen(f"This did not happen: {what}")


def example(page: str) -> str:
    """The first configuration on a page of docs/connect."""
    found = re.search(r"```yaml\n(.*?)```", (PAGES / page).read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@contextmanager
def stage(folder: Path, upstream: FairUpstream) -> Iterator[Stage]:
    """Start StoryMeter with its Jira and Slack, and a Sprint of stories that has begun."""
    clock = ShiftedClock(folder / "clock")
    with ExitStack() as stack:
        # Not through the environment: LiteLLM would take a DATABASE_URL there for its own.
        url = stack.enter_context(running(folder / "postgres"))
        engine = connect(url)
        upgrade(engine)
        engine.dispose()
        settings = Settings(
            database_url=url, data_dir=folder, port=free_port(), log_level="WARNING"
        )
        jira, board_id = local_jira(stack, clock, fixed_ports=False)
        slack, token, secret = local_slack(stack, clock, fixed_ports=False)
        keys = set_up(settings, (jira, jira), slack, token, secret, board_id)
        processes = [ours(name, settings, folder / f"{name}.log") for name in ("web", "worker")]
        for each in processes:
            stack.callback(each.stop)
        wait_until_ready(settings.url)
        requests.post(
            f"{slack}/_sandbox/request_url", timeout=10,
            json={"url": f"{settings.url}/slack/events", "verify": False},
        )  # fmt: skip
        found = Stage(
            settings, processes[0], SlackPeople(slack, CHANNEL), Gateway(settings.url, keys),
            upstream, _gateway_key(settings),
        )  # fmt: skip
        _plan(found, ProductOwner(jira, JIRA_EMAIL, JIRA_TOKEN), board_id)
        yield found


def _gateway_key(settings: Settings) -> str:
    """What docs/connect/litellm.md tells an operator to type."""
    command = [sys.executable, "-m", "integration.cli", "keys", "create", WORKSPACE]
    scopes = ["--name", "gateways", "--scope", "authorize", "--scope", "ingest"]
    said = subprocess.run(
        [*command, *scopes], env=os.environ | settings.as_environment(), cwd=ROOT,
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    found = re.search(r"smk_\S+", said)
    assert found is not None, said
    return found[0]


def _plan(here: Stage, owner: ProductOwner, board_id: int) -> None:
    for purpose in PURPOSES:
        here.stories[purpose] = owner.write_story(f"Try {purpose}", ["ai"], None)
    sprint_id = owner.new_sprint(board_id, "Gateways Sprint 1")
    owner.plan(sprint_id, list(here.stories.values()))
    start = datetime.now(UTC) - timedelta(days=1)
    owner.start_sprint(sprint_id, start.isoformat(), (start + timedelta(days=14)).isoformat())

    def all_known() -> bool:
        asked = (
            here.storymeter.ask("GET", f"/v1/stories/{key}", "read")
            for key in here.stories.values()
        )
        return all(answer.status_code == 200 for answer in asked)

    until("StoryMeter knows the stories", all_known)
    path = f"/v1/sprints/{sprint_id}"
    until(
        "StoryMeter knows that the Sprint runs",
        lambda: here.storymeter.ask("GET", path, "read").status_code == 200,
    )

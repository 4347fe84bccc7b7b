"""A local Slack for each test, its client and its controls."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

import pytest
from slack_sdk import WebClient

from integration.sandbox.server import serve
from integration.sandbox.slack.server import start_slack
from tests.sandbox.slack.world import CONFIG, Control, MovingClock, Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.sandbox.server import RunningServer
    from integration.sandbox.slack.workspace import Workspace


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture(scope="session")
def stopping() -> Iterator[list[Thread]]:
    """Servers stop while the next test runs: each takes half a second to notice."""
    threads: list[Thread] = []
    yield threads
    for thread in threads:
        thread.join()


@pytest.fixture
def slack(clock: MovingClock, stopping: list[Thread]) -> Iterator[RunningServer[Workspace]]:
    running = start_slack(CONFIG, clock)
    yield running
    stopping.append(Thread(target=running.stop))
    stopping[-1].start()


@pytest.fixture
def client(slack: RunningServer[Workspace]) -> WebClient:
    return WebClient(CONFIG.bot_token, base_url=f"{slack.base_url}/api/")


@pytest.fixture
def control(slack: RunningServer[Workspace]) -> Control:
    return Control(slack.base_url, slack.state)


@pytest.fixture
def receiver(control: Control, stopping: list[Thread]) -> Iterator[Receiver]:
    app = Receiver()
    running = serve(app.app(), None)
    control.post("request_url", url=f"{running.base_url}/slack/events", verify=False)
    yield app
    stopping.append(Thread(target=running.stop))
    stopping[-1].start()

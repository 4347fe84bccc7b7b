"""A running local Jira with one project and its board, and a clock that tests move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.seed import seed_project
from integration.sandbox.jira.server import start_jira
from tests.sandbox.jira.steps import MovingClock, Rest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def config() -> JiraConfig:
    return JiraConfig(webhook_retry_delay_s=0.02)


@pytest.fixture
def server(config: JiraConfig, clock: MovingClock) -> Iterator[RunningServer[Site]]:
    with start_jira(config, clock) as running:
        seed_project(running.state, "SHOP", "Web shop")
        yield running


@pytest.fixture
def rest(server: RunningServer[Site], config: JiraConfig) -> Rest:
    return Rest(server.base_url, (config.email, config.token))

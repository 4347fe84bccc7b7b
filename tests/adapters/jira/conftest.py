from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.server import start_jira
from tests.adapters.jira.world import MovingClock, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.jira.gateway import JiraGateway


def world_of(config: JiraConfig) -> Iterator[World]:
    """Start a site with one project, DEMO."""
    clock = MovingClock()
    with start_jira(config, clock) as server:
        world = World(server.base_url, clock, config)
        world.control("seed", project="DEMO", name="Demo")
        yield world


@pytest.fixture
def world() -> Iterator[World]:
    """A Cloud site on which our account is an administrator."""
    yield from world_of(JiraConfig())


@pytest.fixture
def modest_world() -> Iterator[World]:
    """A Cloud site on which our account has no administrator's rights."""
    yield from world_of(JiraConfig(admin=False))


@pytest.fixture
def data_center() -> Iterator[World]:
    """A Data Center site."""
    yield from world_of(JiraConfig(deployment="Server"))


@pytest.fixture
def gateway(world: World) -> Iterator[JiraGateway]:
    """Our gateway to the Cloud site."""
    with world.gateway() as made:
        yield made

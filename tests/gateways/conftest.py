"""Gateways before the running web app: story SHOP-1 in the running Sprint 14."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.doors.conftest import app, client, service, world

if TYPE_CHECKING:
    from tests.doors.worlds import World

__all__ = ["app", "client", "service", "world"]


@pytest.fixture
def stage(world: World) -> World:
    """The workspace with its Sprint and one story in it."""
    world.sprint()
    world.story(1, "Answer in chat")
    return world

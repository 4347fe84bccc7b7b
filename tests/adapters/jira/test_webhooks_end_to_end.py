"""Webhooks as the local Jira sends them: signed, read, and our own echo recognised."""

from __future__ import annotations

import json
import queue
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest

from integration.foundation.errors import Unauthenticated
from integration.jira.applying import apply
from integration.jira.payloads import (
    Event,
    Ignored,
    SprintChanged,
    StoryChanged,
    StoryDeleted,
    read_event,
)
from integration.jira.provisioning import plan
from integration.jira.signature import check_hmac
from tests.small_server import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.jira.plan import Provisioned
    from tests.adapters.jira.world import World

Delivery = tuple[str | None, bytes]


@contextmanager
def receiver() -> Iterator[tuple[str, queue.Queue[Delivery]]]:
    """Yield the address of a door and what came through it."""
    came: queue.Queue[Delivery] = queue.Queue()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.put((self.headers.get("X-Hub-Signature"), body))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with answering(Door) as address:
        yield f"{address}/webhooks/jira/acme", came


def next_event(world: World, done: Provisioned, came: queue.Queue[Delivery]) -> Event:
    signature, body = came.get(timeout=10)
    check_hmac(done.webhook_secret, body, signature)
    with pytest.raises(Unauthenticated):
        check_hmac(done.webhook_secret, body + b" ", signature)
    payload: dict[str, Any] = json.loads(body)
    ours = done.field_ids.values()
    return read_event(payload, account_id=world.config.account_id, field_ids=set(ours))


def test_each_change_arrives_signed_and_is_understood(world: World) -> None:
    with receiver() as (url, came), world.gateway() as gateway:
        done = apply(gateway, plan(gateway, projects=["DEMO"], webhook_url=url))

        key = world.story()
        created = next_event(world, done, came)
        assert isinstance(created, StoryChanged)
        assert (created.key, created.at) == (key, world.clock.now())

        gateway.write_story(key, {done.field_ids["actual_tokens"]: 7}, {"tokens": "7"})
        assert next_event(world, done, came) == Ignored("an echo of our own write")

        gateway.write_story(key, {"summary": "Written by a person with our token"})
        assert next_event(world, done, came) == created

        sprint = world.sprint()
        changed = next_event(world, done, came)
        assert isinstance(changed, SprintChanged)
        assert (changed.sprint_id, changed.event) == (sprint, "sprint_created")

        world.as_ada("DELETE", f"/rest/api/3/issue/{key}")
        deleted = next_event(world, done, came)
        assert deleted == StoryDeleted(created.issue_id, key, world.clock.now())

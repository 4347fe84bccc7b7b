"""The door in front of the caps: two web processes, and 64 clients with a connection each.

Behind it stands the product's authorizer, or one atomic UPDATE for each call; all else is the same.
One thread sends what was rendered beforehand, so that the load takes little of the cores.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from threading import local
from typing import TYPE_CHECKING

import psycopg

from benchmarks import http_load, processes
from benchmarks.caps_load import (
    CLIENTS,
    COST,
    FITTING,
    SMALL,
    TOKENS,
    Result,
    atomic_call,
    story_of,
    summed,
)
from integration.app import app_with, tune
from integration.assembly import default_books
from integration.caps.policy import Amounts, Denied, Granted
from integration.foundation.clock import SystemClock
from integration.foundation.database import connect, transactions_on
from integration.foundation.secrets import SecretBox
from integration.journeys.authorize_call import Answer
from integration.journeys.book_shelf import BookShelf
from integration.web.service import Service
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask

    from integration.caps.request import AuthorizationRequest

KEYS = 16
"""API keys in use; one alone may not ask so often."""
WARM_UP_S = 1.0
AT_MOST_PER_S = 6000
FILLED_WITHIN_S = 30.0


class AtomicAuthorizer:
    """Stands in for the product's authorizer behind the same door: one atomic UPDATE per call."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._of_thread = local()

    def authorize(self, _: str, asked: AuthorizationRequest) -> Answer:
        """Hold the call's cost on the hot cap."""
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = psycopg.connect(self._url, autocommit=True, prepare_threshold=1)
            self._of_thread.connection = connection
        cap_id = "small" if asked.story_key == story_of(SMALL) else "hot"
        is_granted = atomic_call(connection, asked.authorization_id, cap_id)
        decision: Granted | Denied = (
            Granted({"hot": COST}) if is_granted
            else Denied("hot", "cap_reached", 0, 0, 0, COST, "usd")
        )  # fmt: skip
        state = "held" if is_granted else "denied"
        amounts = Amounts(COST, TOKENS, None)
        return Answer(asked.authorization_id, decision, amounts, state, datetime.now(UTC))

    def stop(self) -> None:
        """Nothing runs here."""


def journey() -> Flask:
    """The web app of the product."""
    return app_with(service())


def atomic_update() -> Flask:
    """The same app with the atomic UPDATE in the place of its authorizer."""
    made = service()
    object.__setattr__(made, "authorizer", AtomicAuthorizer(os.environ["DATABASE_URL"]))
    return app_with(made)


def service() -> Service:
    """What the doors work with."""
    tune()
    url = os.environ["DATABASE_URL"]
    engine = connect(url, pool_size=32)
    transactions = transactions_on(engine)
    return Service(
        engine=engine, transactions=transactions, books=BookShelf(transactions, default_books()),
        box=SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="), clock=SystemClock(),
        public_url="http://localhost", max_body_bytes=10**6,
    )  # fmt: skip


def run(url: str, design: str, keys: list[str], seconds: float, server: int) -> Result:
    """Ask for calls under the hot cap for a while, then under the small one until it is full."""
    app = f"benchmarks.caps_doors:{design.replace(' ', '_').lower()}"
    with processes.web(url, app=app, threads=32) as (port, web):
        many = int(seconds * AT_MOST_PER_S)
        http_load.run(port, requests(keys, "warm", 0, many), CLIENTS, WARM_UP_S)
        asking = requests(keys, "hot", 0, many)
        before = [processes.cpu_seconds(each) for each in (web.pid, server)]
        load = http_load.run(port, asking, CLIENTS, seconds)
        after = [processes.cpu_seconds(each) for each in (web.pid, server)]
        filling = requests(keys, "small", SMALL, FITTING + CLIENTS)
        small = http_load.run(port, filling, CLIENTS, FILLED_WITHIN_S)
    assert set(load.answered) == {201}, load.answered
    assert small.answered.get(201) == FITTING, small.answered
    used = [end - start for start, end in zip(before, after, strict=True)]
    return summed(load.latencies, load.seconds, *used)


def requests(keys: list[str], prefix: str, story: int, count: int) -> Iterator[bytes]:
    """Render requests, all before the first one is taken."""

    def rendered(number: int) -> bytes:
        body = {
            "id": f"{prefix}-{number}", "model": "gpt-4o", "provider_name": "openai",
            "input_tokens": 0, "max_output_tokens": TOKENS, "story_key": story_of(story),
        }  # fmt: skip
        key = keys[number % len(keys)]
        return http_load.request_bytes("/v1/authorizations", key, json.dumps(body).encode())

    return iter([rendered(number) for number in range(count)])


def new_keys(url: str) -> list[str]:
    """API keys that may authorize."""
    engine = connect(url)
    with transactions_on(engine).begin() as session:
        keys = [
            workspaces.create_key(session, "acme", f"bench {n}", ["authorize"], datetime.now(UTC))
            for n in range(KEYS)
        ]
    engine.dispose()
    return keys

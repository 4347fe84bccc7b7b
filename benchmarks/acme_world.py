"""A fictional workspace to measure on: a Sprint of stories, a cap, a key, and endless usage."""

from __future__ import annotations

import json
import random
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from integration.assembly import default_books
from integration.backlog.story import Membership, Sprint, Story
from integration.caps.policy import Cap
from integration.foundation.database import connect, transactions_on
from integration.foundation.migration import upgrade
from integration.journeys.keep_backlog import take_in_sprint, take_in_story
from integration.journeys.keep_partitions import keep_partitions
from integration.journeys.set_cap import set_cap
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

WORKSPACE = "acme"
STORIES = 40
MODELS = (
    ("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5"),
    ("google", "gemini-2.5-flash"),
)  # fmt: skip
NANOUSD_OF_A_MILLION = 10**15


def found(url: str) -> tuple[Engine, str]:
    """Make the tables and the workspace; returns the engine and an API key."""
    engine = connect(url)
    upgrade(engine)
    transactions = transactions_on(engine)
    now = datetime.now(UTC)
    start = now - timedelta(days=5)
    with transactions.begin() as session:
        workspaces.create(session, Workspace(WORKSPACE, "Acme", "UTC", "eu-west-1"), start)
        key = workspaces.create_key(session, WORKSPACE, "bench", ["ingest", "read"], start)
    keep_partitions(transactions, now=now)
    sprint = Sprint(1, 7, "Acme Sprint 1", "active", "", start, now + timedelta(days=9))
    take_in_sprint(transactions, WORKSPACE, sprint, now=now)
    for number in range(1, STORIES + 1):
        story = Story(
            issue_id=str(number), story_key=f"SHOP-{number}", project_key="SHOP",
            summary="A story", issue_type="Story", status="In Progress",
            status_category="indeterminate", updated_at=start, created_at=start,
            memberships=(Membership(1, start),),
        )  # fmt: skip
        take_in_story(
            transactions, WORKSPACE, story, default_books(), rows=None, has_section=True, now=now
        )
    cap = Cap(WORKSPACE, "sprint-1", "sprint", "1", "usd", NANOUSD_OF_A_MILLION, "observe")
    set_cap(transactions, cap, actor="cli", now=now)
    return engine, key


def events(seed: int = 1, sender: int = 25) -> Iterator[dict[str, Any]]:
    """Make usage as clients send it: a provider's response id, a story, tokens, a team.

    `sender` events in a row come from one service, which works on four stories with two models.
    """
    chance = random.Random(seed)
    run = f"{seed:x}-{datetime.now(UTC).timestamp():.0f}"
    stories, models = list(range(1, 5)), list(MODELS[:2])
    for number in count():
        if number % sender == 0:
            stories = chance.sample(range(1, STORIES + 1), 4)
            models = chance.sample(MODELS, 2)
        provider, model = chance.choice(models)
        given = chance.randint(200, 8000)
        yield {
            "occurred_at": (
                datetime.now(UTC) - timedelta(seconds=chance.randint(0, 3600))
            ).isoformat(),
            "provider_name": provider,
            "request_model": model,
            "response_id": f"chatcmpl-{run}-{number:09d}",
            "story_key": f"SHOP-{chance.choice(stories)}",
            "team": "assist",
            "feature": "chat",
            "input_tokens": given,
            "cache_read_input_tokens": given // 2,
            "output_tokens": chance.randint(20, 900),
            "region": "eu-west-1",
        }


def bodies(size: int, seed: int) -> Iterator[bytes]:
    """Render bodies of so many events each, every one from one sender."""
    stream = events(seed, sender=size)
    while True:
        yield json.dumps({"events": [next(stream) for _ in range(size)]}).encode()


@contextmanager
def disposed(engine: Engine) -> Iterator[Engine]:
    """Close the engine's connections at the end of the block."""
    try:
        yield engine
    finally:
        engine.dispose()

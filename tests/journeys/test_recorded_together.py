"""Calls that come in one batch stand in the book as if each had come alone.

What a batch's calls have in common is worked out once for all of them; a day that ends, a story
that moves and a rule that begins in the midst of them must not be overlooked.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from integration.assembly import default_books
from integration.backlog.story import Membership
from integration.caps.policy import Cap
from integration.journeys.keep_backlog import take_in_sprint, take_in_story
from integration.journeys.record_usage import record_usage
from integration.journeys.set_cap import set_cap
from integration.metering import store as metering
from integration.metering.attribution import AttributionRule
from integration.metering.usage import UsageEvent
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.journeys.ledger_recount import disagreements
from tests.journeys.test_record_usage import sprint, story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.foundation.database import Transactions

NIGHT = datetime(2026, 11, 21, tzinfo=UTC)
BOOKS = default_books()
TOGETHER, ALONE = "acme", "umbrella"


def found_workspace(transactions: Transactions, workspace_id: str) -> None:
    """SHOP-1 moves to another Sprint, a rule begins, a cap's period ends: all within the hours."""
    start = NIGHT - timedelta(days=9)
    with transactions.begin() as session:
        workspaces.create(session, Workspace(workspace_id, "Acme", "UTC", "eu-west-1"), start)
        rule = AttributionRule(
            "feature", "search", "SHOP-9", NIGHT + timedelta(minutes=7), None, "s"
        )
        metering.add_rule(session, workspace_id, rule, by="test", now=start)
    for number in (14, 15):
        take_in_sprint(transactions, workspace_id, sprint(sprint_id=number), now=start)
    moved = NIGHT - timedelta(minutes=11)
    memberships = (Membership(14, start, moved), Membership(15, moved))
    take_in_story(
        transactions, workspace_id, story(1, memberships=memberships), BOOKS, rows=None,
        has_section=True, now=start,
    )  # fmt: skip
    cap = Cap(
        workspace_id, "until-night", "workspace", workspace_id, "usd", 10**15, "observe",
        period_start=start, period_end=NIGHT,
    )  # fmt: skip
    set_cap(transactions, cap, actor="cli:test", now=start)


def usage(seed: int, size: int) -> list[UsageEvent]:
    """Calls of one hour around midnight, of many kinds."""
    chance = Random(seed)
    return [one(number, chance) for number in range(size)]


def one(number: int, chance: Random) -> UsageEvent:
    some: dict[str, Sequence[Any]] = {
        "source": ("api", "litellm"), "provider_name": ("openai", "anthropic", "deepseek"),
        "request_model": ("gpt-4o", "claude-sonnet-4-5", "deepseek-chat", "nobody-knows-it"),
        "service_tier": ("standard", "batch"), "story_key": ("", "SHOP-1", "NOPE-7"),
        "feature": ("", "search"), "region": ("", "us-east-1", "nowhere"), "calls": (1, 1, 3),
        "outcome": ("completed",) * 5 + ("failed", "cache_hit"), "energy_wh": (None,) * 5 + (2.5,),
        "source_cost_usd": ("", "", "0.25", "much"), "branch": ("", "SHOP-1-fix"),
        "cache_write_1h_input_tokens": (0, 7), "user": ("", "ada"),
    }  # fmt: skip
    values = {name: chance.choice(choices) for name, choices in some.items()}
    if chance.random() < 0.1:
        values |= {"accelerator": "H100", "gpu_count": 2, "gpu_hours": chance.random()}
    return UsageEvent(
        **values, response_id=f"r{number}", input_tokens=chance.randint(100, 300_000),
        output_tokens=chance.randint(0, 900), cache_read_input_tokens=chance.randint(0, 50),
        cache_write_input_tokens=chance.randint(7, 50),
        occurred_at=NIGHT + timedelta(seconds=chance.randint(-1800, 1800)),
    )  # fmt: skip


def book_of(transactions: Transactions, workspace_id: str) -> list[dict[str, Any]]:
    """What is written of each call, but for its id."""
    with transactions.begin() as session:
        rows = session.execute(
            text(
                "SELECT * FROM ledger_entry WHERE workspace_id = :it "
                "ORDER BY attributes ->> 'response_id'"
            ),
            {"it": workspace_id},
        ).mappings()
        return [
            {name: value for name, value in row.items() if name not in {"workspace_id", "entry_id"}}
            for row in rows
        ]


def spent(transactions: Transactions, workspace_id: str) -> int:
    with transactions.begin() as session:
        found = session.execute(
            text("SELECT sum(spent) FROM cap_spend WHERE workspace_id = :it"), {"it": workspace_id}
        )
        return int(found.scalar_one())


def test_a_batch_stands_as_if_each_call_had_come_alone(transactions: Transactions) -> None:
    events = usage(seed=4, size=150)
    now = NIGHT + timedelta(hours=1)
    for workspace_id in (TOGETHER, ALONE):
        found_workspace(transactions, workspace_id)
    assert record_usage(transactions, TOGETHER, events, BOOKS, now=now) == ["accepted"] * 150
    for event in events:
        assert record_usage(transactions, ALONE, [event], BOOKS, now=now) == ["accepted"]
    together = book_of(transactions, TOGETHER)
    assert together == book_of(transactions, ALONE)
    assert spent(transactions, TOGETHER) == spent(transactions, ALONE) > 0
    assert disagreements(transactions) == []
    seen = {(row["occurred_on"], row["sprint_id"], row["attribution"]) for row in together}
    days, sprints, reasons = (set(part) for part in zip(*seen, strict=True))
    assert (len(days), sprints) == (2, {0, 14, 15})
    assert {"tag", "rule:s", "branch", "none"} <= reasons

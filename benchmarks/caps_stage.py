"""What the calls are asked under: a workspace with stories, caps on them, and a recount."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from benchmarks.caps_load import COST, FITTING, SMALL, cap_of, story_of
from integration.assembly import default_books
from integration.backlog.story import Membership, Sprint, Story
from integration.caps.policy import Cap
from integration.foundation.database import connect, transactions_on
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace

START = datetime.now(UTC) - timedelta(days=1)


def build(url: str) -> None:
    """A workspace with a Sprint, a hundred and one stories, a hot cap and a cap on each story."""
    from integration.foundation.migration import upgrade
    from integration.journeys.keep_backlog import take_in_sprint, take_in_story

    engine = connect(url)
    upgrade(engine)
    transactions = transactions_on(engine)
    books = default_books()
    now = datetime.now(UTC)
    with transactions.begin() as session:
        workspaces.create(session, Workspace("acme", "Acme", "UTC", "eu-west-1"), START)
    for sprint_id in (14, 15):
        sprint = Sprint(sprint_id, 7, "Sprint", "active", "", START, START + timedelta(days=14))
        take_in_sprint(transactions, "acme", sprint, now=now)
    for number in range(SMALL + 1):
        sprint_id = 15 if number == SMALL else 14
        story = Story(
            str(number + 1000), story_of(number), "SHOP", "Story", "Story",
            "To do", "new", now, START, memberships=(Membership(sprint_id, START),),
        )  # fmt: skip
        take_in_story(transactions, "acme", story, books, rows=None, has_section=False, now=now)
    engine.dispose()


def caps(url: str, limit: int, stories: int = 1) -> None:
    """Set the caps anew and forget all holds. The small one lets FITTING and a half calls in."""
    from integration.journeys.set_cap import set_cap

    engine = connect(url)
    with engine.begin() as connection:
        for table in ('"authorization"', "hold", "cap", "cap_denial", "cap_spend"):
            connection.execute(text(f"TRUNCATE {table}"))
    transactions = transactions_on(engine)
    hot = Cap("acme", "hot", "sprint", "14", "usd", limit)
    wanted = [hot] if stories == 1 else [
        replace(hot, cap_id=cap_of(n), scope_kind="story", scope_value=story_of(n))
        for n in range(1, stories + 1)
    ]  # fmt: skip
    small = replace(hot, cap_id="small", scope_value="15", limit=FITTING * COST + COST // 2)
    for cap in (*wanted, small):
        set_cap(transactions, cap, actor="bench", now=datetime.now(UTC))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    engine.dispose()


def overspend(url: str) -> int:
    """By how much the open holds exceed the limits, recounted; `held` must agree with them."""
    engine = connect(url)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT cap_id, limit_amount, held, (SELECT coalesce(sum(amount), 0) FROM hold h "
                "WHERE h.cap_id = cap.cap_id AND h.is_open) FROM cap"
            )
        ).all()
    engine.dispose()
    assert all(held == recounted for _, _, held, recounted in rows), rows
    # The small cap was asked until it was full: not one call less than fit.
    assert any(cap_id == "small" and held == FITTING * COST for cap_id, _, held, _ in rows), rows
    return int(sum(max(0, recounted - limit) for _, limit, _, recounted in rows))

"""What a workspace takes with it, what is erased, and what is forgotten after its time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from integration.foundation.errors import InvalidInput
from integration.journeys.change_settings import change_workspace
from integration.journeys.forget_usage import forget_usage
from integration.journeys.leave import erase_workspace, export_workspace, forget_person
from integration.journeys.record_usage import record_usage
from integration.metering.usage import UsageEvent, pseudonym
from integration.people import store as people
from integration.workspaces import store as workspaces
from integration.workspaces.changes import WorkspaceChange
from integration.workspaces.workspace import Workspace
from tests.journeys.ledger_recount import totals
from tests.journeys.stage import ACME, NOON, Stage, stage_on

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from integration.foundation.database import Transactions

OTHER = "umbrella"


@pytest.fixture
def stage(transactions: Transactions) -> Stage:
    made = stage_on(transactions)
    with transactions.begin() as session:
        workspaces.create(session, Workspace(OTHER, "Umbrella"), NOON)
    return made


def use(stage: Stage, at: datetime, workspace_id: str = ACME, user: str = "") -> None:
    event = UsageEvent(
        source="api", occurred_at=at, provider_name="openai", request_model="gpt-4o",
        output_tokens=10, event_id=f"{workspace_id} {at} {user}", story_key="SHOP-1", user=user,
    )  # fmt: skip
    assert record_usage(stage.transactions, workspace_id, [event], stage.books, now=NOON) == [
        "accepted"
    ]


def keep(stage: Stage, days: int | None, workspace_id: str = ACME) -> None:
    change = WorkspaceChange(usage_kept_days=days)
    change_workspace(stage.transactions, workspace_id, change, actor="test", now=NOON)


def entries(stage: Stage) -> dict[str, int]:
    with stage.transactions.begin() as session:
        rows = session.execute(
            text("SELECT workspace_id, count(*) FROM ledger_entry GROUP BY 1 ORDER BY 1")
        )
        return {row[0]: row[1] for row in rows}


def test_calls_older_than_they_are_kept_go_and_their_sums_stay(stage: Stage) -> None:
    for days in (0, 60, 61, 200):
        use(stage, NOON - timedelta(days=days))
    use(stage, NOON - timedelta(days=200), OTHER)
    keep(stage, 60)
    assert forget_usage(stage.transactions, now=NOON) == 2
    assert entries(stage) == {ACME: 2, OTHER: 1}
    assert forget_usage(stage.transactions, now=NOON) == 0
    with stage.transactions.begin() as session:
        kept = session.execute(
            text("SELECT sum(calls)::int FROM day_spend WHERE workspace_id = 'acme'")
        ).scalar_one()
    assert kept == 4


def test_a_day_that_nobody_keeps_is_dropped_as_a_whole(stage: Stage) -> None:
    day = NOON - timedelta(days=100)
    for workspace_id in (ACME, OTHER):
        use(stage, day, workspace_id)
        keep(stage, 60, workspace_id)
    forget_usage(stage.transactions, now=NOON)
    assert entries(stage) == {}
    with stage.transactions.begin() as session:
        name = f"ledger_entry_{day:%Y%m%d}"
        assert session.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar() is None


def test_nothing_is_forgotten_where_nobody_asked(stage: Stage) -> None:
    use(stage, NOON - timedelta(days=900))
    assert forget_usage(stage.transactions, now=NOON) == 0
    assert entries(stage) == {ACME: 1}


@pytest.mark.parametrize("days", [0, 59, 36_501])
def test_usage_is_kept_for_a_sprint_at_the_least(stage: Stage, days: int) -> None:
    with pytest.raises(InvalidInput, match="60 to 36500"):
        keep(stage, days)


def test_the_book_still_refuses_whoever_does_not_say_so(stage: Stage) -> None:
    use(stage, NOON)
    with pytest.raises(DBAPIError, match="append-only"), stage.transactions.begin() as session:
        session.execute(text("DELETE FROM ledger_entry"))


def test_an_export_holds_every_row_and_no_secret(stage: Stage, tmp_path: Path) -> None:
    use(stage, NOON)
    with stage.transactions.begin() as session:
        secret = workspaces.create_key(session, ACME, "gateway", ["read"], NOON)
    told: dict[str, int] = {}
    total = export_workspace(stage.transactions, ACME, tmp_path, told.__setitem__)
    assert total == sum(told.values())
    assert told["ledger_entry"] == told["api_key"] == told["workspace"] == 1
    (entry,) = map(json.loads, (tmp_path / "ledger_entry.ndjson").read_text().splitlines())
    assert (entry["workspace_id"], entry["output_tokens"]) == (ACME, 10)
    whole = "".join(each.read_text() for each in tmp_path.iterdir())
    assert secret not in whole
    assert "digest" not in json.loads((tmp_path / "api_key.ndjson").read_text())
    assert OTHER not in whole


def test_an_erased_workspace_leaves_no_row_and_the_other_all_of_its_own(stage: Stage) -> None:
    for workspace_id in (ACME, OTHER):
        use(stage, NOON, workspace_id)
    stage.cap(100)  # Its end is counted in a table that has to be erased after it.
    before = totals(stage.transactions, "calls")
    gone = erase_workspace(stage.transactions, ACME)
    assert gone > 5
    assert before == (2,)
    assert entries(stage) == {OTHER: 1}
    with stage.transactions.begin() as session:
        tables = session.execute(
            text(
                "SELECT relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                "AND a.attname = 'workspace_id' WHERE c.relkind IN ('r', 'p') "
                "AND c.relnamespace = 'public'::regnamespace"
            )
        ).scalars()
        for table in tables.all():
            left = session.execute(
                text(f'SELECT count(*) FROM "{table}" WHERE workspace_id = :ours'), {"ours": ACME}
            )
            assert left.scalar_one() == 0, table


def test_a_forgotten_person_is_named_nowhere_and_what_was_spent_stays(stage: Stage) -> None:
    ada = "ada@example.com"
    for user in (ada, "ben@example.com"):
        use(stage, NOON, user=pseudonym(user))
    with stage.transactions.begin() as session:
        people.name_member(session, ACME, ada, "approver", by="cli", now=NOON)
        workspaces.audit(
            session, ACME, at=NOON, actor=f"person:{ada}", action="cap.raised", subject="cap:x"
        )
    found = forget_person(stage.transactions, ACME, "Ada@example.com", actor="cli", now=NOON)
    assert found == {
        "roles": 1, "sign_ins": 0, "calls": 1, "slack_matches": 0, "assigned_stories": 0,
        "audit_lines": 1,
    }  # fmt: skip
    assert totals(stage.transactions, "calls") == (2,)
    with stage.transactions.begin() as session:
        users = session.execute(
            text("SELECT count(*) FROM ledger_entry WHERE attributes ? 'user'")
        ).scalar_one()
        actors = session.execute(text("SELECT actor FROM audit_log ORDER BY audit_id")).scalars()
        assert users == 1
        assert actors.all() == ["forgotten", "cli"]


def test_settings_say_for_ever_until_told_otherwise() -> None:
    assert replace(Workspace(ACME, "Acme")).usage_kept_days is None

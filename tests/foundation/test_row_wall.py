"""The second wall: a transaction bound to a workspace sees and writes nothing of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from integration.foundation.database import connect, transactions_on
from integration.foundation.row_wall import (
    ROLE,
    UnsaidWorkspace,
    across,
    bound,
    demanding,
    only,
    raise_wall,
    stands,
)
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.conftest import NOON

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from integration.foundation.database import Transactions


@pytest.fixture
def two_workspaces(transactions: Transactions) -> Transactions:
    with transactions.begin() as session:
        for name in ("acme", "umbrella"):
            workspaces.create(session, Workspace(name, name.title()), NOON)
            workspaces.create_key(session, name, "gateway", ["ingest"], NOON)
    return transactions


def test_a_statement_that_forgets_its_workspace_sees_one(two_workspaces: Transactions) -> None:
    ours = bound(two_workspaces, lambda: "acme")
    with ours.begin() as session:
        assert session.execute(text("SELECT workspace_id FROM api_key")).scalars().all() == ["acme"]
        assert session.execute(text("SELECT count(*) FROM workspace")).scalar_one() == 1
        changed = session.execute(
            text("UPDATE api_key SET name = 'changed' RETURNING workspace_id")
        )
        assert changed.scalars().all() == ["acme"]
    with two_workspaces.begin() as session:
        found = session.execute(text("SELECT workspace_id, name FROM api_key ORDER BY 1")).all()
    assert [tuple(row) for row in found] == [("acme", "changed"), ("umbrella", "gateway")]


def test_nothing_is_written_for_another_workspace(two_workspaces: Transactions) -> None:
    ours = bound(two_workspaces, lambda: "acme")
    with pytest.raises(ProgrammingError, match="row-level security"), ours.begin() as session:
        workspaces.create_key(session, "umbrella", "planted", ["admin"], NOON)


def test_the_next_transaction_of_the_same_connection_is_free_again(
    two_workspaces: Transactions,
) -> None:
    at_work: list[str | None] = ["acme", None]
    sometimes = bound(two_workspaces, lambda: at_work.pop(0))
    counts = []
    for _ in range(2):
        with sometimes.begin() as session:
            counts.append(session.execute(text("SELECT count(*) FROM workspace")).scalar_one())
    assert counts == [1, 2]


def test_whose_work_it_is_must_be_said(two_workspaces: Transactions) -> None:
    unsaid = demanding(two_workspaces)
    with pytest.raises(UnsaidWorkspace), unsaid.begin() as session:
        session.execute(text("SELECT 1"))
    counts = []
    for said in (only(unsaid, "acme"), across(unsaid), only(across(unsaid), "acme")):
        with said.begin() as session:
            counts.append(session.execute(text("SELECT count(*) FROM workspace")).scalar_one())
    assert counts == [1, 2, 1]


def test_a_user_who_may_not_make_the_role_goes_without_and_says_what_to_do(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE plain_user LOGIN"))
    other = connect(engine.url.set(username="plain_user").render_as_string(hide_password=False))
    try:
        raise_wall(other)
        with other.connect() as connection:
            assert not stands(connection)
        free = bound(transactions_on(other), lambda: "acme")
        with free.begin() as session:
            assert session.execute(text("SELECT current_user")).scalar_one() == "plain_user"
    finally:
        other.dispose()
        with engine.begin() as connection:
            connection.execute(text("DROP ROLE plain_user"))
    captured = capsys.readouterr()
    assert f"CREATE ROLE {ROLE}" in captured.out + captured.err

"""Several statements in one round trip behave as the same statements one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from integration.foundation.round_trip import (
    Statement,
    ask,
    letting_go,
    round_trip,
    whole_transaction,
)
from integration.foundation.row_wall import only

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions


def number(sql: str) -> Statement[int]:
    return Statement(sql, {}, lambda rows: int(rows[0][0]))


def test_each_statement_sees_what_those_before_it_did(transactions: Transactions) -> None:
    with transactions.begin() as session:
        session.execute(text("CREATE TABLE pieces (name text)"))
        with round_trip(session) as trip:
            trip.ask(Statement("INSERT INTO pieces VALUES (%(name)s)", {"name": "a"}, len))
            count = trip.ask(number("SELECT count(*) FROM pieces"))
        assert count() == 1
    with transactions.begin() as session:
        assert ask(session, number("SELECT count(*) FROM pieces")) == 1


def test_the_first_error_is_raised_as_sqlalchemys_and_undoes_everything(
    transactions: Transactions,
) -> None:
    with transactions.begin() as session:
        session.execute(text("CREATE TABLE pieces (name text)"))
    with pytest.raises(DataError, match="division by zero"):
        ask_in_vain(transactions)
    with transactions.begin() as session:
        assert ask(session, number("SELECT count(*) FROM pieces")) == 0


def ask_in_vain(transactions: Transactions) -> None:
    with transactions.begin() as session, round_trip(session) as trip:
        trip.ask(Statement("INSERT INTO pieces VALUES ('a')", {}, len))
        trip.ask(number("SELECT 1/0"))
        trip.ask(number("SELECT count(*) FROM nothing_here"))


def test_a_lost_connection_is_told_and_not_used_again(transactions: Transactions) -> None:
    with pytest.raises(OperationalError) as lost, transactions.begin() as session:
        ask(session, Statement("SELECT pg_terminate_backend(pg_backend_pid())", {}, len))
    assert lost.value.connection_invalidated
    with transactions.begin() as session:
        assert ask(session, number("SELECT 1")) == 1


def test_a_committing_trip_is_kept_and_lets_go_of_its_locks(transactions: Transactions) -> None:
    with transactions.begin() as session:
        session.execute(text("CREATE TABLE pieces (name text)"))
        session.execute(text("INSERT INTO pieces VALUES ('a')"))
    lock = Statement("SELECT * FROM pieces FOR UPDATE NOWAIT", {}, len)
    with transactions() as session:
        ask(session, lock)
        with round_trip(session) as trip:
            trip.ask(Statement("INSERT INTO pieces VALUES ('b')", {}, len))
            trip.commit()
        with transactions.begin() as other:
            assert ask(other, lock) == 2
        session.commit()
        # The next transaction of the connection waits for the disk by itself again.
        wait = Statement("SHOW synchronous_commit", {}, lambda rows: rows[0][0])
        assert ask(session, wait) == "on"


def test_locks_are_let_go_of_after_a_commit_alone(transactions: Transactions) -> None:
    with transactions.begin() as session:
        session.execute(text("CREATE TABLE pieces (name text)"))
    insert_and_divide_by(transactions, 1)
    with pytest.raises(ZeroDivisionError):
        insert_and_divide_by(transactions, 0)
    with transactions.begin() as session:
        assert ask(session, number("SELECT count(*) FROM pieces")) == 1


def insert_and_divide_by(transactions: Transactions, divisor: int) -> None:
    with letting_go(transactions) as session:
        session.execute(text("INSERT INTO pieces VALUES ('a')"))
        _ = 1 // divisor


def test_a_committing_trip_with_an_error_keeps_nothing(transactions: Transactions) -> None:
    with transactions.begin() as session:
        session.execute(text("CREATE TABLE pieces (name text PRIMARY KEY)"))
    with transactions() as session:
        with pytest.raises(IntegrityError):
            commit_names(session, "a", "b", "a")
        session.rollback()
        assert ask(session, number("SELECT count(*) FROM pieces")) == 0


def test_a_whole_transaction_is_kept_and_leaves_the_connection_as_it_was(
    transactions: Transactions,
) -> None:
    with transactions.begin() as session:
        session.execute(text("CREATE TABLE pieces (name text PRIMARY KEY)"))
    at_once(transactions, "a")
    with pytest.raises(IntegrityError):
        at_once(transactions, "b", "a")
    with whole_transaction(transactions) as trip:
        trip.ask(Statement("INSERT INTO pieces VALUES ('never committed')", {}, len))
    with transactions() as session:
        assert ask(session, number("SELECT count(*) FROM pieces")) == 1
        ask(session, Statement("DELETE FROM pieces", {}, len))
        session.rollback()
        assert ask(session, number("SELECT count(*) FROM pieces")) == 1


def test_a_whole_transaction_is_refused_where_it_would_break_out_of_its_workspace(
    transactions: Transactions,
) -> None:
    with pytest.raises(ValueError, match="bound"):
        at_once(only(transactions, "acme"), "a")


def at_once(transactions: Transactions, *names: str) -> None:
    with whole_transaction(transactions) as trip:
        for name in names:
            trip.ask(Statement("INSERT INTO pieces VALUES (%(name)s)", {"name": name}, len))
        trip.commit()


def commit_names(session: Session, *names: str) -> None:
    with round_trip(session) as trip:
        for name in names:
            trip.ask(Statement("INSERT INTO pieces VALUES (%(name)s)", {"name": name}, len))
        trip.commit()

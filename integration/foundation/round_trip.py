"""Several statements in one round trip, inside a session's transaction.

For the few places that thousands of events a second pass: there SQLAlchemy's work around a
statement, and the wait for its answer, cost more than the statement itself. PostgreSQL runs them
one after the other, and each sees what was committed before it began, also while the one before it
waited for a lock. Errors are SQLAlchemy's, as everywhere.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError

from integration.foundation.database import is_a_standbys
from integration.foundation.row_wall import is_bound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions

T = TypeVar("T")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Statement(Generic[T]):
    """SQL in the driver's own style, its values, and what its rows mean."""

    sql: str
    values: Mapping[str, object]
    read: Callable[[Sequence[Row]], T]


class RoundTrip:
    """What is asked for goes out together at the end of the block; the answers are there then."""

    def __init__(self, driver: psycopg.Connection[Row]) -> None:
        self._driver = driver

    def ask(self, statement: Statement[T]) -> Callable[[], T]:
        """Ask for a statement; what comes back gives its answer, after the block."""
        cursor = self._driver.execute(statement.sql, statement.values)
        return lambda: statement.read(_rows(cursor))

    def begin(self) -> None:
        """Begin a transaction with what is asked for; see `whole_transaction`."""
        self._driver.execute("BEGIN", prepare=False)

    def commit(self) -> None:
        """Commit with what was asked for, and let go of all locks before the disk has it.

        The round trip still ends only once the disk (and a synchronous standby) has it: a second
        commit that waits, as the server is told to, follows at once, and what comes first in
        PostgreSQL's log is kept first. So whoever waits for the locks goes on, and all who commit
        meanwhile share one flush. Whatever others read in between is kept before what they write.

        The session's own commit comes after it, and has nothing left to send.
        """
        for sql in _COMMIT_THEN_WAIT:
            self._driver.execute(sql, prepare=False)


_COMMIT_THEN_WAIT = (
    "SET LOCAL synchronous_commit = off",
    "COMMIT",
    "SELECT pg_logical_emit_message(true, 'storymeter', '')",
)


@contextmanager
def round_trip(session: Session) -> Iterator[RoundTrip]:
    """Send everything that the block asks for at once.

    Raises:
        DBAPIError: of the first statement that failed; the ones after it were not run.
    """
    with driver_of(session) as driver, driver.pipeline():
        yield RoundTrip(driver)


@contextmanager
def whole_transaction(transactions: Transactions) -> Iterator[RoundTrip]:
    """A transaction in one round trip, from its beginning to the `commit` that the block asks for.

    The driver would begin one by itself, but in a round trip of its own. Only for transactions
    that are not bound to a workspace: what binds one would have ended before it begins.

    Raises:
        DBAPIError: as `round_trip`; nothing is kept.
        ValueError: these transactions are bound.
    """
    with transactions() as session:
        session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        if is_bound(session):
            raise ValueError("A whole transaction in one round trip is bound to no workspace")
        with round_trip(session) as trip:
            trip.begin()
            yield trip


@contextmanager
def letting_go(transactions: Transactions) -> Iterator[Session]:
    """A transaction that lets go of its locks before the disk has its commit; see `commit`."""
    with transactions() as session:
        yield session
        session.flush()
        with round_trip(session) as trip:
            trip.commit()
        session.commit()


def ask(session: Session, statement: Statement[T]) -> T:
    """Run one statement."""
    with driver_of(session) as driver:
        cursor = driver.execute(statement.sql, statement.values)
        return statement.read(_rows(cursor))


def _rows(cursor: psycopg.Cursor[Row]) -> Sequence[Row]:
    """What a statement answered; the cursor's own description takes longer than small answers."""
    result = cursor.pgresult
    return cursor.fetchall() if result is not None and result.nfields else ()


@contextmanager
def driver_of(session: Session) -> Iterator[psycopg.Connection[Row]]:
    """Lend the driver's connection of a session's transaction; its errors become SQLAlchemy's."""
    connection = session.connection()
    driver: Any = connection.connection.driver_connection
    try:
        yield driver
    except psycopg.Error as error:
        is_lost = is_a_standbys(error) or (
            isinstance(error, psycopg.OperationalError) and driver.broken
        )
        if is_lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            "", None, error, psycopg.Error, connection_invalidated=is_lost
        ) from error

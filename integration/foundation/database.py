"""The one way to PostgreSQL: the engine, the transaction, and the base of every table."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    ExceptionContext,
    MetaData,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

Transactions = sessionmaker[Session]
"""What a journey is handed: `with transactions.begin() as session:` is one transaction."""


class Table(DeclarativeBase):
    """Base of every table. Constraint names follow one pattern; migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # SQLAlchemy reads a plain class attribute.
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        int: BigInteger,
    }


def driver_url(url: str) -> str:
    """Name psycopg 3 as the driver in a plain `postgres://` or `postgresql://` address.

    Several hosts are written as libpq writes them. Unless the address says otherwise, only the one
    that takes writes is connected to: after a standby's promotion that is another one.

    >>> driver_url("postgres://meter@db.example.com/books")
    'postgresql+psycopg://meter@db.example.com/books'
    >>> driver_url("postgresql://meter@a:5432,b:5433/books")
    'postgresql+psycopg://meter@/books?host=a:5432&host=b:5433&target_session_attrs=read-write'
    """
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        scheme = "postgresql+psycopg"
    credentials, at, hosts = urlsplit(url).netloc.rpartition("@")
    if "," in hosts:
        # SQLAlchemy reads one host in that place, and several from the query.
        path, _, query = rest.removeprefix(f"{credentials}{at}{hosts}").partition("?")
        words = [f"host={host}" for host in hosts.split(",")] + ([query] if query else [])
        if "target_session_attrs=" not in query:
            words.append("target_session_attrs=read-write")
        rest = f"{credentials}{at}{path}?{'&'.join(words)}"
    return f"{scheme}{separator}{rest}"


READ_ONLY = "25006"
"""SQLSTATE of read_only_sql_transaction."""

NOTICED_LOST = {
    "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}  # fmt: skip
"""A server whose machine or cable is gone says no goodbye. With the system's own patience a thread
would wait two hours for an answer, and a quarter of one to learn that nothing arrives. In seconds;
the last one in milliseconds."""

LOCKS_LET_GO = (
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=10000"
)
"""The same for the server: a machine of ours that is gone in the middle of a transaction would keep
its row locks, and everyone who needs them waiting, for those two hours."""


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """Make the process's engine. Nothing connects before the first statement.

    A connection that waits for the pool or the server gives up after seconds, so that a door can
    answer 503 while its caller still listens.
    """
    engine = create_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # Errors are logged, and parameters are what customers sent.
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
        connect_args={
            **NOTICED_LOST,
            "connect_timeout": 5,
            "application_name": "storymeter",
            "options": (
                f"-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s {LOCKS_LET_GO}"
            ),
        },
    )
    event.listen(engine, "handle_error", _leave_a_standby)
    return engine


def takes_writes(connection: Connection) -> bool:
    """Whether we are connected to a primary, and not to a standby that only answers reads."""
    return bool(connection.execute(text("SHOW transaction_read_only")).scalar_one() == "off")


def is_a_standbys(error: BaseException | None) -> bool:
    """Whether a server refused to write because it is, or became, a standby."""
    return getattr(error, "sqlstate", None) == READ_ONLY


def _leave_a_standby(context: ExceptionContext) -> None:
    """Drop a pool's connections to a server that takes no writes: the next ones look for one."""
    if is_a_standbys(context.original_exception):
        context.is_disconnect = True


def transactions_on(engine: Engine) -> Transactions:
    """Return the transaction factory of an engine. Rows stay readable after their commit."""
    return sessionmaker(engine, expire_on_commit=False)

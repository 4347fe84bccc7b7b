"""The one way to PostgreSQL: the engine, the transaction, and the base of every table."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import BigInteger, Engine, MetaData, create_engine
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

    >>> driver_url("postgres://meter@db.example.com/books")
    'postgresql+psycopg://meter@db.example.com/books'
    """
    scheme, separator, rest = url.partition("://")
    if scheme in {"postgres", "postgresql"}:
        scheme = "postgresql+psycopg"
    return f"{scheme}{separator}{rest}"


def connect(url: str, *, pool_size: int = 10) -> Engine:
    """Make the process's engine. Nothing connects before the first statement.

    A connection that waits for the pool or the server gives up after seconds, so that a door can
    answer 503 while its caller still listens.
    """
    return create_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=5,
        pool_pre_ping=True,
        json_serializer=lambda value: msgspec.json.encode(value).decode(),
        json_deserializer=msgspec.json.decode,
        connect_args={
            "connect_timeout": 5,
            "application_name": "storymeter",
            "options": "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s",
        },
    )


def transactions_on(engine: Engine) -> Transactions:
    """Return the transaction factory of an engine. Rows stay readable after their commit."""
    return sessionmaker(engine, expire_on_commit=False)

"""Alembic's entry: finds every room's tables, and leaves the ledger's day partitions alone."""

from __future__ import annotations

import importlib.util
import pkgutil
from typing import TYPE_CHECKING, Any

from alembic import context
from sqlalchemy import create_engine, text

import integration
from integration.foundation.database import Table, driver_url
from integration.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


def load_tables() -> None:
    """Import every room's models, so that their tables are known."""
    for room in pkgutil.iter_modules(integration.__path__):
        name = f"integration.{room.name}.models"
        if room.ispkg and importlib.util.find_spec(name):
            importlib.import_module(name)


def without_partitions(connection: Connection) -> Callable[..., bool]:
    """Autogenerate would drop each partition as a table it does not know."""
    partitions = set(
        connection.execute(text("SELECT inhrelid::regclass::text FROM pg_inherits")).scalars()
    )

    def include_name(name: str | None, kind: str, parents: Any) -> bool:  # noqa: ARG001  # Alembic calls it by position.
        return not (kind == "table" and name in partitions)

    return include_name


def migrate() -> None:
    """Run the migrations over the engine we were handed, or the one the settings name."""
    load_tables()
    engine = context.config.attributes.get("engine") or create_engine(
        driver_url(read_settings().database_url)
    )
    with engine.connect() as connection:
        # A migration that cannot get its lock gives up instead of queueing everyone behind it.
        connection.execute(text("SET lock_timeout = '4s'"))
        include_name = without_partitions(connection)
        connection.commit()  # Alembic commits by itself only what begins after its configuration.
        context.configure(
            connection=connection,
            target_metadata=Table.metadata,
            include_name=include_name,
            compare_server_default=False,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


migrate()

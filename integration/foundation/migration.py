"""Brings a database to the newest schema, or says how far it is behind.

Alembic is loaded when first used: a web process answers before that.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from integration.foundation.row_wall import raise_wall

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine

PACKAGE = Path(__file__).resolve().parents[1]
ADVISORY_LOCK = 0x53746F72  # "Stor": any fixed number that nobody else uses on this database.


def migrations_folder() -> Path:
    """Where the migrations lie: inside an installed package, or beside it in a checkout."""
    installed = PACKAGE / "_data" / "migrations"
    return installed if installed.is_dir() else PACKAGE.parent / "migrations"


def _config(engine: Engine | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine) -> None:
    """Apply what is missing. Processes that start together wait for the first one."""
    from alembic import command

    with engine.connect() as guard:
        guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK})
        try:
            command.upgrade(_config(engine), "head")
            raise_wall(engine)
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": ADVISORY_LOCK})
            guard.commit()


def is_current(engine: Engine) -> bool:
    """Whether the database has the newest schema."""
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    with engine.connect() as connection:
        applied = MigrationContext.configure(connection).get_current_revision()
    return applied == ScriptDirectory.from_config(_config()).get_current_head()

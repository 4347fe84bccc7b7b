"""Databases for tests: each test finds one that looks new, most of them get a used one, emptied.

Copying a database, connecting to it and making its day partitions took longer than most tests. What
is given back is emptied instead: its rows go and its sequences start anew, while its partitions and
connections stay. Where a test changed the schema, or something it began still uses a connection,
the database is thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import QueuePool, text

from integration.foundation.database import connect

if TYPE_CHECKING:
    from sqlalchemy import Engine

TEMPLATE = "storymeter_template"

_SHAPE = text("""
SELECT md5(string_agg(line, E'\\n' ORDER BY line)) FROM (
    SELECT concat_ws(' ', relname, relkind, relnatts, relrowsecurity, relacl) AS line
    FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
    WHERE nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema')
        AND relkind <> 'S' AND NOT relispartition
    UNION ALL SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger t
        JOIN pg_class c ON c.oid = tgrelid WHERE NOT relispartition
    UNION ALL SELECT concat_ws(' ', polrelid::regclass, polname) FROM pg_policy
    UNION ALL SELECT 'revision ' || version_num FROM alembic_version
) AS lines
""")
_EMPTY = text("""
DO $$
DECLARE name regclass;
BEGIN
    SET LOCAL session_replication_role = replica;  -- Neither triggers nor foreign keys.
    FOR name IN SELECT oid FROM pg_class WHERE relkind = 'r' AND relname <> 'alembic_version'
        AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE format('DELETE FROM %s', name);
    END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
END $$
""")


@dataclass
class Databases:
    """The databases of one server, which holds the template with the newest schema."""

    server_url: str
    """The template's address."""
    spare: list[Engine] = field(default_factory=list)
    """Emptied databases that nobody uses."""

    def __post_init__(self) -> None:
        """Connect as the one who makes and drops databases, and read what a new one looks like."""
        self.admin = connect(self.server_url.replace(TEMPLATE, "postgres", 1))
        template = connect(self.server_url)
        with template.connect() as connection:
            self.shape = connection.execute(_SHAPE).scalar_one()
        template.dispose()

    def take(self) -> Engine:
        """Return an engine on a database with all tables and nothing in them."""
        if self.spare:
            kept = self.spare.pop()
        else:
            name = f"test_{uuid4().hex[:12]}"
            self._order(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            kept = connect(self.server_url.replace(TEMPLATE, name, 1))
        return kept.execution_options()  # Listeners go with the test, connections stay.

    def give_back(self, engine: Engine) -> None:
        """Empty a database for the next test, or drop it where more than rows was changed."""
        if self._emptied(engine):
            self.spare.append(engine)
            return
        engine.dispose()
        self._order(f"DROP DATABASE {engine.url.database} WITH (FORCE)")

    def close(self) -> None:
        """End all connections."""
        for engine in (self.admin, *self.spare):
            engine.dispose()

    def _emptied(self, engine: Engine) -> bool:
        assert isinstance(engine.pool, QueuePool)
        if engine.pool.checkedout():
            return False
        with engine.begin() as connection:
            if connection.execute(_SHAPE).scalar_one() != self.shape:
                return False
            connection.execute(_EMPTY)
        return True

    def _order(self, statement: str) -> None:
        with self.admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

"""A second wall between workspaces, kept by PostgreSQL itself (row-level security).

The first wall is ours: every statement names its workspace. Whoever forgets it inside a transaction
that is bound to a workspace still sees and writes nothing but that workspace's rows. Doors bind to
who asks; the worker's transactions do not begin before they say whose they are, or that they look
across all workspaces, which a test knows every place of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.orm import Session

from integration.foundation.database import Transactions

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import SessionTransaction

log = structlog.get_logger()

ROLE = "storymeter_workspace"
"""What a bound transaction acts as. Owners and superusers pass every policy; this role does not."""

_MAKE_ROLE = f"""
DO $$ BEGIN
    CREATE ROLE {ROLE} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT {ROLE} TO CURRENT_USER;
"""

_RAISE = f"""
DO $$
DECLARE name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c
        JOIN pg_attribute a
            ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition
            AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format(
            'CREATE POLICY one_workspace ON %I TO {ROLE} '
            'USING (workspace_id = current_setting(''storymeter.workspace_id''))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO {ROLE}', name);
    END LOOP;
END $$;
"""  # noqa: S608

_BIND = text(
    f"SELECT set_config('storymeter.workspace_id', :workspace_id, true), "
    f"set_config('role', '{ROLE}', true)"
)
_STANDS = text(
    "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role "
    "AND pg_has_role(current_user, oid, 'MEMBER'))"
)


_WORKSPACE_OF, _IS_BOUND = "storymeter.workspace_of", "storymeter.is_bound"

_stands_on: WeakKeyDictionary[Engine, bool] = WeakKeyDictionary()


def raise_wall(engine: Engine) -> None:
    """Give every table with a workspace its policy; what has one is left alone.

    Where our user may not make the role, the wall does not stand, and the log says what to do.
    """
    _stands_on.pop(engine, None)
    try:
        with engine.begin() as connection:
            if not stands(connection):
                connection.execute(text(_MAKE_ROLE))
            connection.execute(text(_RAISE))
    except ProgrammingError as refused:
        log.warning(
            "row_wall.missing", reason=str(refused.orig).strip(),
            mend=f"As an administrator: CREATE ROLE {ROLE} NOLOGIN; GRANT {ROLE} TO <our user>; "
            "then run `storymeter migrate` again.",
        )  # fmt: skip


def stands(connection: Connection) -> bool:
    """Whether our user may act as the bound role."""
    return bool(connection.execute(_STANDS, {"role": ROLE}).scalar_one())


def bound(transactions: Transactions, workspace_of: Callable[[], str | None]) -> Transactions:
    """Return transactions that are bound to the workspace which is at work when they begin.

    `workspace_of` answers None where no single one is; such a transaction is not bound.
    """
    info = {**transactions.kw.get("info", {}), _WORKSPACE_OF: workspace_of}
    return Transactions(**{**transactions.kw, "info": info})


def only(transactions: Transactions, workspace_id: str) -> Transactions:
    """Return transactions that are all bound to this workspace."""
    return bound(transactions, lambda: workspace_id)


def across(transactions: Transactions) -> Transactions:
    """Return transactions that see every workspace: to find out whose work is due, and no more."""
    return bound(transactions, lambda: None)


def demanding(transactions: Transactions) -> Transactions:
    """Return transactions that begin only once `only` or `across` has said whose they are."""
    return bound(transactions, _nobody)


class UnsaidWorkspace(RuntimeError):
    """A fault of ours: a transaction of the worker that says neither `only` nor `across`."""


def _nobody() -> NoReturn:
    raise UnsaidWorkspace("Say whose this transaction is: row_wall.only, or row_wall.across")


def is_bound(session: Session) -> bool:
    """Whether the wall stands around a session's present transaction."""
    session.connection()  # Begins it.
    return bool(session.info.get(_IS_BOUND))


@event.listens_for(Session, "after_begin")
def _bind(session: Session, _: SessionTransaction, connection: Connection) -> None:
    workspace_of = session.info.get(_WORKSPACE_OF)
    workspace_id = workspace_of() if workspace_of else None
    if workspace_id is None:
        return
    engine = connection.engine
    if engine not in _stands_on:
        _stands_on[engine] = stands(connection)
    if _stands_on[engine]:
        connection.execute(_BIND, {"workspace_id": workspace_id})
        session.info[_IS_BOUND] = True

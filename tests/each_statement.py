"""Calls a hook before each statement of an engine, whoever sends it: SQLAlchemy or the driver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from sqlalchemy import event

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine


def before_each_statement(engine: Engine, hook: Callable[[str], None]) -> None:
    """Call the hook with each statement about to be sent, COPY included; what it raises ends it."""

    class Watched(psycopg.Cursor[Any]):
        def execute(self, query: Any, *args: Any, **options: Any) -> Any:
            hook(str(query).lstrip())
            return super().execute(query, *args, **options)

        def executemany(self, query: Any, *args: Any, **options: Any) -> None:
            hook(str(query).lstrip())
            super().executemany(query, *args, **options)

        def copy(self, statement: Any, *args: Any, **options: Any) -> Any:
            hook(str(statement))
            return super().copy(statement, *args, **options)

    # Between transactions the pool asks whether a connection lives; that is no statement of ours.
    @event.listens_for(engine, "checkout")
    def watch(driver: psycopg.Connection[Any], *_: object) -> None:
        driver.cursor_factory = Watched

    @event.listens_for(engine, "checkin")
    def let_go(driver: psycopg.Connection[Any] | None, *_: object) -> None:
        if driver is not None:
            driver.cursor_factory = psycopg.Cursor

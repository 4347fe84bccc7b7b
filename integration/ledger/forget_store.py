"""Raw entries that are not kept any longer. The roll-ups, and so the books' sums, stay.

The book refuses every change; only inside `forgetting` may entries go, never be altered otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

_DAYS = text(
    "SELECT right(c.relname, 8)::date FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'ledger_entry'::regclass ORDER BY 1"
)


def forgetting(session: Session) -> None:
    """Let this transaction, and no other, take rows out of what is append-only."""
    session.execute(text("SET LOCAL storymeter.forgets = 'on'"))


def days_before(session: Session, day: date) -> list[date]:
    """Return the days before one for which there are still entries' partitions, oldest first."""
    return [found for found in session.execute(_DAYS).scalars() if found < day]


def workspaces_of_day(session: Session, day: date) -> set[str]:
    """Return whose entries a day holds."""
    rows = session.execute(
        text("SELECT DISTINCT workspace_id FROM ledger_entry WHERE occurred_on = :day"),
        {"day": day},
    )
    return set(rows.scalars())


def drop_day(session: Session, day: date) -> None:
    """Drop a day's partition, whosoever entries it holds."""
    session.execute(text(f"DROP TABLE ledger_entry_{day:%Y%m%d}"))


def forget_day(session: Session, workspace_id: str, day: date) -> None:
    """Take one workspace's entries of a day out, where others keep theirs."""
    session.execute(
        text("DELETE FROM ledger_entry WHERE workspace_id = :workspace AND occurred_on = :day"),
        {"workspace": workspace_id, "day": day},
    )


def forget_user(session: Session, workspace_id: str, user: str) -> int:
    """Take a user's pseudonym off a workspace's entries; returns off how many."""
    changed = session.execute(
        text(
            "UPDATE ledger_entry SET attributes = attributes - 'user' "
            "WHERE workspace_id = :workspace AND attributes ->> 'user' = :user RETURNING 1"
        ),
        {"workspace": workspace_id, "user": user},
    )
    return len(changed.all())

"""Which database and workspace a command is about: the one named, else the only one there is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from integration.foundation.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.settings import Settings


@contextmanager
def connected(settings: Settings) -> Iterator[Transactions]:
    """Yield transactions on the settings' database; its connections close with the block."""
    from integration.foundation.database import connect, transactions_on

    engine = connect(settings.database_url)
    try:
        yield transactions_on(engine)
    finally:
        engine.dispose()


def chosen(session: Session, workspace_id: str) -> str:
    """Return the workspace's id.

    Raises:
        NotFound: there is none with this id.
        InvalidInput: none is named and there is not exactly one.
    """
    from integration.workspaces import store as workspaces

    if workspace_id:
        return workspaces.find(session, workspace_id).workspace_id
    known = workspaces.all_ids(session)
    if len(known) != 1:
        raise InvalidInput(f"Name the workspace with --workspace: there are {len(known)}")
    return known[0]

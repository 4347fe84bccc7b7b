"""What commands need before they can work: logs, a database, a workspace."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from integration.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def database(settings: Settings | None = None) -> Iterator[Settings]:
    """Yield settings with a database that answers and has the newest schema.

    Without DATABASE_URL the embedded PostgreSQL runs for the length of the block. Child processes
    find it by the environment.
    """
    from integration.foundation.database import connect
    from integration.foundation.embedded_database import running
    from integration.foundation.migration import upgrade

    settings = settings or read_settings()
    if settings.database_url:
        yield settings
        return
    with running(settings.data_dir / "postgres") as url:
        settings = settings.model_copy(update={"database_url": url})
        os.environ["DATABASE_URL"] = url
        try:
            engine = connect(url)
            upgrade(engine)
            engine.dispose()
            yield settings
        finally:
            os.environ.pop("DATABASE_URL", None)

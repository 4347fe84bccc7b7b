"""Numbers in paths: only those that a key in the database can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from werkzeug.routing import IntegerConverter

if TYPE_CHECKING:
    from flask import Flask

LARGEST = 2**63 - 1
"""PostgreSQL's bigint."""


class StorableInteger(IntegerConverter):
    """`<int:…>` in a route; a larger number names nothing there could be, and is not found."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Take what Werkzeug's own converter takes."""
        super().__init__(*arguments, **{"max": LARGEST, **options})


def register(app: Flask) -> None:
    """Let every route read its numbers this way; before the routes are added."""
    app.url_map.converters["int"] = StorableInteger

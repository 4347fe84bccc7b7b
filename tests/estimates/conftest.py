"""Estimates end to end on a real database, with the Acme team of the door tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.app import app_with
from integration.assembly import default_books
from integration.foundation.secrets import SecretBox
from integration.journeys.book_shelf import BookShelf
from integration.web.service import Service
from tests.doors.worlds import World

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from integration.foundation.clock import FixedClock
    from integration.foundation.database import Transactions


@pytest.fixture
def world(engine: Engine, transactions: Transactions, clock: FixedClock) -> World:
    """The workspace of the fictional Acme team, with nothing in its backlog."""
    service = Service(
        engine=engine,
        transactions=transactions,
        books=BookShelf(transactions, default_books()),
        box=SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="),
        clock=clock,
        public_url="http://localhost",
        max_body_bytes=1_000_000,
    )
    return World(service).found()


@pytest.fixture
def client(world: World) -> FlaskClient:
    """A client of the web app on the world's database."""
    return app_with(world.service).test_client()

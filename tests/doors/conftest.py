"""The web app as it runs, on a real database: only the clock stands still."""

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
    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from integration.foundation.clock import FixedClock
    from integration.foundation.database import Transactions


@pytest.fixture
def service(engine: Engine, transactions: Transactions, clock: FixedClock) -> Service:
    """What the doors work with: Friday 20 November 2026, noon UTC."""
    return Service(
        engine=engine,
        transactions=transactions,
        books=BookShelf(transactions, default_books()),
        box=SecretBox("b25seSB0aGUgdGVzdHMgZXZlciB1c2UgdGhpcyBrZXk="),
        clock=clock,
        public_url="http://localhost",
        max_body_bytes=1_000_000,
    )


@pytest.fixture
def app(service: Service) -> Flask:
    """The web app."""
    return app_with(service)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser on the loopback address."""
    return app.test_client()


@pytest.fixture
def world(service: Service) -> World:
    """The workspace of the fictional Acme team, with nothing in its backlog."""
    return World(service).found()

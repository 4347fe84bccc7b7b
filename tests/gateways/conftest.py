"""Gateways before the running web app: story SHOP-1 in the running Sprint 14."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest

from integration.caps import queries as cap_queries
from integration.sandbox.server import serve
from tests.doors.conftest import app, client, service, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from threading import Event

    from flask import Flask

    from tests.doors.worlds import World

__all__ = ["app", "client", "service", "world"]


@pytest.fixture
def stage(world: World) -> World:
    """The workspace with its Sprint and one story in it."""
    world.sprint()
    world.story(1, "Answer in chat")
    return world


@dataclass
class Between:
    """What stands between a client and the app: it may refuse, lose or delay what passes."""

    app: Callable[..., Iterable[bytes]]
    refuse: dict[str, str] = field(default_factory=dict)
    """Status by the end of a path: such requests do not come through."""
    lose: list[str] = field(default_factory=list)
    """Ends of paths whose next answer is lost once the app has given it."""
    wait: dict[str, Event] = field(default_factory=dict)
    """Ends of paths whose requests wait."""
    passed: dict[str, Event] = field(default_factory=dict)
    """Told once a request with such a path has been answered."""
    bodies: list[bytes] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path, length = environ["PATH_INFO"], int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = BytesIO(body)
        self.bodies.append(body)
        self.heads += [str(each) for name, each in environ.items() if name.startswith("HTTP_")]
        for end in [end for end in self.wait if path.endswith(end)]:
            self.wait[end].wait(20)
        for end in [end for end in self.refuse if path.endswith(end)]:
            return _answer(start_response, self.refuse[end])
        answer = list(self.app(environ, start_response))
        for end in [end for end in self.lose if path.endswith(end)]:
            self.lose.remove(end)
            return _answer(start_response, "502 Bad Gateway")
        for end in [end for end in self.passed if path.endswith(end)]:
            self.passed[end].set()
        return answer


def _answer(start_response: Any, status: str) -> Iterable[bytes]:
    headers = [("Content-Length", "0"), ("Location", "http://127.0.0.1:9/elsewhere")]
    start_response(status, headers)
    return [b""]


@pytest.fixture
def between(app: Flask) -> Between:
    """The way to the app."""
    found = Between(app.wsgi_app)
    app.wsgi_app = found  # type: ignore[method-assign]  # As Flask's documentation shows.
    return found


@pytest.fixture
def served(app: Flask, between: Between) -> Iterator[str]:
    """The address of the app behind that way."""
    with serve(app, None) as running:
        yield running.base_url


def stands(world: World, cap_id: str) -> tuple[int, int]:
    """What is spent and held under a cap."""
    with world.service.transactions.begin() as session:
        balance = cap_queries.balances(session, world.workspace_id, [cap_id])[cap_id]
    return balance.spent, balance.held

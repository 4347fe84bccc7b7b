"""The Acme team's workspace on a real database."""

from __future__ import annotations

from tests.doors.conftest import app, client, service, world

__all__ = ["app", "client", "service", "world"]

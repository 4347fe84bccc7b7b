"""The running web app, for what is held over all its routes."""

from __future__ import annotations

from tests.doors.conftest import app, client, service, world

__all__ = ["app", "client", "service", "world"]

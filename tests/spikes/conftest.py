"""The Acme team's workspace on a real database."""

from __future__ import annotations

from tests.doors.conftest import service, world

__all__ = ["service", "world"]

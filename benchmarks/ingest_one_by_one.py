"""The web app without group commit, for comparison: each request is a transaction of its own."""

from __future__ import annotations

from integration.app import create_app

app = create_app

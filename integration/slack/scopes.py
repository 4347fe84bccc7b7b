"""What the app asks for at its installation, and nothing more."""

from __future__ import annotations

BOT_SCOPES = (
    "channels:history",  # Finds a message of ours again after a crash, so that none comes twice.
    "chat:write",
    "commands",
    "files:read",  # Tells whether a chart was shared before a crash.
    "files:write",
    "groups:history",
    "links:read",
    "links:write",
    "users:read",
    "users:read.email",
)

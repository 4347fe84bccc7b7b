"""What the app asks for at its installation, and nothing more."""

from __future__ import annotations

BOT_SCOPES = (
    "channels:history",  # Finds a message of ours again after a crash, so that none comes twice.
    "channels:read",  # Tells whether a team's channel is archived, and who reads it.
    "chat:write",
    "commands",
    "files:read",  # Tells whether a chart was shared before a crash.
    "files:write",
    "groups:history",
    "groups:read",
    "links:read",
    "links:write",
    "users:read",
    "users:read.email",
)

"""What the other rooms know of a workspace: plain values, secrets already opened."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import time
from hashlib import sha256
from typing import Literal

Scope = Literal["ingest", "authorize", "read", "admin"]
SCOPES: tuple[Scope, ...] = ("ingest", "authorize", "read", "admin")
KEY_PREFIX = "smk_"


@dataclass(frozen=True, slots=True)
class Workspace:
    """One customer's settings."""

    workspace_id: str
    name: str
    time_zone: str = "UTC"
    default_region: str = ""
    """Cloud region assumed where usage or a workload names none."""
    ai_labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class JiraAccount:
    """How a Jira site is reached, with its secrets in the clear: keep it out of logs."""

    workspace_id: str
    site_url: str
    api_base: str
    email: str
    token: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    deployment: Literal["cloud", "datacenter"] = "cloud"
    account_id: str = ""
    project_keys: tuple[str, ...] = ()
    field_ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SlackAccount:
    """How a Slack team is reached, with its secrets in the clear: keep it out of logs."""

    workspace_id: str
    api_base_url: str
    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    team_id: str = ""
    default_channel_id: str = ""


@dataclass(frozen=True, slots=True)
class Team:
    """A Scrum Team."""

    workspace_id: str
    team_id: str
    name: str
    board_id: int | None = None
    channel_id: str = ""
    time_zone: str = "UTC"
    digest_at: time = time(9, 15)
    workdays: tuple[int, ...] = (1, 2, 3, 4, 5)
    quiet_days_are_silent: bool = True
    product_owner: str = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds an API key, and what it may do."""

    workspace_id: str
    key_id: str
    name: str
    scopes: frozenset[str]


def new_key() -> str:
    """Make an API key: 32 random bytes, so a plain digest of it needs no salt."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def key_digest(key: str) -> bytes:
    """What is stored of a key."""
    return sha256(key.encode()).digest()

"""What the other rooms know of a workspace: plain values, secrets already opened."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, time
from hashlib import sha256
from typing import Literal

Scope = Literal["ingest", "authorize", "read", "admin"]
AllocationRule = Literal["none", "even", "by_tokens"]
OverCapStories = Literal["stay", "move_back"]
SCOPES: tuple[Scope, ...] = ("ingest", "authorize", "read", "admin")
KEY_PREFIX = "smk_"
FIXED_ROUTES = frozenset(
    {
        "assets", "beta", "caps", "healthz", "integrations", "metrics", "openapi.json", "readyz",
        "reports", "sign-in", "sign-out", "signed-out", "slack", "sprints", "stories",
        "unattributed", "v1", "webhooks",
    }
)  # fmt: skip
"""First parts of our own addresses: the pages of a workspace of such a name could not be reached.
A test holds it complete."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One customer's settings."""

    workspace_id: str
    name: str
    time_zone: str = "UTC"
    default_region: str = ""
    """Cloud region assumed where usage or a workload names none."""
    ai_labels: frozenset[str] = frozenset()
    """Which stories are AI work; where nothing at all is chosen, the usual labels mark them."""
    allocation_rule: AllocationRule = "none"
    """How reports share unattributed spend out over stories."""
    ai_components: frozenset[str] = frozenset()
    ai_issue_types: frozenset[str] = frozenset()
    ai_keywords: frozenset[str] = frozenset()
    usage_kept_days: int | None = None
    """How long single calls are kept; None: for ever. Sums by story, Sprint and day stay."""
    locale: str = "en_US"
    """How figures and dates are written, such as de_DE."""
    over_cap_stories: OverCapStories = "stay"
    """Whether stories by which a planned Sprint is over its cap go to the Product Backlog."""


@dataclass(frozen=True, slots=True)
class JiraGrant:
    """An OAuth 2.0 (3LO) app and what it was granted; the refresh token is good for one use."""

    client_id: str
    client_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    auth_base: str = "https://auth.atlassian.com"


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
    project_field_ids: dict[str, dict[str, str]] = field(default_factory=dict)
    """By project key, for team-managed projects: their fields are their own."""
    grant: JiraGrant | None = None
    """Signed in by OAuth instead of by token."""


@dataclass(frozen=True, slots=True)
class SlackAccount:
    """How a Slack team is reached, with its secrets in the clear: keep it out of logs."""

    workspace_id: str
    api_base_url: str
    bot_token: str = field(repr=False)
    signing_secret: str = field(repr=False)
    team_id: str = ""
    default_channel_id: str = ""
    lost_reason: str = ""
    """Why Slack refuses our token; empty while it works."""


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
    quiet_from: time | None = None
    quiet_until: time | None = None
    """Local hours in which nothing is posted; the end is exclusive and may be on the next day."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who holds an API key, and what it may do."""

    workspace_id: str
    key_id: str
    name: str
    scopes: frozenset[str]


def id_fault(workspace_id: str) -> str:
    """Say why a workspace cannot have this id; empty when it can. It is part of its addresses.

    >>> id_fault("acme"), id_fault("caps")
    ('', "'caps' is the name of a page of every workspace")
    """
    if workspace_id in FIXED_ROUTES:
        return f"{workspace_id!r} is the name of a page of every workspace"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", workspace_id):
        return "a workspace's id is up to 63 letters, digits, dots, hyphens and underscores"
    return ""


def new_key() -> str:
    """Make an API key: 32 random bytes, so a plain digest of it needs no salt."""
    return KEY_PREFIX + secrets.token_urlsafe(32)


def key_digest(key: str) -> bytes:
    """What is stored of a key."""
    return sha256(key.encode()).digest()

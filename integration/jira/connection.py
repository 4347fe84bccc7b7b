"""How one workspace's Jira is reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from integration.jira.field_catalogue import PEOPLES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class ApiToken:
    """An Atlassian account's API token; scoped tokens need `api_base` at api.atlassian.com."""

    email: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A personal access token of Data Center."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OAuth:
    """An OAuth 2.0 (3LO) grant. A refresh token is good for one use; `oauth.py` trades it."""

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_at: datetime | None = None
    client_id: str = ""
    client_secret: str = field(default="", repr=False)


Auth = ApiToken | Bearer | OAuth


@dataclass(frozen=True, slots=True)
class JiraConnection:
    """One workspace's Jira site and what provisioning has found out about it.

    `site_url` is what people open; `api_base` is what we call, which differs for scoped tokens and
    OAuth (https://api.atlassian.com/ex/jira/<cloudId>).
    """

    workspace_id: str
    site_url: str
    api_base: str
    auth: Auth
    deployment: Literal["cloud", "datacenter"] = "cloud"
    account_id: str = ""
    """Our own account: its accountId on Cloud, its user key on Data Center."""
    webhook_secret: str = field(default="", repr=False)
    project_keys: tuple[str, ...] = ()
    field_ids: Mapping[str, str] = field(default_factory=dict)
    """Our stable field name (see fields.py) to Jira's `customfield_N`."""
    project_field_ids: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The same for team-managed projects by key, whose fields are their own; often empty there."""
    sprint_field_id: str = ""
    story_points_field_id: str = ""

    @property
    def is_cloud(self) -> bool:
        """Whether the site speaks v3 and ADF instead of v2 and wiki markup."""
        return self.deployment == "cloud"

    @property
    def all_field_ids(self) -> frozenset[str]:
        """Return the ids of all our fields, those of single projects included."""
        own = (ids.values() for ids in self.project_field_ids.values())
        return frozenset(self.field_ids.values()).union(*own)

    @property
    def written_field_ids(self) -> frozenset[str]:
        """Return the ids of the fields that we write, which leaves out what people fill in."""
        maps = (self.field_ids, *self.project_field_ids.values())
        return frozenset(
            field_id for ids in maps for name, field_id in ids.items() if name not in PEOPLES
        )

    def fields_of(self, story_key: str) -> Mapping[str, str]:
        """Return the ids of our fields that a story can have, by its key."""
        return self.project_field_ids.get(story_key.rpartition("-")[0], self.field_ids)

    @property
    def rest(self) -> str:
        """Return the path of the platform API."""
        return f"/rest/api/{3 if self.is_cloud else 2}"

    def story_url(self, story_key: str) -> str:
        """Return the page of a story for people."""
        return f"{self.site_url.rstrip('/')}/browse/{story_key}"

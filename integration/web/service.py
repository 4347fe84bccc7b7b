"""What the doors work with, put together once at start-up and kept on the Flask app."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from flask import current_app, g, has_request_context

from integration.foundation.row_wall import bound
from integration.foundation.wording import Wordings
from integration.journeys.authorize_together import Authorizer
from integration.web.key_pace import KeyPace
from integration.web.login import Login, Loopback

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sqlalchemy import Engine

    from integration.foundation.clock import Clock
    from integration.foundation.database import Transactions
    from integration.foundation.findings import Finding
    from integration.foundation.secrets import SecretBox
    from integration.journeys.book_shelf import BookShelf

EXTENSION = "storymeter"


@dataclass(frozen=True, slots=True)
class SlackApp:
    """A Slack app's own credentials, with which its installations are made."""

    client_id: str
    client_secret: str = field(repr=False)
    signing_secret: str = field(repr=False)
    api_base_url: str = "https://slack.com/api"
    authorize_url: str = "https://slack.com/oauth/v2/authorize"


@dataclass(frozen=True, slots=True)
class Service:
    """The database, the books, the clock and the limits of this process."""

    engine: Engine
    transactions: Transactions
    """Bound to the workspace whose key or page the current request is about, where it is one."""
    books: BookShelf
    box: SecretBox
    clock: Clock
    public_url: str
    max_body_bytes: int
    login: Login = Loopback()  # noqa: RUF009  # It is frozen.
    requests_per_key_s: float = 1000.0
    pace_file: Path | None = None
    """What the web processes of this machine count each key's requests in; None: each by itself."""
    slack_app: SlackApp | None = None
    """The Slack app that workspaces install; None where each brings a token of its own."""
    examine: Callable[[str], Mapping[str, Sequence[Finding]]] | None = None
    """Asks a workspace's Jira and Slack how they are; None where this process cannot."""
    wordings: Wordings = field(default_factory=Wordings)
    across: Transactions = field(init=False)
    """Not bound: for what is queued and written for several workspaces together."""
    key_pace: KeyPace = field(init=False)
    authorizer: Authorizer = field(init=False)
    """Starts its thread with its first call, after the server has forked."""

    def __post_init__(self) -> None:
        across = self.transactions
        object.__setattr__(self, "across", across)
        object.__setattr__(self, "transactions", bound(across, workspace_at_work))
        object.__setattr__(self, "key_pace", KeyPace(self.requests_per_key_s, self.pace_file))
        object.__setattr__(self, "authorizer", Authorizer(across, self.books, self.clock))


def workspace_at_work() -> str | None:
    """The one workspace that the current request is about, as `access.py` found out."""
    return g.get("workspace_id") if has_request_context() else None


def service() -> Service:
    """Return the service of the app that answers the current request."""
    return cast("Service", current_app.extensions[EXTENSION])

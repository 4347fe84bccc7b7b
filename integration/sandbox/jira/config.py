"""What a sandbox site is made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any
"""JSON as it came off the wire."""

JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the site; with a token of their own they can sign in and act as themselves."""

    account_id: str
    display_name: str
    email: str
    token: str = ""
    admin: bool = False
    time_zone: str = "Etc/UTC"

    @property
    def username(self) -> str:
        """Return the user name that Data Center shows instead of an account id."""
        return self.email.split("@", maxsplit=1)[0]


DEFAULT_PEOPLE = (
    Person("712020:ada", "Ada Example", "ada@example.com", token="ada-token", admin=True),
    Person("712020:ben", "Ben Example", "ben@example.com", token="ben-token"),
    Person("712020:cleo", "Cleo Example", "cleo@example.com", token="cleo-token"),
)


@dataclass(frozen=True, slots=True)
class JiraConfig:
    """A site and the account that the integration under test signs in with.

    `token` is the API token on Cloud and the personal access token on Server.
    `webhook_retry_delay_s` stands for the 5 to 15 minutes which the real Jira waits.
    """

    email: str = "storymeter@example.com"
    token: str = "sandbox-token"
    site_name: str = "Acme"
    account_id: str = "557058:storymeter"
    display_name: str = "StoryMeter"
    admin: bool = True
    people: tuple[Person, ...] = DEFAULT_PEOPLE
    deployment: Literal["Cloud", "Server"] = "Cloud"
    webhook_retry_delay_s: float = 2.0
    cloud_id: str = "11111111-2222-4333-8444-555555555555"
    oauth_client_id: str = "sandbox-client"
    oauth_client_secret: str = "sandbox-client-secret"

    def everybody(self) -> tuple[Person, ...]:
        """Return the integration's account first, then the people."""
        own = Person(self.account_id, self.display_name, self.email, self.token, self.admin)
        return (own, *self.people)

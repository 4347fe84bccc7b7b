"""OAuth 2.0 (3LO): trading codes and refresh tokens, and finding the sites a grant reaches.

A refresh token is good for one use. Whoever calls `refreshed` holds a lock on the stored grant and
commits the answer before using it: a lost answer means that a person has to consent again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import requests

from integration.jira.failures import failure_of_answer, failure_without_answer
from integration.jira.sessions import TIMEOUT_S

if TYPE_CHECKING:
    from integration.foundation.clock import Clock
    from integration.jira.connection import OAuth

AUTH_BASE = "https://auth.atlassian.com"
API_BASE = "https://api.atlassian.com"
EARLY = timedelta(minutes=5)
"""How long before its end a grant counts as stale."""


@dataclass(frozen=True, slots=True)
class Reachable:
    """A site that a grant reaches."""

    cloud_id: str
    name: str
    site_url: str
    api_base: str


def is_stale(grant: OAuth, clock: Clock) -> bool:
    """Whether the access token is about to end."""
    return grant.expires_at is not None and grant.expires_at <= clock.now() + EARLY


def refreshed(grant: OAuth, clock: Clock, *, auth_base: str = AUTH_BASE) -> OAuth:
    """Trade the refresh token for a new grant; raises JiraFailure, permanent when it is refused."""
    return _traded(
        grant,
        {"grant_type": "refresh_token", "refresh_token": grant.refresh_token},
        clock,
        auth_base,
    )


def granted(
    grant: OAuth, code: str, redirect_uri: str, clock: Clock, *, auth_base: str = AUTH_BASE
) -> OAuth:
    """Trade the code of a consent for a grant; `grant` carries the app's id and secret."""
    return _traded(
        grant,
        {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri},
        clock,
        auth_base,
    )


def reachable(grant: OAuth, clock: Clock, *, api_base: str = API_BASE) -> list[Reachable]:
    """Return the sites that a grant reaches."""
    url = f"{api_base}/oauth/token/accessible-resources"
    headers = {"Authorization": f"Bearer {grant.access_token}", "Accept": "application/json"}
    found = _asked("GET", url, clock, headers=headers)
    return [
        Reachable(one["id"], one["name"], one["url"], f"{api_base}/ex/jira/{one['id']}")
        for one in found
    ]


def _traded(grant: OAuth, asked: dict[str, str], clock: Clock, auth_base: str) -> OAuth:
    body = {"client_id": grant.client_id, "client_secret": grant.client_secret, **asked}
    answer = _asked("POST", f"{auth_base}/oauth/token", clock, json=body)
    return replace(
        grant,
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token", grant.refresh_token),
        expires_at=clock.now() + timedelta(seconds=int(answer["expires_in"])),
    )


def _asked(method: str, url: str, clock: Clock, **options: Any) -> Any:
    try:
        response = requests.request(method, url, timeout=TIMEOUT_S, **options)
    except requests.RequestException as error:
        raise failure_without_answer(error, method, url) from None
    if not response.ok:
        raise failure_of_answer(response, clock.now())
    return response.json()

"""Who is in front of our pages: somebody at this very machine, or somebody signed in.

A deployment has one of two ways in. `Loopback` asks for no password and therefore answers only
requests that cannot come from elsewhere. `OpenId` trusts a provider; `sign_in.py` speaks with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from integration.foundation.errors import NotPermitted, Unauthenticated
from integration.people.role import Person

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from flask import Request

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")
PERSON, UNTIL, SECRET = "person", "until", "sign_in"
"""Where the signed cookie keeps who is signed in, until when (seconds since 1970), and the secret
of the sign-in."""
SOMEBODY_HERE = Person("", "somebody at this machine", is_deployment_admin=True)
"""Whoever sits at this machine could read its database anyway."""


class NotThisMachine(NotPermitted):
    """Pages without sign-in answer the machine they run on alone."""

    code = "not_this_machine"


class NotSignedIn(Unauthenticated):
    """The page needs to know who asks."""

    code = "not_signed_in"


@dataclass(frozen=True, slots=True)
class Loopback:
    """No sign-in. `reached_at` are the names and addresses by which others reach this process."""

    reached_at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenId:
    """Sign-in with an OpenID Connect provider."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    admins: frozenset[str] = frozenset()
    """Addresses of admins of every workspace, in lower case."""
    groups_claim: str = "groups"
    trusts_email: bool = False
    """Take an address of which the provider does not say that it checked it."""
    lasts_s: int = 8 * 3600


Login = Loopback | OpenId


def person_of(
    request: Request, cookie: MutableMapping[str, Any], login: Login, now: datetime,
    is_open: Callable[[str], bool],
) -> Person:  # fmt: skip
    """Return who asks. `is_open` says of a sign-in's secret whether nobody has ended it.

    Raises:
        NotThisMachine: there is no sign-in, and the request may come from elsewhere.
        NotSignedIn: nobody is signed in, or not any more.
    """
    if isinstance(login, Loopback):
        _admit(request, login)
        return SOMEBODY_HERE
    found = _signed_in(cookie, login, now)
    if not is_open(str(cookie.get(SECRET, ""))):
        raise NotSignedIn("Sign in to see this page")
    return found


def remember(
    cookie: MutableMapping[str, Any], person: Person, login: OpenId, secret: str, now: datetime
) -> None:
    """Note in the signed cookie who signed in; nothing of what it held before stays."""
    cookie.clear()
    cookie[SECRET] = secret
    cookie[PERSON] = {"email": person.email, "name": person.name, "groups": list(person.groups)}
    cookie[UNTIL] = int(now.timestamp()) + login.lasts_s


def _signed_in(cookie: MutableMapping[str, Any], login: OpenId, now: datetime) -> Person:
    kept, until = cookie.get(PERSON), cookie.get(UNTIL, 0)
    if not kept or datetime.fromtimestamp(until, UTC) <= now:
        raise NotSignedIn("Sign in to see this page")
    email = kept["email"]
    return Person(email, kept["name"], tuple(kept["groups"]), email in login.admins)


def _admit(request: Request, login: Loopback) -> None:
    """Let in somebody at this machine.

    The sender's address and the name it asked for must both be of the loopback interface, no proxy
    may stand between, and nobody else may be able to reach us: a proxy makes strangers look local,
    and a foreign name that resolves to 127.0.0.1 lets another site's script read along.
    """
    if not all(is_loopback(name) for name in login.reached_at):
        raise NotThisMachine("Others can reach this StoryMeter, so its pages need a sign-in")
    proxied = any(name in request.headers for name in FORWARDED)
    if proxied or not (is_loopback(request.remote_addr or "") and is_loopback(_host(request.host))):
        raise NotThisMachine("Pages are open to this machine only, at its loopback address")


def is_loopback(name: str) -> bool:
    """Say whether a host name or address can only mean this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("a.io")
    (True, True, True, False)
    """
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _host(host: str) -> str:
    """The name without its port; empty when it cannot be read."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""

"""Which person looks at our pages. Without sign-in, only someone at this very machine may.

The one place that sign-in with OpenID Connect will go through: until then it lets nobody in.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from integration.foundation.errors import NotPermitted

if TYPE_CHECKING:
    from flask import Request

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")


class SignInMissing(NotPermitted):
    """Pages need a sign-in that this deployment does not offer yet."""

    code = "sign_in_missing"


class NotThisMachine(NotPermitted):
    """Pages without sign-in answer the machine they run on alone."""

    code = "not_this_machine"


def admit(request: Request, login: str) -> None:
    """Let a person in, or raise NotPermitted.

    Without sign-in the sender's address and the name it asked for must both be of the loopback
    interface, and no proxy may stand between: a proxy makes strangers look local, and a foreign
    name that resolves to 127.0.0.1 lets another site's script read along.
    """
    if login != "loopback":
        raise SignInMissing("This deployment asks for sign-in, which is not set up")
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

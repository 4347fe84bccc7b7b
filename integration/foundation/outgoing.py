"""The one guard on the way to an address that somebody else named.

Slack names where an answer goes and where a picture is uploaded; a customer's Jira may answer with
a redirect. None of that leads into the network that we stand in. A name is resolved once, what it
resolves to is checked, and the connection goes to exactly that, so that a name which changes in
between gains nothing; each redirect goes the same way. The host that an operator named is trusted,
wherever it stands. Where a proxy is set, it resolves names, and what it lets through is its affair.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

TRANSLATED = IPv6Network("64:ff9b::/96")
"""NAT64: an IPv4 address in the last 32 bits."""


class ForbiddenAddress(requests.exceptions.InvalidURL):
    """The address leads somewhere that whoever named it has no business."""


class _Refused(HTTPError):
    """The same, in the language of urllib3."""


def guarded(session: requests.Session, *, trusted: str = "") -> requests.Session:
    """Let a session reach public addresses over TLS, and the host of the address `trusted`.

    The session's requests raise ForbiddenAddress for anything else.
    """
    host = (urlsplit(trusted).hostname or "").casefold()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _GuardedAdapter(host))
    return session


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet, also inside IPv6's ways to write IPv4.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:10.0.0.1")
    (True, False, False)
    """
    found = ip_address(address.partition("%")[0])
    inner = _inside(found) if isinstance(found, IPv6Address) else None
    return all(each.is_global and not each.is_multicast for each in (found, inner) if each)


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def resolved(host: str, port: int) -> list[str]:
    """Resolve a name to addresses, all of which are public.

    Raises:
        OSError: it does not resolve.
        _Refused: one of them is not public.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not all(is_public(address) for address in addresses):
        message = f"{host} is not on the open internet"
        raise _Refused(message)
    return addresses


class _GuardedAdapter(HTTPAdapter):
    """Makes connections by the class below, except to the trusted host."""

    def __init__(self, trusted_host: str) -> None:
        self._trusted_host = trusted_host
        self._plain = HTTPAdapter()
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        pools = {"http": HTTPConnectionPool, "https": _PinnedPool}
        self.poolmanager.pool_classes_by_scheme = pools

    def send(
        self, request: requests.PreparedRequest, *args: Any, **options: Any
    ) -> requests.Response:
        parts = urlsplit(request.url or "")
        host = (parts.hostname or "").casefold()
        if host and host == self._trusted_host:
            return self._plain.send(request, *args, **options)
        if parts.scheme != "https":
            raise ForbiddenAddress(f"{host} is asked for without TLS", request=request)
        if _is_ip(host) and not is_public(host):
            raise ForbiddenAddress(f"{host} is not on the open internet", request=request)
        try:
            return super().send(request, *args, **options)
        except _Refused as refused:
            raise ForbiddenAddress(str(refused), request=request) from None

    def close(self) -> None:
        self._plain.close()
        super().close()


def _is_ip(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


class _Pinned(HTTPSConnection):
    """Connects to what was checked, and to nothing that the name may mean a moment later.

    The certificate is still the name's.
    """

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        last: Exception | None = None
        for address in resolved(name, self.port):
            self._dns_host = address
            try:
                return super()._new_conn()
            except (OSError, HTTPError) as error:
                last = error
            finally:
                self._dns_host = name
        raise last or OSError(f"{name} has no address")


class _PinnedPool(HTTPSConnectionPool):
    ConnectionCls = _Pinned

"""Addresses that others name lead to the open internet, or to the host an operator named."""

from __future__ import annotations

import socket
from typing import Any

import pytest
import requests
import urllib3.util.connection

from integration.foundation.outgoing import ForbiddenAddress, _Pinned, guarded, is_public
from tests.small_server import listening


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1",
        "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "ff02::1",
    ],
)  # fmt: skip
def test_what_is_not_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_what_is_the_open_internet(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://[::1]:{port}/",
                "https://localhost:{port}/", "http://example.com/", "ftp://example.com/",
                "file:///etc/passwd"],
)  # fmt: skip
def test_this_machine_and_what_has_no_tls_are_refused_before_anything_is_sent(address: str) -> None:
    with listening() as (own, asked), guarded(requests.Session()) as session:
        # What is neither http nor https is refused by the library itself, as no address either.
        with pytest.raises((ForbiddenAddress, requests.exceptions.InvalidSchema)):
            session.get(address.format(port=own.rpartition(":")[2]), timeout=5)
        assert asked == []


def test_the_host_that_an_operator_named_is_trusted() -> None:
    with listening() as (own, asked), guarded(requests.Session(), trusted=own) as session:
        assert session.get(f"{own}/api", timeout=5).ok
        assert asked == ["/api"]


def test_a_trusted_host_redirects_no_further_into_the_network() -> None:
    with (
        listening() as (inner, seen),
        listening(inner.replace("127.0.0.1", "localhost") + "/secrets") as (own, _),
        guarded(requests.Session(), trusted=own) as session,
    ):
        with pytest.raises(ForbiddenAddress):
            session.get(own, timeout=5)
        assert seen == []


def test_a_name_that_changes_its_meaning_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    meanings = iter(["93.184.216.34", "127.0.0.1", "127.0.0.1"])
    connected_to: list[tuple[str, int]] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        assert host == "rebinding.example.com"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(meanings), port))]

    def connect(address: tuple[str, int], *_: object, **__: object) -> socket.socket:
        connected_to.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
    line = _Pinned("rebinding.example.com", 443)
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        line.connect()
    assert connected_to == [("93.184.216.34", 443)]
    assert line.host == "rebinding.example.com"


def test_one_inner_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def look_up(_: str, port: int, **__: Any) -> list[Any]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("93.184.216.34", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with guarded(requests.Session()) as session, pytest.raises(ForbiddenAddress):
        session.get("https://split.example.com/", timeout=5)

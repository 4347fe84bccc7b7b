"""Electricity Maps over HTTP: a local peer that answers in the documented shape, and worse."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integration.providers.electricity_maps import MOST_BYTES, ElectricityMaps, IntensityFailure
from tests.small_server import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "a-token-of-tests"


def hour(clock: str, g_per_kwh: float | None, **changes: Any) -> dict[str, Any]:
    """Return one hour as the service documents it."""
    return {
        "zone": "FR", "carbonIntensity": g_per_kwh, "datetime": f"2026-11-20T{clock}.000Z",
        "updatedAt": "2026-11-20T10:02:11.000Z", "createdAt": "2026-11-17T08:10:00.000Z",
        "emissionFactorType": "lifecycle", "isEstimated": False, "estimationMethod": None,
    } | changes  # fmt: skip


def history(*hours: dict[str, Any], zone: str = "FR") -> bytes:
    """Return an answer about a zone."""
    body = {"zone": zone, "history": list(hours), "temporalGranularity": "hourly"}
    return json.dumps(body).encode()


class Peer(BaseHTTPRequestHandler):
    """Answers everything with one status and body, and keeps what it was asked."""

    asked: list[tuple[str, dict[str, list[str]], str]]
    status: int
    body: bytes

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.asked.append((parts.path, parse_qs(parts.query), self.headers.get("auth-token", "")))
        self.send_response(self.status)
        if self.status in {301, 302, 307}:
            self.send_header("Location", f"http://{self.headers['Host']}/elsewhere")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)


@contextmanager
def peer(
    body: bytes = b"{}", status: int = 200
) -> Iterator[tuple[ElectricityMaps, list[tuple[str, dict[str, list[str]], str]]]]:
    """Yield a client of a peer that answers so, and what the peer was asked."""
    asked: list[tuple[str, dict[str, list[str]], str]] = []
    handler = type("Handler", (Peer,), {"asked": asked, "status": status, "body": body})
    with answering(handler) as address:
        yield ElectricityMaps(TOKEN, f"{address}/"), asked


def failure_of(body: bytes, status: int = 200) -> str:
    """Return what the client says of an answer."""
    with peer(body, status) as (client, _), pytest.raises(IntensityFailure) as failed:
        client.hours("FR")
    assert TOKEN not in str(failed.value)
    return str(failed.value)


def test_the_zone_and_the_convention_are_always_sent_and_the_token_in_its_header() -> None:
    with peer(history(hour("09:00:00", 31))) as (client, asked):
        client.hours("FR")

    assert asked == [(
        "/v3/carbon-intensity/history",
        {"zone": ["FR"], "emissionFactorType": ["lifecycle"], "temporalGranularity": ["hourly"]},
        TOKEN,
    )]  # fmt: skip


def test_hours_come_oldest_first_and_say_whether_they_are_estimated() -> None:
    answer = history(
        hour("09:00:00", 33, isEstimated=True, estimationMethod="TIME_SLICER_AVERAGE"),
        hour("08:00:00", 31.5),
    )
    with peer(answer) as (client, _):
        found = client.hours("FR")

    assert [(each.hour, each.g_per_kwh, each.is_estimated, each.estimation) for each in found] == [
        (datetime(2026, 11, 20, 8, tzinfo=UTC), 31.5, False, ""),
        (datetime(2026, 11, 20, 9, tzinfo=UTC), 33.0, True, "TIME_SLICER_AVERAGE"),
    ]


@pytest.mark.parametrize("useless", [
    hour("09:00:00", None), hour("09:30:00", 31), hour("09:00:00", -1), hour("09:00:00", 9000),
    hour("09:00:00", 31, datetime="2026-11-20T09:00:00"),
])  # fmt: skip
def test_hours_without_a_usable_value_are_left_out_and_never_made_up(useless: Any) -> None:
    with peer(history(hour("08:00:00", 30), useless)) as (client, _):
        assert [each.g_per_kwh for each in client.hours("FR")] == [30.0]


def test_a_value_that_does_not_say_is_not_taken_for_measured() -> None:
    silent = hour("09:00:00", 31)
    del silent["isEstimated"]
    with peer(history(silent)) as (client, _):
        assert client.hours("FR")[0].is_estimated


def test_an_answer_about_another_zone_is_refused() -> None:
    """Without a zone that it knows, the service answers for where the caller sits."""
    assert failure_of(history(hour("09:00:00", 31, zone="DE"), zone="DE")) == (
        "asked for FR, answered for DE"
    )
    assert failure_of(history(hour("09:00:00", 31, zone="DE"))) == "asked for FR, answered for DE"


def test_direct_values_are_refused_where_life_cycle_was_asked_for() -> None:
    said = failure_of(history(hour("09:00:00", 31, emissionFactorType="direct")))
    assert said == "the values are not life-cycle"


@pytest.mark.parametrize(("status", "said"), [
    (401, "token is refused"), (403, "not for this zone"), (404, "zone is not known"),
    (429, "asked too often"), (500, "HTTP 500"), (302, "HTTP 302"),
])  # fmt: skip
def test_refusals_are_named(status: int, said: str) -> None:
    assert said in failure_of(b"{}", status)


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with peer(b"", 302) as (client, asked), pytest.raises(IntensityFailure):
        client.hours("FR")
    assert [path for path, _, _ in asked] == ["/v3/carbon-intensity/history"]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"zone": "FR"}', b'{"history": 3}'])
def test_what_is_no_such_answer_is_refused(body: bytes) -> None:
    assert failure_of(body) == "the answer is not what the service documents"


def test_an_answer_without_end_is_cut_off() -> None:
    assert failure_of(b" " * (MOST_BYTES + 1)) == "the answer is too long or too slow"


def test_a_service_that_is_away_is_a_failure_and_no_crash() -> None:
    with peer() as (client, _):
        pass
    with pytest.raises(IntensityFailure, match="no answer"):
        client.hours("FR")

"""Reads a zone's hourly grid intensity from Electricity Maps (API v3).

Traps that are closed here: without a zone the service answers for the caller's own address, so the
zone is always sent and the echoed one checked; life-cycle factors are asked for and the answer's
kind is checked, since a book never mixes conventions; a value is an estimate until the grid's
operator has published, and says so; hours may be missing, and are revised later.
"""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

import msgspec
import requests

from integration.carbon.live_grid import HOUR, GridHour

SOURCE = "Electricity Maps, life-cycle"
ADDRESS = "https://api.electricitymaps.com"
PATH = "/v3/carbon-intensity/history"
LIFE_CYCLE = "lifecycle"
TIMEOUT_S = (3, 5)
"""To connect, and between two bytes of the answer."""
LONGEST_READ_S = 10.0
MOST_BYTES = 1_000_000
LARGEST_G_PER_KWH = 3000.0


class IntensityFailure(Exception):
    """The zone could not be read; the message may be shown and holds no secret."""


class _Hour(msgspec.Struct, rename="camel"):
    zone: str
    datetime: datetime
    carbon_intensity: float | None = None
    is_estimated: bool = True
    """Where the service does not say, we do not take it for measured."""
    estimation_method: str | None = None
    emission_factor_type: str = LIFE_CYCLE


class _History(msgspec.Struct):
    zone: str
    history: list[_Hour]


class ElectricityMaps:
    """Asks for one zone at a time; keeps no state. Redirects are not followed."""

    def __init__(self, token: str, address: str = ADDRESS) -> None:
        self._token = token
        self._address = address.rstrip("/")

    def hours(self, zone: str) -> list[GridHour]:
        """Return the last day's hours of a zone, oldest first; hours without a value are left out.

        Raises:
            IntensityFailure: refused, away, too slow, or not an answer about this zone.
        """
        return _hours_in(self._answer(zone), zone)

    def _answer(self, zone: str) -> bytes:
        asked = {"zone": zone, "emissionFactorType": LIFE_CYCLE, "temporalGranularity": "hourly"}
        try:
            with requests.Session() as session:
                # Neither proxies nor passwords out of the environment: the token goes to one place.
                session.trust_env = False
                with session.get(
                    f"{self._address}{PATH}", params=asked, headers={"auth-token": self._token},
                    timeout=TIMEOUT_S, allow_redirects=False, stream=True,
                ) as answer:  # fmt: skip
                    if answer.status_code != requests.codes.ok:
                        raise IntensityFailure(_refusal(answer.status_code))
                    return _read(answer)
        except requests.RequestException as away:
            raise IntensityFailure(f"no answer: {type(away).__name__}") from away


def _read(answer: requests.Response) -> bytes:
    body = bytearray()
    until = time.monotonic() + LONGEST_READ_S
    for part in answer.iter_content(16_384):
        body += part
        if len(body) > MOST_BYTES or time.monotonic() > until:
            raise IntensityFailure("the answer is too long or too slow")
    return bytes(body)


def _refusal(status: int) -> str:
    if status in {401, 403}:
        return f"the token is refused, or is not for this zone (HTTP {status})"
    if status == 404:
        return "the zone is not known there (HTTP 404)"
    if status == 429:
        return "asked too often (HTTP 429)"
    return f"HTTP {status}"


def _hours_in(body: bytes, zone: str) -> list[GridHour]:
    try:
        found = msgspec.json.decode(body, type=_History)
    except msgspec.DecodeError as wrong:
        raise IntensityFailure("the answer is not what the service documents") from wrong
    others = {found.zone, *(each.zone for each in found.history)} - {zone}
    if others:
        raise IntensityFailure(f"asked for {zone}, answered for {min(others)}")
    if any(each.emission_factor_type != LIFE_CYCLE for each in found.history):
        raise IntensityFailure("the values are not life-cycle")
    hours = {each.hour: each for each in map(_hour, found.history) if each is not None}
    return [hours[when] for when in sorted(hours)]


def _hour(said: _Hour) -> GridHour | None:
    value = said.carbon_intensity
    if value is None or not math.isfinite(value) or not 0 <= value <= LARGEST_G_PER_KWH:
        return None
    if said.datetime.tzinfo is None or said.datetime.timestamp() % HOUR.total_seconds():
        return None
    return GridHour(
        zone=said.zone, hour=said.datetime.astimezone(UTC), g_per_kwh=value,
        is_estimated=said.is_estimated, estimation=said.estimation_method or "", source=SOURCE,
    )  # fmt: skip

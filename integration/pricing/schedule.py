"""Which price holds at an instant: by start date, by time of day (UTC), by context length."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from integration.pricing.rates import ClassPrices, Rates, rates_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BEGINNING = date(1970, 1, 1)


class Unpriced(msgspec.Struct, frozen=True, gc=False):
    """There is no figure, and why. Never treat it as 0.

    Codes: unknown_model, unknown_provider, no_token_price, impossible_usage, unknown_accelerator,
    unknown_storage.
    """

    code: str
    reason: str


class Band(NamedTuple):
    """The price for calls with more input tokens than `above_input_tokens`."""

    above_input_tokens: int
    prices: ClassPrices
    rates: Rates | Unpriced


class Window(NamedTuple):
    """The bands that hold from a second of the day (UTC) until the next window."""

    from_second: int
    bands: tuple[Band, ...]


class Period(NamedTuple):
    """The windows of a day that hold from an instant until the next period."""

    start: datetime
    windows: tuple[Window, ...]


class Priceable(NamedTuple):
    """What a sampled instant charges: prices by context length, lowest threshold first."""

    bands: tuple[tuple[int, ClassPrices], ...]
    assumption: str | None = None


class Schedule:
    """All dated prices of one model at one service tier. Immutable once built."""

    __slots__ = ("_starts", "always", "periods", "source")

    def __init__(self, periods: tuple[Period, ...], source: str) -> None:
        self.periods = periods
        self.source = source
        self._starts = [period.start for period in periods]
        first = periods[0].windows[0].bands
        single = len(periods) == len(periods[0].windows) == len(first) == 1
        self.always: Rates | Unpriced | None = first[0].rates if single else None

    def bands_at(self, at: datetime) -> tuple[Band, ...]:
        """Return the bands that hold at an instant; a naive instant is read as UTC."""
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        position = bisect_right(self._starts, at) - 1
        windows = self.periods[max(position, 0)].windows
        if len(windows) == 1:
            return windows[0].bands
        instant = at.astimezone(UTC)
        second = instant.hour * 3600 + instant.minute * 60 + instant.second
        return next(w.bands for w in reversed(windows) if second >= w.from_second)

    def band_at(self, at: datetime, input_tokens: int) -> Band:
        """Return the one band that prices a call of that many input tokens."""
        bands = self.bands_at(at)
        for band in reversed(bands):
            if input_tokens > band.above_input_tokens:
                return band
        return bands[0]

    def dates(self) -> set[date]:
        """Return the days on which a price of this schedule starts."""
        return {period.start.date() for period in self.periods}

    def times(self) -> set[time]:
        """Return the times of day (UTC) at which a price of this schedule starts."""
        seconds = {w.from_second for period in self.periods for w in period.windows}
        return {_time_of(second) for second in seconds}


def build_schedule(
    name: str,
    dates: Iterable[date],
    times: Iterable[time],
    sample: Callable[[datetime], Priceable],
    source: str,
) -> Schedule:
    """Sample the price at every instant where it may change, and keep what differs.

    Exact, because prices are constant between the dates and times of day given here.
    """
    seconds = sorted({_seconds(time_of_day) for time_of_day in times} | {0})
    periods: list[Period] = []
    for day in sorted(set(dates) | {BEGINNING}):
        windows: list[Window] = []
        for second in seconds:
            midnight = datetime.combine(day, time(), UTC)
            priceable = sample(midnight + timedelta(seconds=second))
            since = day.isoformat() if day != BEGINNING else "base"
            window = Window(second, _bands(name, since, second, priceable))
            if not windows or _content(windows[-1]) != _content(window):
                windows.append(window)
        if not periods or [*map(_timed, periods[-1].windows)] != [*map(_timed, windows)]:
            periods.append(Period(datetime.combine(day, time(), UTC), tuple(windows)))
    return Schedule(tuple(periods), source)


def _bands(name: str, since: str, second: int, priceable: Priceable) -> tuple[Band, ...]:
    clock = f"T{_time_of(second):%H:%M}Z" if second else ""
    bands = []
    for above, prices in priceable.bands:
        length = f">{above}" if above else ""
        price_id = f"{name}@{since}{clock}{length}"
        rates = (
            rates_of(prices, price_id, priceable.assumption)
            if prices.prices_tokens
            else Unpriced("no_token_price", f"{name} has no price per token")
        )
        bands.append(Band(above, prices, rates))
    return tuple(bands)


def _content(window: Window) -> list[tuple[int, ClassPrices, str | None]]:
    return [
        (band.above_input_tokens, band.prices, getattr(band.rates, "assumption", None))
        for band in window.bands
    ]


def _timed(window: Window) -> tuple[int, list[tuple[int, ClassPrices, str | None]]]:
    return window.from_second, _content(window)


def _seconds(time_of_day: time) -> int:
    return time_of_day.hour * 3600 + time_of_day.minute * 60 + time_of_day.second


def _time_of(second: int) -> time:
    return time(second // 3600, second // 60 % 60, second % 60)

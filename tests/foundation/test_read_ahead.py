"""What is read every few seconds is read ahead of time by one, and no crowd waits for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from integration.foundation import read_ahead
from integration.foundation.read_ahead import AHEAD, MOST_KEPT, ReadAhead

KEPT_S = 10.0


class Hands:
    """A clock that is moved by hand."""

    seconds = 0.0


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> type[Hands]:
    monkeypatch.setattr(Hands, "seconds", 0.0)
    monkeypatch.setattr(read_ahead, "monotonic", lambda: Hands.seconds)
    return Hands


def test_a_value_is_kept_for_its_time(hands: type[Hands]) -> None:
    kept: ReadAhead[str, int] = ReadAhead(KEPT_S)
    assert kept.get("a", lambda _: 1) == 1
    hands.seconds = KEPT_S * AHEAD - 0.1
    assert kept.get("a", lambda _: 2) == 1
    hands.seconds = KEPT_S * AHEAD
    assert kept.get("a", lambda last: (last or 0) + 10) == 11


def test_while_one_reads_ahead_the_others_go_on_with_what_they_have(hands: type[Hands]) -> None:
    kept: ReadAhead[str, int] = ReadAhead(KEPT_S)
    kept.get("a", lambda _: 1)
    hands.seconds = KEPT_S * AHEAD
    told_meanwhile: list[int | None] = []

    def read(_: int | None) -> int:
        told_meanwhile.append(kept.get("a", lambda _: 3))
        return 2

    assert kept.get("a", read) == 2
    assert told_meanwhile == [1]


def test_where_there_is_none_one_reads_for_all(hands: type[Hands]) -> None:
    kept: ReadAhead[str, int] = ReadAhead(KEPT_S)
    reads: list[int] = []
    together = Barrier(8)

    def read(_: int | None) -> int:
        reads.append(1)
        return len(reads)

    def ask(_: int) -> int | None:
        together.wait()
        return kept.get("a", read)

    with ThreadPoolExecutor(8) as crowd:
        assert list(crowd.map(ask, range(8))) == [1] * 8
    assert hands.seconds == 0.0
    assert reads == [1]


def test_nothing_and_what_is_forgotten_are_asked_for_each_time(hands: type[Hands]) -> None:
    kept: ReadAhead[str, int | None] = ReadAhead(KEPT_S)
    assert kept.get("a", lambda _: None) is None
    assert kept.get("a", lambda _: 1) == 1
    kept.forget("a")
    assert kept.get("a", lambda last: 2 if last is None else 3) == 2
    hands.seconds = KEPT_S
    assert kept.get("a", lambda _: None) is None
    assert kept.get("a", lambda last: 4 if last is None else 5) == 4


def test_what_is_kept_has_an_end(hands: type[Hands]) -> None:
    kept: ReadAhead[int, int] = ReadAhead(KEPT_S)
    for key in range(MOST_KEPT + 1):
        kept.get(key, lambda _, key=key: key)  # type: ignore[misc]
    assert kept.get(0, lambda last: 7 if last is None else 8) == 7
    assert kept.get(MOST_KEPT, lambda _: 9) == MOST_KEPT
    assert hands.seconds == 0.0

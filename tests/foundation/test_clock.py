"""Clocks: one that a file moves, shared by processes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.foundation.clock import FixedClock, ShiftedClock, SystemClock, clock_from

if TYPE_CHECKING:
    from pathlib import Path

CHRISTMAS = datetime(2031, 12, 25, 12, tzinfo=UTC)


def test_a_file_moves_the_clock_for_everyone_who_reads_it(tmp_path: Path) -> None:
    mine, yours = ShiftedClock(tmp_path / "clock"), ShiftedClock(tmp_path / "clock")
    mine.move_to(CHRISTMAS)
    first, second = yours.now(), mine.now()
    assert CHRISTMAS <= first <= second < CHRISTMAS + timedelta(hours=1)
    assert first.tzinfo is UTC


def test_a_moved_clock_may_be_moved_back_and_goes_on_ticking(tmp_path: Path) -> None:
    clock = ShiftedClock(tmp_path / "clock")
    clock.move_to(CHRISTMAS)
    clock.move_to(CHRISTMAS - timedelta(days=400))
    assert clock.now() < CHRISTMAS - timedelta(days=399)
    assert clock.now() <= clock.now()


@pytest.mark.parametrize("content", [None, "", "0", "0.0\n"])
def test_without_a_shift_it_is_the_machines_clock(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "clock").write_text(content)
    before = SystemClock().now()
    assert before <= ShiftedClock(tmp_path / "clock").now() <= SystemClock().now()


def test_a_file_written_by_hand_counts_in_seconds(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("-86400\n")
    assert ShiftedClock(tmp_path / "clock").shift() == timedelta(days=-1)


def test_a_file_that_is_no_number_is_named(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text("tomorrow")
    with pytest.raises(ValueError, match="tomorrow"):
        ShiftedClock(tmp_path / "clock").now()


def test_a_clock_file_is_used_only_where_one_is_named(tmp_path: Path) -> None:
    assert clock_from(tmp_path / "clock") == ShiftedClock(tmp_path / "clock")
    assert isinstance(clock_from(None), SystemClock)
    assert FixedClock(CHRISTMAS).now() == CHRISTMAS

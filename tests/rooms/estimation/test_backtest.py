"""The back-test itself runs, on few teams; its report is `make backtest`."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING

from benchmarks import backtest

if TYPE_CHECKING:
    import pytest


def test_steady_teams_are_learnt_from_the_fourth_sprint_on() -> None:
    teams = [backtest.Team(backtest.REGIMES["stable"], Random(seed)) for seed in (1, 2, 3)]
    played = [story for team in teams for story in backtest.play(team)]
    figures = backtest.figures(played)
    assert figures["stories"] == 3 * 9 * 8
    # Wider than the report's 75 to 85 %, because two hundred stories scatter by some percent.
    assert 0.70 <= figures["coverage_80"] <= 0.90
    assert figures["error_reduction"] > 0.15


def test_the_first_sprints_estimates_are_the_uncalibrated_ones() -> None:
    played = backtest.play(backtest.Team(backtest.REGIMES["new_team"], Random(4)))
    first = [story for story in played if story.sprint == 0]
    assert all(story.stated == story.uncalibrated for story in first)


def test_the_last_line_is_one_json_object(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["backtest", "--teams", "1"])
    monkeypatch.setattr(backtest, "REGIMES", {"new_team": backtest.REGIMES["new_team"]})
    backtest.main()
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(last) == {"coverage_80", "median_abs_log_error", "error_reduction", "regimes"}
    assert set(last["regimes"]) == {"new_team"}

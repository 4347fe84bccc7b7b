"""The back-test itself runs, on few teams; its report is `make backtest`."""

from __future__ import annotations

import json
from random import Random

import pytest

from benchmarks import backtest, sprint_forecasts
from benchmarks.generated_sprints import SPRINT_REGIMES
from benchmarks.generated_teams import REGIMES, Team


def played(name: str, seeds: tuple[int, ...]) -> list[backtest.Played]:
    return [story for seed in seeds for story in backtest.play(Team(REGIMES[name], Random(seed)))]


def test_steady_teams_are_learnt_from_the_fourth_sprint_on() -> None:
    figures = backtest.figures(played("stable", (1, 2, 3)))
    assert figures["stories"] == 3 * 9 * 8
    # Wider than the report's 75 to 85 %, because two hundred stories scatter by some percent.
    assert 0.70 <= figures["coverage_80"] <= 0.90
    assert figures["error_reduction"] > 0.15
    # Who knows all habits is nearer; what is left to them is noise.
    assert figures["error_reduction"] < figures["oracle_error_reduction"] < 1


def test_the_first_sprints_estimates_are_the_uncalibrated_ones() -> None:
    first = [story for story in played("new_team", (4,)) if story.sprint == 0]
    assert all(story.stated == story.uncalibrated for story in first)
    assert any(story.oracle != story.uncalibrated.central for story in first)


@pytest.mark.parametrize(
    ("regime", "coverage", "reduction", "kept"),
    [
        ("stable", 0.80, 0.31, True),
        ("stable", 0.80, 0.29, False),
        ("stable", 0.74, 0.31, False),
        ("unbiased_stable", 0.80, 0.22, True),
        ("unbiased_stable", 0.86, 0.31, False),
        ("all", 0.80, 0.29, False),
    ],
)
def test_an_error_is_promised_where_there_is_a_bias_to_learn_and_a_range_everywhere(
    regime: str, coverage: float, reduction: float, kept: bool
) -> None:
    row = {"coverage_80": coverage, "error_reduction": reduction}
    assert backtest.is_kept(regime, row) is kept


def test_the_last_line_is_one_json_object(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["backtest", "--teams", "1", "--sprints", "3"])
    monkeypatch.setattr(sprint_forecasts, "SPRINT_REGIMES", {"even": SPRINT_REGIMES["even"]})
    monkeypatch.setattr(backtest, "REGIMES", {"new_team": REGIMES["new_team"]})
    backtest.main()
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert set(last) == {"coverage_80", "median_abs_log_error", "error_reduction", "regimes"}
    assert set(last["regimes"]) == {"new_team", "forecast_even"}

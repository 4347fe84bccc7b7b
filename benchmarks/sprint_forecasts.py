"""How often the forecast to Sprint end held what it promised, asked in the midst of Sprints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random
from statistics import median

from benchmarks.generated_sprints import (
    DAYS,
    SPRINT_REGIMES,
    PlayedSprint,
    SprintRegime,
    play_sprint,
)
from integration.forecasting.sprint_forecast import forecast

ASKED_AT_PCT = (0, 25, 50, 75)
"""How much of the Sprint is over when the forecast is asked. At 0 only the plan is known."""


@dataclass
class Asked:
    """What became of the forecasts of one instant."""

    held: list[bool] = field(default_factory=list)
    log_errors: list[float] = field(default_factory=list)

    def ask(self, played: PlayedSprint, pct: int) -> None:
        """Forecast a Sprint and compare with what it came to; no forecast counts as none."""
        total = played.total_nanousd
        found = forecast(*played.so_far(pct / 100 * DAYS))
        if found is not None and total:
            self.held.append(found.low <= total <= found.high)
            self.log_errors.append(abs(math.log(max(found.central, 1) / total)))


def asked(regime: SprintRegime, sprints: int, seed: int) -> dict[int, Asked]:
    """Play Sprints and forecast each of them at every instant."""
    random = Random(seed)
    found = {pct: Asked() for pct in ASKED_AT_PCT}
    for _ in range(sprints):
        played = play_sprint(regime, random)
        for pct, each in found.items():
            each.ask(played, pct)
    return found


def forecast_figures(found: dict[int, Asked]) -> dict[str, float]:
    """Sum up a regime: in all from a quarter of the Sprint on, and instant by instant."""
    later = [each for pct, each in found.items() if pct]
    row = {
        "sprints": float(len(later[0].held)),
        "coverage_80": _share([held for each in later for held in each.held]),
        "median_abs_log_error": round(median(e for each in later for e in each.log_errors), 4),
    }
    for pct, each in found.items():
        if each.held:
            row[f"coverage_80_at_{pct}_pct"] = _share(each.held)
            row[f"median_abs_log_error_at_{pct}_pct"] = round(median(each.log_errors), 4)
    return row


def all_forecasts(sprints: int, first_seed: int) -> dict[str, dict[str, float]]:
    """Figures of every regime of `generated_sprints.py`."""
    return {
        name: forecast_figures(asked(regime, sprints, first_seed + number))
        for number, (name, regime) in enumerate(SPRINT_REGIMES.items())
    }


def _share(held: list[bool]) -> float:
    return round(sum(held) / len(held), 4)

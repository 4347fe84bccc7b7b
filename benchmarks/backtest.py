"""Do the ranges hold what they promise? Sprints whose truth is known, played through the estimator.

Teams are generated: each plans stories as `integration.estimation` reads them, and uses more or
less than planned. Before a Sprint the estimator sees only what closed before it. Reported from the
fourth Sprint on: how often the actual cost lay inside the 80 % range, the median absolute log error
of the central figure, and how much lower it is than without calibration.

Beside it stands what could be reached. The *oracle* is told the team's true habits of that Sprint
and the true mean lengths; what it misses is noise that no estimator can foresee. It also knows what
nobody can learn from a few Sprints, so *told the variances* is the nearer bound: the same
regression, told how teams are drawn in this regime but not what was drawn.

The teams are those of `generated_teams.py`. The regimes `trace` are left out, and said to be, where
the real calls are absent (`STORYMETER_SHARED_DIR`, default `../shared`).

Constants of the estimator were chosen on the seeds of `--development`; the report uses others.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks.generated_teams import REGIMES, Calls, Team
from benchmarks.sprint_forecasts import ASKED_AT_PCT, all_forecasts
from integration.carbon.carbon_book import default_carbon_book
from integration.estimation.calibration import Calibration, Outcome
from integration.estimation.forecast import estimate
from integration.estimation.likeness import VARIANCES
from integration.estimation.subject import subject_of
from integration.estimation.variances import History
from integration.pricing.price_book import default_price_book

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from integration.estimation.similarity import StoryTraits
    from integration.estimation.workload import Estimate, Range, Workload

FIRST_DAY = datetime(2026, 1, 5, tzinfo=UTC)
PRICED_AT = datetime(2026, 11, 1, tzinfo=UTC)
SPRINT = timedelta(days=14)
LEARNT_AFTER = 3  # Reported from the fourth Sprint on.
PROMISED = 0.30
DEVELOPMENT_SEED, REPORT_SEED = 10_000, 30_000
TRACE = "data/traces/azure_llm_code_2023.csv"


@dataclass
class Played:
    """One story as estimated and as it came out; costs in nano-USD, errors are logarithms."""

    sprint: int
    stated: Range
    uncalibrated: Range
    oracle: int
    actual: int
    told_error: float = 0.0

    @property
    def is_within(self) -> bool:
        """Whether the actual cost lay in the stated range."""
        return self.stated.low <= self.actual <= self.stated.high

    @property
    def was_within_prior(self) -> bool:
        """Whether the actual cost lay in the range that needs no history."""
        return self.uncalibrated.low <= self.actual <= self.uncalibrated.high

    def log_error(self, central: int) -> float:
        """Absolute logarithm of actual / central."""
        return abs(math.log(self.actual / central))


def play(team: Team) -> list[Played]:
    """Play all Sprints of a team; each estimate knows only what closed before its Sprint."""
    outcomes: list[Outcome] = []
    played = []
    for sprint in range(team.regime.sprints):
        team.start_sprint(sprint)
        starts = FIRST_DAY + sprint * SPRINT
        calibration = Calibration(outcomes, starts)
        for _ in range(team.regime.stories):
            drawn = team.story(sprint)
            actual = _cost(_estimated(drawn.used)).central
            stated = _estimated(drawn.planned, drawn.traits, calibration)
            oracle = _cost(_estimated(drawn.true)).central
            plain = _cost(_estimated(drawn.planned))
            played.append(Played(sprint, _cost(stated), plain, oracle, actual))
            outcomes.append(_outcome(drawn.traits, stated, actual, starts + SPRINT))
    _add_told(team, played, outcomes)
    return played


def _add_told(team: Team, played: list[Played], outcomes: Sequence[Outcome]) -> None:
    """Work out how far the regression is off that is told how teams of this regime are drawn."""
    ratios = [math.log(each.actual / each.uncalibrated.central) for each in played]
    days = [outcome.closed_at.timestamp() / 86_400 for outcome in outcomes]
    subjects = [outcome.subject for outcome in outcomes]
    told = team.regime.variances
    history = History(list(zip(subjects, days, ratios, strict=True)))
    fit = history.fit([told[name] for name in (*VARIANCES, "noise")])
    for each, ratio, (mean, _) in zip(played, ratios, fit.foreseen, strict=True):
        each.told_error = abs(ratio - mean)


def _estimated(
    workloads: tuple[Workload, ...],
    traits: StoryTraits | None = None,
    calibration: Calibration | None = None,
) -> Estimate:
    return estimate(
        workloads, at=PRICED_AT, price_book=default_price_book(),
        carbon_book=default_carbon_book(), default_region="us-east-1", traits=traits,
        calibration=calibration,
    )  # fmt: skip


def _cost(estimated: Estimate) -> Range:
    assert estimated.list_cost_nanousd is not None
    return estimated.list_cost_nanousd


def _outcome(traits: StoryTraits, stated: Estimate, actual: int, closed_at: datetime) -> Outcome:
    cost = _cost(stated)
    shift = stated.calibration.log_shift if stated.calibration else 0.0
    return Outcome(
        subject_of(stated.workloads, traits), cost.central, cost.low, cost.high, actual, closed_at,
        log_shift=shift,
    )  # fmt: skip


def figures(played: Sequence[Played]) -> dict[str, float]:
    """Sum up the stories from the fourth Sprint on."""
    later = [story for story in played if story.sprint >= LEARNT_AFTER]
    error = median(story.log_error(story.stated.central) for story in later)
    plain = median(story.log_error(story.uncalibrated.central) for story in later)
    oracle = median(story.log_error(story.oracle) for story in later)
    told = median(story.told_error for story in later)
    return {
        "stories": len(later),
        "coverage_80": round(sum(story.is_within for story in later) / len(later), 4),
        "median_abs_log_error": round(error, 4),
        "uncalibrated_median_abs_log_error": round(plain, 4),
        "error_reduction": round(1 - error / plain, 4),
        "told_the_variances_error_reduction": round(1 - told / plain, 4),
        "oracle_error_reduction": round(1 - oracle / plain, 4),
        "prior_coverage": round(sum(story.was_within_prior for story in later) / len(later), 4),
    }


def is_kept(name: str, row: dict[str, float]) -> bool:
    """Whether a row holds what is promised.

    A team without a bias of its own leaves little to learn, see the bounds beside it: there only
    the range is held to anything.
    """
    if not 0.75 <= row["coverage_80"] <= 0.85:
        return False
    is_unbiased = name in REGIMES and not REGIMES[name].bias
    return is_unbiased or row["error_reduction"] >= PROMISED


@cache
def read_trace() -> Calls:
    """Input and output tokens of the real calls, in order; empty where the file is absent."""
    path = Path(os.environ.get("STORYMETER_SHARED_DIR", "../shared")) / TRACE
    if not path.is_file():
        return []
    with path.open(newline="") as lines:
        return [
            (int(row["ContextTokens"]), int(row["GeneratedTokens"]))
            for row in csv.DictReader(lines)
        ]


def play_one(name: str, seed: int) -> list[Played]:
    """Play one team of a regime."""
    regime = REGIMES[name]
    return play(Team(regime, Random(seed), read_trace() if regime.real_lengths else []))


def run(teams: int, first_seed: int, tell: Callable[[str], None]) -> dict[str, list[Played]]:
    """Play every regime with this many teams, each with a seed of its own."""
    wanted = [name for name, regime in REGIMES.items() if read_trace() or not regime.real_lengths]
    for name in REGIMES.keys() - wanted:
        tell(f"{name}: left out, no {TRACE} under STORYMETER_SHARED_DIR")
    results: dict[str, list[Played]] = {}
    with ProcessPoolExecutor() as processes:
        for number, name in enumerate(REGIMES):
            if name in wanted:
                seeds = range(first_seed + 1000 * number, first_seed + 1000 * number + teams)
                found = processes.map(play_one, [name] * teams, seeds)
                results[name] = [story for played in found for story in played]
                tell(f"{name}: {teams} teams played")
    return results


def main() -> int:
    """Run the back-test; exit 1 when an estimate's promise is not kept, in all or in one regime."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--teams", type=int, default=25, help="teams per regime")
    parser.add_argument("--sprints", type=int, default=500, help="forecast Sprints per regime")
    parser.add_argument("--development", action="store_true", help="use the development seeds")
    options = parser.parse_args()
    seed = DEVELOPMENT_SEED if options.development else REPORT_SEED
    results = run(options.teams, seed, lambda line: print(line, file=sys.stderr))
    regimes = {name: figures(played) for name, played in results.items()}
    whole = figures([story for played in results.values() for story in played])
    rows = {**regimes, "all": whole}
    kept = all(is_kept(name, row) for name, row in rows.items())
    table = Table(
        "regime", "stories", "80 % range held", "log error", "uncalibrated", "lower by",
        "told the variances", "oracle", "prior held", "kept",
    )  # fmt: skip
    for name, row in rows.items():
        table.add_row(
            name, f"{row['stories']:.0f}", f"{row['coverage_80']:.1%}",
            f"{row['median_abs_log_error']:.3f}", f"{row['uncalibrated_median_abs_log_error']:.3f}",
            f"{row['error_reduction']:.0%}", f"{row['told_the_variances_error_reduction']:.0%}",
            f"{row['oracle_error_reduction']:.0%}", f"{row['prior_coverage']:.0%}",
            "yes" if is_kept(name, row) else "NO",
        )  # fmt: skip
    console = Console(width=120)
    console.print(table)
    forecasts = all_forecasts(options.sprints, seed)
    console.print(_forecast_table(forecasts))
    regimes |= {f"forecast_{name}": row for name, row in forecasts.items()}
    last = {key: whole[key] for key in ("coverage_80", "median_abs_log_error", "error_reduction")}
    print(json.dumps({**last, "regimes": regimes}))
    return 0 if kept else 1


def _forecast_table(forecasts: dict[str, dict[str, float]]) -> Table:
    instants = [f"range held at {pct} %" for pct in ASKED_AT_PCT]
    table = Table("Sprint forecast", "Sprints", "from a quarter on", *instants, "log error")
    for name, row in forecasts.items():
        at = [row.get(f"coverage_80_at_{pct}_pct") for pct in ASKED_AT_PCT]
        table.add_row(
            name, f"{row['sprints']:.0f}", f"{row['coverage_80']:.0%}",
            *("–" if share is None else f"{share:.0%}" for share in at),
            f"{row['median_abs_log_error']:.2f}",
        )  # fmt: skip
    return table


if __name__ == "__main__":
    sys.exit(main())

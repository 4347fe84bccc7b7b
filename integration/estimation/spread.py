"""How far what is used strays from what was planned, before a team has any history.

Errors are factors, so they are kept as standard deviations of the natural logarithm (log sd) of
actual / planned, normal in the logarithm; P10 and P90 lie 1.2816 of them away from the median.

Lengths. A planner knows the length of a call from the few that were looked at. The constants are
the log sd of the mean of 5, 10 or 30 calls drawn from one hour of 8,819 real calls of an LLM coding
service (Azure/AzurePublicDataset, AzureLLMInferenceTrace_code, 2023, CC-BY 4.0; Patel et al.,
"Splitwise", ISCA 2024): its input lengths have a coefficient of variation of 0.96, its output
lengths one of 2.15, and the two do not go together (correlation of the logarithms −0.004).

Calls. An hour of calls says nothing about a Sprint's number of them, and nobody has published how
such plans err. How software people's plans of another amount err is known: of 2,689 tasks that one
company planned at 7 to 35 hours (one to five of its days, the size of a story), 80 % ended within a
factor of 3.5 of the plan (Jones and Cullum, "A conversation around the analysis of the SiP effort
estimation dataset", arXiv 1901.01621; the repository Derek-Jones/SiP_dataset, tasks counted once).
That factor is taken for calls that people decide on. What makes other kinds surer or less sure is
our judgement, as a power of it; runs of one task by an agent differed by up to a factor of 30 (Bai
et al., arXiv 2604.22750).

Several workloads. One planner, one feature and one audience stand behind all rows of a story: half
of each row's variance is taken as common to all, half as its own. That half is our judgement too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.estimation.workload import Kind, Range

if TYPE_CHECKING:
    from collections.abc import Sequence

Z_P90 = 1.2815515594600038
"""Standard normal quantile of 0.9."""
COMMON_SHARE = 0.5
LARGEST = 2**63 - 1
"""Columns are 64 bits wide; only an absurd history on an absurd plan gets here."""

LENGTH_LOG_SD = {5: (0.46, 0.60), 10: (0.32, 0.48), 30: (0.18, 0.34)}
"""Calls looked at → log sd of the mean input length and of the mean output length."""
CALLS_LOOKED_AT: dict[Kind, int] = {"agent": 5, "embedding": 30, "batch": 30}
USUALLY_LOOKED_AT = 10

CALLS_WITHIN_FACTOR: dict[Kind, float] = {
    "embedding": 2.1,  # The documents can be counted beforehand.
    "batch": 2.1,
    "training": 2.3,  # Applies to accelerator-hours: an epoch is known, restarts are not.
    "chat": 3.5,  # People decide how often they ask.
    "summary": 3.5,
    "other": 3.5,
    "agent": 7.3,  # The agent itself decides how many calls one task takes.
}
"""The factor within which four of five plans fall."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Natural logarithms of P10 / P50 (≤ 0) and P90 / P50 (≥ 0)."""

    low: float
    high: float

    def around(self, central: int) -> Range:
        """Return the range that this spread makes of a central figure, in whole units."""
        middle = min(central, LARGEST)
        return Range(
            min(middle, round(middle * math.exp(self.low))),
            middle,
            min(LARGEST, max(middle, round(middle * math.exp(self.high)))),
        )


def calls_log_sd(kind: Kind) -> float:
    """Log sd of actual / planned calls, or accelerator-hours."""
    return math.log(CALLS_WITHIN_FACTOR[kind]) / Z_P90


def usage_log_sd(kind: Kind, input_share: float) -> float:
    """Log sd of one workload's quantity of which `input_share` (0 to 1) comes from input tokens.

    The errors of calls, input lengths and output lengths are independent.
    """
    of_input, of_output = LENGTH_LOG_SD[CALLS_LOOKED_AT.get(kind, USUALLY_LOOKED_AT)]
    return math.hypot(calls_log_sd(kind), input_share * of_input, (1 - input_share) * of_output)


def sum_log_sd(parts: Sequence[tuple[int, float]]) -> float:
    """Log sd of a sum from its parts' central figures and log sds, to first order.

    With shares wᵢ of the sum: s² = c·(Σ wᵢsᵢ)² + (1 − c)·Σ (wᵢsᵢ)², where c is COMMON_SHARE.
    """
    total = sum(central for central, _ in parts)
    if not total:
        return 0.0
    weighted = [central / total * log_sd for central, log_sd in parts]
    common = COMMON_SHARE * sum(weighted) ** 2
    return math.sqrt(common + (1 - COMMON_SHARE) * sum(share**2 for share in weighted))


def prior_spread(log_sd: float) -> Spread:
    """The spread without history: symmetric in the logarithm."""
    return Spread(-Z_P90 * log_sd, Z_P90 * log_sd)


def with_factor(usage: Spread, factor: Range) -> Spread:
    """Widen a usage spread by the factor's own low and high, as independent errors of factors.

    The factor's range is the sum of the workloads' lows and highs, because what makes it wide (how
    many calls share a machine, how large a closed model is) errs the same way for all of them.
    """
    if not factor.central:
        return usage
    down = math.log(factor.central / max(factor.low, 1))
    up = math.log(max(factor.high, 1) / factor.central)
    return Spread(-math.hypot(usage.low, max(down, 0.0)), math.hypot(usage.high, max(up, 0.0)))

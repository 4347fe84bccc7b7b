"""Teams that plan and then use more or less: generated, so that the truth is known.

How teams err is our assumption, written below as the regimes; no public data says it. Each regime
comes twice: with people who plan too little on average, and, as `unbiased_…`, with people who do
not. The regimes `trace` take the lengths of their calls from one hour of real calls
(Azure/AzurePublicDataset, AzureLLMInferenceTrace_code, CC-BY 4.0; Patel et al., "Splitwise", ISCA
2024): its planner quotes the middle one of ten calls looked at, which is far below the mean of
skewed lengths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from decimal import Decimal
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

from integration.estimation.similarity import StoryTraits
from integration.estimation.workload import Kind, Workload

if TYPE_CHECKING:
    from random import Random

MODELS = ("gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini")
LENGTHS: dict[Kind, tuple[int, int]] = {
    "chat": (1500, 250), "summary": (6000, 400), "agent": (9000, 700), "batch": (900, 120),
}  # fmt: skip
TOPICS = (
    "checkout basket payment", "invoice refund ledger", "search ranking catalogue",
    "onboarding letter contract", "warehouse parcel label", "review rating photo",
)  # fmt: skip
Calls = list[tuple[int, int]]
MOST_CALLS = 10**8
"""Beyond this a story is no longer counted (`forecast.BEYOND_COUNTING`)."""


@dataclass(frozen=True)
class Regime:
    """How a team errs: standard deviations of natural logarithms of actual / planned."""

    sprints: int = 12
    stories: int = 8
    bias: float = 0.5
    """Mean over teams: people plan too little (a factor of 1.65)."""
    teams_differ: float = 0.4
    kinds_differ: float = 0.35
    models_differ: float = 0.15
    epics_differ: float = 0.2
    topics_differ: float = 0.0
    """Topics show in the summaries' words; at 0 these words say nothing."""
    noise: float = 0.4
    drift: float = 0.0
    """Per Sprint, a random walk."""
    jump: float = 0.0
    """Once, up or down, in a random Sprint."""
    heavy_tails: bool = False
    """Student's t with 3 degrees of freedom, and one story in twenty runs away tenfold."""
    sprints_per_epic: int = 4
    real_lengths: bool = False

    @property
    def variances(self) -> dict[str, float]:
        """How teams are drawn, as the variances of `integration.estimation.likeness`."""
        per_sprint = self.drift**2 + self.jump**2 / max(1, self.sprints - 2)
        lengths = 0.22**2 if not self.real_lengths else 0.3**2
        of_length = 0.03 if self.real_lengths else 0.0
        return {
            "habit": self.bias**2 + self.teams_differ**2, "drift": per_sprint, "team": 0.0,
            "kind": self.kinds_differ**2, "model": self.models_differ**2,
            "epic": self.epics_differ**2, "words": self.topics_differ**2, "calls": 0.0,
            "input_tokens": of_length, "output_tokens": of_length,
            "noise": self.noise**2 + lengths,
        }  # fmt: skip


BIASED = {
    "stable": Regime(),
    "drifting": Regime(drift=0.12, jump=0.6),
    "heavy_tailed": Regime(heavy_tails=True),
    "new_team": Regime(sprints=6, stories=5, sprints_per_epic=2),
    "trace": Regime(noise=0.3, models_differ=0.0, real_lengths=True),
}
REGIMES = {
    **BIASED,
    **{f"unbiased_{name}": replace(regime, bias=0.0) for name, regime in BIASED.items()},
    "unbiased_worded": Regime(bias=0.0, topics_differ=0.35),
}


class Drawn(NamedTuple):
    """A story: what is planned, what is used, and what one who knew all habits would plan."""

    traits: StoryTraits
    planned: tuple[Workload, ...]
    used: tuple[Workload, ...]
    true: tuple[Workload, ...]


@dataclass
class Team:
    """A generated team: its habits are drawn once, its stories Sprint by Sprint."""

    regime: Regime
    random: Random
    trace: Calls = field(default_factory=list)
    habits: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now_off = self.random.gauss(self.regime.bias, self.regime.teams_differ)
        self.jump_in = self.random.randrange(2, self.regime.sprints)
        if self.regime.real_lengths:
            self.mean_lengths = tuple(
                Decimal(round(fmean(column))) for column in zip(*self.trace, strict=True)
            )

    def start_sprint(self, sprint: int) -> None:
        """Let the team's habits drift."""
        self.now_off += self.random.gauss(0, self.regime.drift)
        if sprint == self.jump_in:
            self.now_off += self.random.choice((-1, 1)) * self.regime.jump

    def story(self, sprint: int) -> Drawn:
        """Draw a story."""
        epic = f"EPIC-{sprint // self.regime.sprints_per_epic}-{self.random.randrange(2)}"
        topic = self.random.choice(TOPICS)
        words = (*self.random.sample(topic.split(), 2), f"step{self.random.randrange(40)}")
        traits = StoryTraits("", " ".join(words), epic=epic)
        rows = 2 if self.random.random() < 0.25 else 1
        triples = [self._workload(f"Row {row}", epic, topic) for row in range(rows)]
        planned, used, true = zip(*triples, strict=True)
        return Drawn(traits, planned, used, true)

    def _workload(self, name: str, epic: str, topic: str) -> tuple[Workload, Workload, Workload]:
        kind: Kind = self.random.choice(tuple(LENGTHS))
        model = self.random.choice(MODELS)
        planned_in, planned_out, used_in, used_out = (
            self._real_lengths() if self.regime.real_lengths else self._lengths(kind)
        )
        habit = self.now_off + self._habit(f"kind {kind}", self.regime.kinds_differ)
        habit += self._habit(f"model {model}", self.regime.models_differ)
        habit += self._habit(f"epic {epic}", self.regime.epics_differ)
        habit += self._habit(f"topic {topic}", self.regime.topics_differ)
        calls = _as_people_write(math.exp(self.random.gauss(8, 1)))
        plan = Workload(
            name=name, kind=kind, provider_name="openai", model=model, calls=calls,
            input_tokens=planned_in, output_tokens=planned_out, cached_share=Decimal(0),
        )  # fmt: skip
        used = replace(
            plan, calls=_times(calls, habit + self._noise()), input_tokens=used_in,
            output_tokens=used_out,
        )  # fmt: skip
        true = replace(plan, calls=_times(calls, habit))
        if self.regime.real_lengths:
            given, written = self.mean_lengths
            true = replace(true, input_tokens=given, output_tokens=written)
        return plan, used, true

    def _lengths(self, kind: Kind) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        typical_in, typical_out = LENGTHS[kind]
        given = _as_people_write(typical_in * math.exp(self.random.gauss(0, 0.6)))
        written = _as_people_write(typical_out * math.exp(self.random.gauss(0, 0.6)))
        return given, written, self._near(given, 0.2), self._near(written, 0.3)

    def _near(self, planned: Decimal, log_sd: float) -> Decimal:
        return Decimal(max(1, round(float(planned) * math.exp(self.random.gauss(0, log_sd)))))

    def _real_lengths(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """Look at ten real calls and quote the middle; use the mean of the sixty that follow."""
        start = self.random.randrange(len(self.trace) - 70)
        looked_at, used = self.trace[start : start + 10], self.trace[start + 10 : start + 70]
        return (
            _as_people_write(median(call[0] for call in looked_at)),
            _as_people_write(median(call[1] for call in looked_at)),
            Decimal(sum(call[0] for call in used)) / 60,
            Decimal(sum(call[1] for call in used)) / 60,
        )

    def _noise(self) -> float:
        draw = self.random.gauss(0, self.regime.noise)
        if not self.regime.heavy_tails:
            return draw
        chi_squared = sum(self.random.gauss(0, 1) ** 2 for _ in range(3))
        ran_away = math.log(10) if self.random.random() < 0.05 else 0.0
        return draw / math.sqrt(chi_squared / 3) + ran_away

    def _habit(self, what: str, log_sd: float) -> float:
        return self.habits.setdefault(what, self.random.gauss(0, log_sd))


def _as_people_write(number: float) -> Decimal:
    return Decimal(f"{max(1.0, number):.1e}").quantize(Decimal(1))


def _times(calls: Decimal, log_factor: float) -> Decimal:
    return Decimal(min(MOST_CALLS, max(1, round(float(calls) * math.exp(log_factor)))))

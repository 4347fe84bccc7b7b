"""How a team's actuals differ from its plans, by kind, model and epic; thin groups lean on wider.

ln(actual / planned) = team + kind + model + epic + noise. Each group's effect is its robust mean
times n / (n + noise variance / variance between groups): a group with few stories stays near the
wider group, one with many follows its own. The team itself leans on 0, the plan as it stands.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integration.estimation.robust_statistics import effective_count, robust_mean, robust_scale

if TYPE_CHECKING:
    from collections.abc import Sequence

TEAM_VARIANCE = math.log(2) ** 2
"""Before any data: a team's plans are off by a factor of about 2 as a whole (our judgement)."""
GROUP_VARIANCE = {"kind": 0.10, "model": 0.04, "epic": 0.04}
"""Before any data: kinds differ by about a factor 1.4, models and epics by 1.2 (our judgement)."""
GROUP_VARIANCE_WEIGHT = 3.0  # As many groups as the guess above counts for.
SMALLEST_VARIANCE = 0.005
NOISE_VARIANCE = 0.25
NOISE_WEIGHT = 4.0  # As many stories as the guess above counts for.
KIND_SCALE_WEIGHT = 12.0  # Stories of a kind before its own scale counts for half.
PASSES = 2


@dataclass(frozen=True, slots=True)
class Observation:
    """One closed story; `day` counts days from any fixed start. "" is no group."""

    kind: str
    model: str
    epic: str
    log_ratio: float
    day: float

    def group(self, level: str) -> str:
        """Return the story's group at a level."""
        return str(getattr(self, level))


@dataclass(frozen=True, slots=True)
class Effect:
    """A shrunk effect on the logarithm, what is still unknown of it, and how far it was trusted."""

    shift: float
    variance: float
    trust: float = 0.0


@dataclass(frozen=True, slots=True)
class Effects:
    """A fit: effects of the team and of its groups by (level, group), and the noise variances."""

    team: Effect
    groups: dict[tuple[str, str], Effect]
    unseen: dict[str, float]
    """Variance of the effect of a group never seen, by level."""
    noise: float
    kind_noise: dict[str, float]

    def predict(self, kind: str, model: str, epic: str) -> tuple[float, float]:
        """Return the expected logarithm of actual / planned and the scale of its error."""
        shift, variance = self.team.shift, self.team.variance
        for level, group in (("kind", kind), ("model", model), ("epic", epic)):
            if group:
                effect = self.groups.get((level, group)) or Effect(0.0, self.unseen[level])
                shift += effect.shift
                variance += effect.variance
        return shift, math.sqrt(variance + self.kind_noise.get(kind, self.noise))


def fit_effects(
    observations: Sequence[Observation], today: float, half_life_days: float
) -> Effects:
    """Fit the effects as of a day; an observation's weight halves every `half_life_days`."""
    if not observations:
        return Effects(Effect(0.0, TEAM_VARIANCE), {}, GROUP_VARIANCE, NOISE_VARIANCE, {})
    fit = _Fit(
        observations,
        weights=[2 ** (-max(0.0, today - each.day) / half_life_days) for each in observations],
    )
    for _ in range(PASSES):
        fit.once()
    return Effects(fit.team, fit.groups, fit.between, fit.noise, fit.noise_of_kinds())


@dataclass(slots=True)
class _Fit:
    """Effects fitted one after the other to what the effects before them leave over."""

    observations: Sequence[Observation]
    weights: list[float]
    rest: list[float] = field(default_factory=list)
    team: Effect = Effect(0.0, TEAM_VARIANCE)
    groups: dict[tuple[str, str], Effect] = field(default_factory=dict)
    between: dict[str, float] = field(default_factory=lambda: dict(GROUP_VARIANCE))
    noise: float = NOISE_VARIANCE

    def once(self) -> None:
        """Fit the team and the groups anew, at the noise found by the last pass."""
        self.rest = [each.log_ratio for each in self.observations]
        everyone = range(len(self.rest))
        self.team = self._effect(everyone, TEAM_VARIANCE)
        self._take_off(everyone, self.team)
        for level, guess in GROUP_VARIANCE.items():
            members = self._members(level)
            self.between[level] = self._variance_between(members, guess)
            for group, positions in members.items():
                effect = self._effect(positions, self.between[level])
                self.groups[level, group] = effect
                self._take_off(positions, effect)
        self.noise = self._noise()

    def noise_of_kinds(self) -> dict[str, float]:
        """Noise variance of each kind, leaning on that of all."""
        by_kind = {}
        for kind, positions in self._members("kind").items():
            count, found = self._count_and_scale(positions)
            pooled = KIND_SCALE_WEIGHT * self.noise + count * found**2
            by_kind[kind] = pooled / (KIND_SCALE_WEIGHT + count)
        return by_kind

    def _members(self, level: str) -> dict[str, list[int]]:
        members: dict[str, list[int]] = defaultdict(list)
        for position, each in enumerate(self.observations):
            if group := each.group(level):
                members[group].append(position)
        return members

    def _effect(self, positions: Sequence[int], between: float) -> Effect:
        count, mean = self._count_and_mean(positions)
        trust = between / (between + self.noise / count)
        return Effect(trust * mean, between * (1 - trust), trust)

    def _take_off(self, positions: Sequence[int], effect: Effect) -> None:
        for position in positions:
            self.rest[position] -= effect.shift

    def _variance_between(self, members: dict[str, list[int]], guess: float) -> float:
        """Variance between groups by moments, mixed with the guess while groups are few."""
        total, number = guess * GROUP_VARIANCE_WEIGHT, GROUP_VARIANCE_WEIGHT
        for positions in members.values():
            count, mean = self._count_and_mean(positions)
            trust = count / (count + self.noise / guess)
            total += trust * (mean**2 - self.noise / count)
            number += trust
        return max(total / number, SMALLEST_VARIANCE)

    def _noise(self) -> float:
        """Noise variance; what the effects have used up of the data does not count as data."""
        count, found = self._count_and_scale(range(len(self.rest)))
        used_up = self.team.trust + sum(effect.trust for effect in self.groups.values())
        found = found**2 * count / max(count - used_up, count / 3)
        return (NOISE_WEIGHT * NOISE_VARIANCE + count * found) / (NOISE_WEIGHT + count)

    def _count_and_mean(self, positions: Sequence[int]) -> tuple[float, float]:
        own = [self.weights[position] for position in positions]
        return effective_count(own), robust_mean([self.rest[i] for i in positions], own)

    def _count_and_scale(self, positions: Sequence[int]) -> tuple[float, float]:
        own = [self.weights[position] for position in positions]
        return effective_count(own), robust_scale([self.rest[i] for i in positions], own)

"""Why one body of usage costs more or less than another: a split that adds up to the nano-dollar.

For each operation the cost is a sum of products

    calls × share of the model × tokens per call × share of the token class × price of the class

and each factor is one cause. A part is the factor's Shapley value: its effect averaged over every
order in which the factors could have changed. The usual sequential split (volume first, price
last) is cheaper but gives other parts for another order, and puts all joint effects on whichever
cause happens to come last. Shapley values do not depend on an order, a factor that did not change
gets exactly 0, and the parts add up to the whole (A. F. Shorrocks, "Decomposition procedures for
distributional analysis", Journal of Economic Inequality 11, 2013). A sum of products is split
product by product (`product_effects.py`), because the value is linear.

All arithmetic is integer or rational. Parts are rounded to nano-USD once, half to even, and what
the rounding leaves goes to the largest part (of equal ones, the first field of `CostChange`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, NamedTuple

from integration.pricing.paid_rates import booked_rates, paid_rates
from integration.pricing.product_effects import FINE, Factor, product_effects
from integration.pricing.rates import divide_half_even

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integration.pricing.paid_rates import PaidRates
    from integration.pricing.product_effects import Ratio
    from integration.pricing.rates import ClassPrices

    _Classes = tuple[Ratio, Ratio, Ratio]

_ALL_UNCACHED = ((1, 1), (0, 1), (0, 1))
_OUTPUT, _CALL = 3, 4
"""Places among the paid rates, after the three classes of input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupUsage:
    """What one model was used for. `input_tokens` includes the cached ones; sums, not per call."""

    model: str
    operation_name: str = ""
    """Kind of work (`chat`, `embeddings` …): models replace each other only within an operation."""
    calls: int
    input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    output_tokens: int = 0
    list_cost_nanousd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBasis:
    """All usage on one side of a comparison, and the prices that held on that side.

    A group's recorded cost is the truth; `prices` only say how it splits over token classes, and
    what a model of the other side would have cost here. A model without prices here is taken at
    the other side's; without any, all its tokens are taken as equally dear.
    """

    groups: tuple[GroupUsage, ...] = ()
    gpu_nanousd: int = 0
    prices: Mapping[str, ClassPrices] = field(default_factory=dict)

    @property
    def total_nanousd(self) -> int:
        """Recorded cost of the groups and accelerators."""
        return self.gpu_nanousd + sum(group.list_cost_nanousd for group in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostChange:
    """Cost after minus cost before, by cause, in nano-USD; the fields add up to it."""

    volume: int = 0
    input_length: int = 0
    output_length: int = 0
    cache_share: int = 0
    model_mix: int = 0
    price_change: int = 0
    gpu: int = 0

    @property
    def total_nanousd(self) -> int:
        """The whole change."""
        return sum(getattr(self, part.name) for part in fields(self))


def cost_change(before: CostBasis, after: CostBasis) -> CostChange:
    """Split `after.total_nanousd − before.total_nanousd` exactly into its causes.

    An operation with calls on one side only is all volume. Operations found on only one side are
    compared with each other as one, so that a renamed operation is not read as new work.
    """
    fine = {part.name: 0 for part in fields(CostChange)}
    for use_before, use_after in _paired(before, after):
        for cause, amount in _effects(use_before, use_after):
            fine[cause] += amount
    fine["gpu"] = (after.gpu_nanousd - before.gpu_nanousd) * FINE
    return _rounded(fine, after.total_nanousd - before.total_nanousd)


def _rounded(fine: dict[str, int], total: int) -> CostChange:
    parts = {cause: divide_half_even(amount, FINE) for cause, amount in fine.items()}
    left = total - sum(parts.values())
    # Recorded costs are rounded per call: with every part 0, what is left is that rounding.
    largest = max(parts, key=lambda cause: abs(parts[cause])) if any(parts.values()) else "volume"
    parts[largest] += left
    return CostChange(**parts)


class _Profile(NamedTuple):
    """What a call of one model looks like: tokens per call, and the classes of its input tokens."""

    input_length: Ratio
    output_length: Ratio
    classes: _Classes | None
    """Shares of uncached input, cache read and cache write; of no tokens they are unknown."""


class _Use(NamedTuple):
    """One operation on one side."""

    groups: dict[str, GroupUsage]
    calls: int
    average: _Profile
    prices: Mapping[str, ClassPrices]


def _paired(before: CostBasis, after: CostBasis) -> Iterator[tuple[_Use, _Use]]:
    names = [{group.operation_name for group in side.groups} for side in (before, after)]
    for name in sorted(names[0] & names[1]):
        yield _use(before, {name}), _use(after, {name})
    if names[0] ^ names[1]:
        yield _use(before, names[0] - names[1]), _use(after, names[1] - names[0])


def _use(side: CostBasis, operations: set[str]) -> _Use:
    groups: dict[str, GroupUsage] = {}
    for group in side.groups:
        if group.operation_name in operations:
            known = groups.get(group.model)
            groups[group.model] = _counted(group if known is None else _sum(known, group))
    used = groups.values()
    calls = sum(group.calls for group in used)
    average = _profile(
        calls,
        sum(group.input_tokens for group in used),
        sum(group.cache_read_input_tokens for group in used),
        sum(group.cache_write_input_tokens for group in used),
        sum(group.output_tokens for group in used),
    )
    return _Use(groups, calls, average, side.prices)


def _counted(group: GroupUsage) -> GroupUsage:
    """A group that cost something without a counted call is taken as one call."""
    if group.calls or not (group.list_cost_nanousd or group.input_tokens or group.output_tokens):
        return group
    return replace(group, calls=1)


def _sum(one: GroupUsage, other: GroupUsage) -> GroupUsage:
    return replace(
        one,
        calls=one.calls + other.calls,
        input_tokens=one.input_tokens + other.input_tokens,
        cache_read_input_tokens=one.cache_read_input_tokens + other.cache_read_input_tokens,
        cache_write_input_tokens=one.cache_write_input_tokens + other.cache_write_input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        list_cost_nanousd=one.list_cost_nanousd + other.list_cost_nanousd,
    )


def _profile(calls: int, tokens: int, read: int, write: int, output: int) -> _Profile:
    per = calls or 1
    classes = ((tokens - read - write, tokens), (read, tokens), (write, tokens))
    return _Profile((tokens, per), (output, per), classes if tokens else None)


def _effects(before: _Use, after: _Use) -> Iterator[tuple[str, int]]:
    """Every cause's effect in 10⁻⁹ nano-USD, product by product."""
    if not (before.calls and after.calls):
        for use, sign in ((before, -FINE), (after, FINE)):
            yield "volume", sign * sum(group.list_cost_nanousd for group in use.groups.values())
        return
    for model in sorted(before.groups.keys() | after.groups.keys()):
        old_group, new_group = before.groups.get(model), after.groups.get(model)
        old, old_classes, new, new_classes = _profiles(old_group, new_group, before, after)
        old_rates, new_rates = _both_rates(model, before, after)
        always = (
            Factor("volume", (before.calls, 1), (after.calls, 1)),
            Factor(
                "model_mix",
                (old_group.calls if old_group else 0, before.calls),
                (new_group.calls if new_group else 0, after.calls),
            ),
        )
        length = Factor("input_length", old.input_length, new.input_length)
        for place in range(3):
            cached = Factor("cache_share", old_classes[place], new_classes[place])
            price = _price(old_rates, new_rates, place)
            yield from product_effects(*always, length, cached, price)
        length = Factor("output_length", old.output_length, new.output_length)
        yield from product_effects(*always, length, _price(old_rates, new_rates, _OUTPUT))
        yield from product_effects(*always, _price(old_rates, new_rates, _CALL))


def _price(old: PaidRates, new: PaidRates, place: int) -> Factor:
    return Factor("price_change", (old[place], old.per), (new[place], new.per))


def _profiles(
    old_group: GroupUsage | None, new_group: GroupUsage | None, before: _Use, after: _Use
) -> tuple[_Profile, _Classes, _Profile, _Classes]:
    """A model absent on a side is taken as it would have been used there: like the average call.

    A share of no tokens is unknown; the other side's stands in, so that it explains nothing.
    """
    old, new = _profile_in(old_group, before), _profile_in(new_group, after)
    old_classes = old.classes or new.classes or _ALL_UNCACHED
    return old, old_classes, new, new.classes or old_classes


def _profile_in(group: GroupUsage | None, use: _Use) -> _Profile:
    if group is None or not group.calls:
        return use.average
    return _profile(
        group.calls, group.input_tokens, group.cache_read_input_tokens,
        group.cache_write_input_tokens, group.output_tokens,
    )  # fmt: skip


def _both_rates(model: str, before: _Use, after: _Use) -> tuple[PaidRates, PaidRates]:
    """Rates on each side, scaled so that they reproduce the recorded cost of a group."""
    known = [use.prices.get(model) for use in (before, after)]
    old, new = known[0] or known[1], known[1] or known[0]
    old_group, new_group = before.groups.get(model), after.groups.get(model)
    if old_group is None and new_group is not None:
        rates, scale = _paid(new_group, new)
        return (booked_rates(old).times(scale) if known[0] and known[1] else rates), rates
    if new_group is None and old_group is not None:
        rates, scale = _paid(old_group, old)
        return rates, (booked_rates(new).times(scale) if known[0] and known[1] else rates)
    assert old_group is not None  # noqa: S101  # Tells the type checker what holds here.
    assert new_group is not None  # noqa: S101  # Likewise.
    return _paid(old_group, old)[0], _paid(new_group, new)[0]


def _paid(group: GroupUsage, prices: ClassPrices | None) -> tuple[PaidRates, Ratio]:
    read, write = group.cache_read_input_tokens, group.cache_write_input_tokens
    fresh = group.input_tokens - read - write
    counts = (fresh, read, write, group.output_tokens, group.calls)
    return paid_rates(counts, group.list_cost_nanousd, prices)

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
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from integration.pricing.product_effects import FINE, Factor, product_effects
from integration.pricing.rates import ClassPrices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NANO_PER_TOKEN = 1000  # One US dollar per million tokens.
_NANO_PER_CALL = 1_000_000  # One US dollar per thousand calls.
_ROUNDING_SHARE = Fraction(1, 1_000_000)


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
    parts = {cause: round(Fraction(amount, FINE)) for cause, amount in fine.items()}
    left = total - sum(parts.values())
    # Recorded costs are rounded per call: with every part 0, what is left is that rounding.
    largest = max(parts, key=lambda cause: abs(parts[cause])) if any(parts.values()) else "volume"
    parts[largest] += left
    return CostChange(**parts)


class _Rates(NamedTuple):
    """Nano-USD per uncached input, cache read, cache write and output token, and per call."""

    uncached: Fraction
    cache_read: Fraction
    cache_write: Fraction
    output: Fraction
    call: Fraction

    def times(self, factor: Fraction) -> _Rates:
        return _Rates(*(rate * factor for rate in self))


class _Profile(NamedTuple):
    """What a call of one model looks like: tokens per call, and shares of its input tokens."""

    input_length: Fraction
    output_length: Fraction
    read_share: Fraction | None
    write_share: Fraction | None


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
    total = GroupUsage(model="", calls=0, list_cost_nanousd=0)
    for group in groups.values():
        total = _sum(total, group)
    return _Use(groups, total.calls, _profile(total), side.prices)


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


def _profile(group: GroupUsage) -> _Profile:
    calls, tokens = group.calls or 1, group.input_tokens
    return _Profile(
        Fraction(group.input_tokens, calls),
        Fraction(group.output_tokens, calls),
        Fraction(group.cache_read_input_tokens, tokens) if tokens else None,
        Fraction(group.cache_write_input_tokens, tokens) if tokens else None,
    )


def _effects(before: _Use, after: _Use) -> Iterator[tuple[str, int]]:
    """Every cause's effect in 10⁻⁹ nano-USD, product by product."""
    if not (before.calls and after.calls):
        for use, sign in ((before, -FINE), (after, FINE)):
            yield "volume", sign * sum(group.list_cost_nanousd for group in use.groups.values())
        return
    for model in sorted(before.groups.keys() | after.groups.keys()):
        sides = (before, after)
        shares = [Fraction(use.groups[model].calls if model in use.groups else 0, use.calls)
                  for use in sides]  # fmt: skip
        old, new = _profiles(model, before, after)
        old_rates, new_rates = _both_rates(model, before, after)
        always = (
            Factor("volume", Fraction(before.calls), Fraction(after.calls)),
            Factor("model_mix", shares[0], shares[1]),
        )
        length = Factor("input_length", old.input_length, new.input_length)
        classes = zip(_class_shares(old), _class_shares(new), old_rates[:3], new_rates[:3],
                      strict=True)  # fmt: skip
        for old_share, new_share, old_rate, new_rate in classes:
            cached = Factor("cache_share", old_share, new_share)
            price = Factor("price_change", old_rate, new_rate)
            yield from product_effects(*always, length, cached, price)
        length = Factor("output_length", old.output_length, new.output_length)
        price = Factor("price_change", old_rates.output, new_rates.output)
        yield from product_effects(*always, length, price)
        price = Factor("price_change", old_rates.call, new_rates.call)
        yield from product_effects(*always, price)


def _class_shares(profile: _Profile) -> tuple[Fraction, Fraction, Fraction]:
    read, write = profile.read_share or Fraction(0), profile.write_share or Fraction(0)
    return 1 - read - write, read, write


def _profiles(model: str, before: _Use, after: _Use) -> tuple[_Profile, _Profile]:
    """A model absent on a side is taken as it would have been used there: like the average call.

    A share of no tokens is unknown; the other side's stands in, so that it explains nothing.
    """
    old, new = (
        _profile(use.groups[model]) if model in use.groups and use.groups[model].calls
        else use.average
        for use in (before, after)
    )  # fmt: skip
    if old.read_share is None:
        old = old._replace(read_share=new.read_share, write_share=new.write_share)
    if new.read_share is None:
        new = new._replace(read_share=old.read_share, write_share=old.write_share)
    return old, new


def _both_rates(model: str, before: _Use, after: _Use) -> tuple[_Rates, _Rates]:
    """Rates on each side, scaled so that they reproduce the recorded cost of a group."""
    known = [use.prices.get(model) for use in (before, after)]
    old, new = known[0] or known[1], known[1] or known[0]
    old_group, new_group = before.groups.get(model), after.groups.get(model)
    if old_group is None and new_group is not None:
        rates, scale = _effective(new_group, new)
        return (_rates(old).times(scale) if known[0] and known[1] else rates), rates
    if new_group is None and old_group is not None:
        rates, scale = _effective(old_group, old)
        return rates, (_rates(new).times(scale) if known[0] and known[1] else rates)
    assert old_group is not None  # noqa: S101  # Tells the type checker what holds here.
    assert new_group is not None  # noqa: S101  # Likewise.
    return _effective(old_group, old)[0], _effective(new_group, new)[0]


def _effective(group: GroupUsage, prices: ClassPrices | None) -> tuple[_Rates, Fraction]:
    """The rates that a group really paid, and their ratio to the book's.

    A difference that rounding each call can make is no change of price and is left alone.
    """
    read, write = group.cache_read_input_tokens, group.cache_write_input_tokens
    counts = (group.input_tokens - read - write, read, write, group.output_tokens, group.calls)
    alike = _Rates(*(Fraction(1),) * 4, Fraction(0))
    once = _Rates(*(Fraction(0),) * 4, Fraction(1))
    cost = group.list_cost_nanousd
    for rates in (_rates(prices), alike, once):
        booked = sum((n * rate for n, rate in zip(counts, rates, strict=True)), Fraction(0))
        rounding = max(Fraction(group.calls), booked * _ROUNDING_SHARE)
        if prices is not None and abs(cost - booked) <= rounding:
            return rates, Fraction(1)
        if booked:
            return rates.times(cost / booked), cost / booked
    return alike.times(Fraction(0)), Fraction(1)


def _rates(prices: ClassPrices | None) -> _Rates:
    if prices is None:
        return _Rates(*(Fraction(0),) * 5)
    charged = [Fraction(price or 0) for price in prices.charged()]
    named = ClassPrices._fields.index
    return _Rates(
        charged[named("input")] * _NANO_PER_TOKEN,
        charged[named("cache_read")] * _NANO_PER_TOKEN,
        charged[named("cache_write")] * _NANO_PER_TOKEN,
        charged[named("output")] * _NANO_PER_TOKEN,
        charged[named("per_thousand_calls")] * _NANO_PER_CALL,
    )

"""What the same work would cost and emit done otherwise: one change at a time, with its caveat.

The story is estimated as it is planned and with the change, both the same way at the same moment:
a saving is the difference of the two central figures, positive when the change saves. Where the
story has no figure as it is planned, the workload is compared by itself. None: there is no figure
on one of the two sides. A change that saves nothing in either is not offered. Models are swapped
only within one tier of the workspace's approved list.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from integration.estimation.workload import Estimate, Missing, Range, Workload

Change = Literal[
    "model", "cached_share", "service_tier", "region", "context", "accelerator", "spot"
]

CAVEATS: dict[Change, str] = {
    "model": "Answers differ: compare both models on your own cases first.",
    "cached_share": "Only where prompts start alike and are asked again within the cache's life.",
    "service_tier": "Answers arrive within hours, not seconds; energy is taken as the same.",
    "region": "Check where data may be processed, whether the model is served there, and latency.",
    "context": "Less context can lower the quality of answers: measure it.",
    "accelerator": "Rests on the stated running time: time one run before you rely on it.",
    "spot": "Runs may be interrupted: the job must resume from checkpoints.",
}
WAITS_FOR_NOBODY = frozenset({"embedding", "batch", "summary"})
"""Kinds whose answers may come hours later."""
SEEN_IN_THE_TABLE_ALONE = frozenset({"table", "cached_share", "service_tier"})
"""What a workload does not show any more once its table is read; other gaps are found again."""


class Estimated(Protocol):
    """Estimates one story at one moment, whatever it is planned to run."""

    def __call__(self, workloads: Sequence[Workload], problems: Sequence[Missing], /) -> Estimate:
        """Return the estimate of these workloads."""


@dataclass(frozen=True, slots=True)
class ApprovedModel:
    """A model that the workspace allows, and the tier within which models stand for each other."""

    provider_name: str
    model: str
    tier: str


@dataclass(frozen=True, slots=True)
class OtherAccelerator:
    """An accelerator to use instead, with its hours as a multiple of the present one's."""

    accelerator: str
    hours_factor: Decimal
    is_spot: bool = False


@dataclass(frozen=True, slots=True)
class Options:
    """What may be changed; what is empty or None is not tried."""

    approved: tuple[ApprovedModel, ...] = ()
    regions: tuple[str, ...] = ()
    cached_share: Decimal | None = Decimal("0.5")
    input_tokens_kept: Decimal | None = Decimal("0.75")
    """Share of the input that a shorter context keeps."""
    may_batch: bool = True
    accelerators: tuple[OtherAccelerator, ...] = ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """One change of one workload, and the whole story's estimate were it made.

    `to` is the new value as people write it.
    """

    workload: str
    change: Change
    to: str
    saving_nanousd: int | None
    saving_ugco2e: int | None
    caveat: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Offer:
    """An alternative as it is told to people: what changes in which workload, and what it saves."""

    workload: str
    change: Change
    to: str
    saving_nanousd: int | None
    saving_ugco2e: int | None
    caveat: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """A story's estimate today; the alternatives that save money and that save CO₂e, best first."""

    today: Estimate
    cheapest: tuple[Alternative, ...]
    greenest: tuple[Alternative, ...]


def what_if(stated: Estimate, options: Options, estimated: Estimated) -> WhatIf:
    """Try every change on every workload of an estimate."""
    problems = [each for each in stated.missing if each.field in SEEN_IN_THE_TABLE_ALONE]
    today = estimated(stated.workloads, problems)
    has_gap = None in (today.list_cost_nanousd, today.location_based_ugco2e)
    found = []
    for place, workload in enumerate(stated.workloads):
        for change, to, changed in _changes(workload, options):
            others = (*stated.workloads[:place], changed, *stated.workloads[place + 1 :])
            whole = estimated(others, problems)
            pairs = [(today, whole)]
            if has_gap:
                alone = estimated([workload], problems), estimated([changed], problems)
                pairs.append(alone)
            found.append(
                Alternative(
                    workload=workload.name,
                    change=change,
                    to=to,
                    saving_nanousd=_saving(pairs, lambda each: each.list_cost_nanousd),
                    saving_ugco2e=_saving(pairs, lambda each: each.location_based_ugco2e),
                    caveat=CAVEATS[change],
                    estimate=whole,
                )
            )
    return WhatIf(
        today,
        tuple(_best_first(found, lambda each: each.saving_nanousd or 0)),
        tuple(_best_first(found, lambda each: each.saving_ugco2e or 0)),
    )


def best_offers(found: WhatIf) -> tuple[Offer | None, Offer | None]:
    """Return the alternative that saves most money and the one that saves most CO₂e."""
    cheapest, greenest = next(iter(found.cheapest), None), next(iter(found.greenest), None)
    return (
        offer_of(cheapest) if cheapest else None,
        offer_of(greenest) if greenest else None,
    )


def offer_of(found: Alternative) -> Offer:
    """Return an alternative without the story's estimate."""
    return Offer(
        found.workload, found.change, found.to, found.saving_nanousd, found.saving_ugco2e,
        found.caveat,
    )  # fmt: skip


def _changes(workload: Workload, options: Options) -> Iterator[tuple[Change, str, Workload]]:
    for region in options.regions:
        if region != workload.region:
            yield "region", region, replace(workload, region=region)
    if workload.runs_on_accelerators:
        yield from _accelerator_changes(workload, options)
    else:
        yield from _model_changes(workload, options)
        yield from _token_changes(workload, options)


def _model_changes(workload: Workload, options: Options) -> Iterator[tuple[Change, str, Workload]]:
    """Swap within the tier of the present model; a model that is not approved has no tier."""
    tiers = {each.tier for each in options.approved if each.model == workload.model}
    for each in options.approved:
        if each.tier in tiers and each.model != workload.model:
            changed = replace(workload, model=each.model, provider_name=each.provider_name)
            yield "model", each.model, changed


def _token_changes(workload: Workload, options: Options) -> Iterator[tuple[Change, str, Workload]]:
    share, kept = options.cached_share, options.input_tokens_kept
    if share is not None and share > (workload.cached_share or 0):
        yield "cached_share", f"{share:.0%}", replace(workload, cached_share=share)
    if kept is not None and workload.input_tokens is not None:
        shorter = (workload.input_tokens * kept).to_integral_value()
        yield "context", f"{shorter:f}", replace(workload, input_tokens=shorter)
    may_wait = options.may_batch and workload.kind in WAITS_FOR_NOBODY
    if may_wait and workload.service_tier == "standard":
        yield "service_tier", "batch", replace(workload, service_tier="batch")


def _accelerator_changes(
    workload: Workload, options: Options
) -> Iterator[tuple[Change, str, Workload]]:
    for each in options.accelerators:
        if workload.gpu_hours is not None:
            changed = replace(
                workload,
                accelerator=each.accelerator,
                gpu_hours=workload.gpu_hours * each.hours_factor,
                service_tier="spot" if each.is_spot else workload.service_tier,
            )
            yield "spot" if each.is_spot else "accelerator", each.accelerator, changed


def _saving(
    pairs: Sequence[tuple[Estimate, Estimate]], quantity: Callable[[Estimate], Range | None]
) -> int | None:
    """Return what the first pair with both figures differs by; None when no pair has them."""
    for present, other in ((quantity(one), quantity(two)) for one, two in pairs):
        if present is not None and other is not None:
            return present.central - other.central
    return None


def _best_first(
    found: Sequence[Alternative], saving: Callable[[Alternative], int]
) -> list[Alternative]:
    return sorted((each for each in found if saving(each) > 0), key=saving, reverse=True)

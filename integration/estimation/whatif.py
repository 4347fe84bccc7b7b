"""What the same work would cost and emit done otherwise: one change at a time, with its caveat.

Savings are differences of central figures, positive when the change saves. None: there is no
figure on one of the two sides. A change that saves nothing in either is not offered. Models are
swapped only within one tier of the workspace's approved list.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from integration.estimation.forecast import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from integration.carbon.carbon_book import CarbonBook
    from integration.estimation.workload import Estimate, Range, Workload
    from integration.pricing.price_book import PriceBook

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
    """One change of one workload. `to` is the new value as people write it."""

    workload: str
    change: Change
    to: str
    saving_nanousd: int | None
    saving_ugco2e: int | None
    caveat: str
    changed: Workload


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
    """The alternatives that save money and those that save CO₂e, the best first."""

    cheapest: tuple[Alternative, ...]
    greenest: tuple[Alternative, ...]


def what_if(
    workloads: Sequence[Workload],
    options: Options,
    *,
    at: datetime,
    price_book: PriceBook,
    carbon_book: CarbonBook,
    default_provider: str = "",
    default_region: str = "",
    log_shift: float = 0.0,
) -> WhatIf:
    """Try every change on every workload; `log_shift` is that of the story's calibration."""

    def figures(workload: Workload) -> Estimate:
        return estimate(
            [workload],
            at=at,
            price_book=price_book,
            carbon_book=carbon_book,
            default_provider=default_provider,
            default_region=default_region,
        )

    scale = math.exp(log_shift)
    found = []
    for workload in workloads:
        present = figures(workload)
        for change, to, changed in _changes(workload, options):
            other = figures(changed)
            found.append(
                Alternative(
                    workload=workload.name,
                    change=change,
                    to=to,
                    saving_nanousd=_saving(
                        present.list_cost_nanousd, other.list_cost_nanousd, scale
                    ),
                    saving_ugco2e=_saving(
                        present.location_based_ugco2e, other.location_based_ugco2e, scale
                    ),
                    caveat=CAVEATS[change],
                    changed=changed,
                )
            )
    return WhatIf(
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
    """Return an alternative without the changed workload."""
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


def _saving(present: Range | None, other: Range | None, scale: float) -> int | None:
    if present is None or other is None:
        return None
    return round((present.central - other.central) * scale)


def _best_first(
    found: Sequence[Alternative], saving: Callable[[Alternative], int]
) -> list[Alternative]:
    return sorted((each for each in found if saving(each) > 0), key=saving, reverse=True)

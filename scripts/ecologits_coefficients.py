"""Coefficients of any model out of EcoLogits' own function, and our input extension; offline."""

from __future__ import annotations

from typing import NamedTuple

from ecologits.impacts.llm import compute_llm_impacts
from ecologits.utils.range_value import RangeValue

Number = RangeValue | float | int

# Batch sizes of the low, central and high case; 64 is the one EcoLogits fixes.
BATCHES = {"low": 256, "central": 64, "high": 16}
# Our extension: joules of accelerator energy per input token and billion active parameters.
JOULE_PER_INPUT_TOKEN_PER_B = {"low": 0.002, "central": 0.003, "high": 0.005}
CACHE_READ_SHARE = {"low": 0.05, "central": 0.10, "high": 0.37}
FACILITY_FACTOR = 1.72
CASES = ("low", "central", "high")


class Served(NamedTuple):
    """A model's billions of parameters, and how EcoLogits takes it to be served."""

    active: Number
    total: Number
    pue: Number
    wue: Number
    tps: float | None = None
    ttft: float | None = None
    weight_bits: int = 16


def sizes(served: Served) -> dict[str, float]:
    """Active and total parameters in billions, as low, central and high."""
    return {**three("active_b", served.active), **three("total_b", served.total)}


def three(name: str, value: Number) -> dict[str, float]:
    """Spread a number or a range over the three cases; the central one is the mean."""
    if isinstance(value, RangeValue):
        return {f"{name}_low": value.min, f"{name}_central": value.mean, f"{name}_high": value.max}
    return {f"{name}_{case}": value for case in CASES}


def coefficients(served: Served) -> dict[str, float]:
    """Wh per call and token of each class, and embodied g per call and output token."""
    size = sizes(served)
    row: dict[str, float] = {}
    for case in CASES:
        none, million = impacts(served, 0, case), impacts(served, 1_000_000, case)
        per_input = (
            FACILITY_FACTOR * JOULE_PER_INPUT_TOKEN_PER_B[case] * size[f"active_b_{case}"] / 3600
        )
        row[f"a_wh_{case}"] = none[0]
        row[f"b_in_wh_{case}"] = per_input
        row[f"b_cache_read_wh_{case}"] = per_input * CACHE_READ_SHARE[case]
        row[f"b_cache_write_wh_{case}"] = per_input
        row[f"b_out_wh_{case}"] = (million[0] - none[0]) / 1_000_000
        row[f"embodied_a_g_{case}"] = none[1]
        row[f"embodied_b_out_g_{case}"] = (million[1] - none[1]) / 1_000_000
    kinds = ("a_wh", "b_in_wh", "b_cache_read_wh", "b_cache_write_wh", "b_out_wh")
    ordered = [
        f"{kind}_{case}" for kind in (*kinds, "embodied_a_g", "embodied_b_out_g") for case in CASES
    ]
    return {name: row[name] for name in ordered}


def impacts(served: Served, tokens: int, case: str) -> tuple[float, float]:
    """Energy in Wh and embodied emissions in g of one call, of one case."""
    computed = compute_llm_impacts(
        model_active_parameter_count=served.active,
        model_total_parameter_count=served.total,
        output_token_count=tokens,
        # The zone changes emissions only, which are not read here.
        if_electricity_mix_adpe=0.0,
        if_electricity_mix_pe=0.0,
        if_electricity_mix_gwp=0.0,
        if_electricity_mix_wue=0.0,
        datacenter_pue=served.pue,
        datacenter_wue=served.wue,
        tps=served.tps,
        ttft=served.ttft,
        batch_size=BATCHES[case],
        model_quantization_bits=served.weight_bits,
    )
    return pick(computed.energy.value, case) * 1000, pick(computed.embodied.gwp.value, case) * 1000


def pick(value: Number, case: str) -> float:
    """The end of a range that belongs to a case, or the number itself."""
    if isinstance(value, RangeValue):
        return float({"low": value.min, "central": value.mean, "high": value.max}[case])
    return float(value)

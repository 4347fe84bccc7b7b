"""A second opinion on open-weight models, from size, batch and memory. Not EcoLogits.

Fitted to published H100 measurements, in-sample only; GPU energy times a facility factor:
    J per output token = .00539·active_B + .1028·weight_GB/batch + 1.96·n_GPU/batch + .045
    J per input token  = .003·active_B (.002 to .005)
Very long inputs and very large dense models fall outside it. Even with batch and hardware known,
a model that was not in the fit may be off by 2.5 times either way (95 %).
"""

from __future__ import annotations

from math import ceil

import msgspec

from integration.carbon.footprint import NoFactor
from integration.carbon.tables import ModelEnergy, Spread

METHOD = "two-coefficient model fitted on H100: extension, not EcoLogits"
FACILITY_FACTOR = 1.72
JOULE_PER_INPUT_TOKEN_PER_B = Spread(0.002, 0.003, 0.005)
CACHE_READ_SHARE = Spread(0.05, 0.10, 0.37)
BATCHES = Spread(256, 64, 16)
MODEL_ERROR = 2.5
WEIGHT_OVERHEAD = 1.2


class OpenWeightEnergy(msgspec.Struct, frozen=True):
    """Wh per token of each class at the facility's meter, and what was assumed to get there."""

    input_wh: Spread
    cache_read_wh: Spread
    output_wh: Spread
    weight_gb: float
    gpu_count: int
    method: str
    assumptions: tuple[str, ...]


def open_weight_energy(
    active_b: float,
    total_b: float,
    *,
    batch_size: int | None = None,
    weight_bits: int = 16,
    accelerator: str = "H100 SXM",
    memory_gb: float | None = 80,
) -> OpenWeightEnergy | NoFactor:
    """Estimate from billions of active and total parameters.

    Without a batch size the range spans batches of 256 to 16 around 64.
    """
    if not accelerator.upper().startswith("H100") or not memory_gb:
        return NoFactor("outside_formula", f"the formula is fitted on H100, not on {accelerator}")
    if min(active_b, total_b) <= 0 or (batch_size is not None and batch_size < 1):
        return NoFactor("impossible_usage", "sizes and batch must be positive")
    weight_gb = total_b * weight_bits / 8
    gpu_count = ceil(WEIGHT_OVERHEAD * weight_gb / memory_gb)
    batches = BATCHES if batch_size is None else Spread(batch_size, batch_size, batch_size)
    joules = [_joule_per_output_token(active_b, weight_gb, gpu_count, batch) for batch in batches]
    central = joules[1]
    output = Spread(
        min(joules[0], central / MODEL_ERROR), central, max(joules[2], central * MODEL_ERROR)
    )
    per_joule = FACILITY_FACTOR / 3600
    per_input = JOULE_PER_INPUT_TOKEN_PER_B.times(active_b * per_joule)
    assumptions = [f"weights of {weight_bits} bits on {gpu_count} × {accelerator}"]
    if batch_size is None:
        assumptions.append("batch unknown: 256, 64, 16")
    return OpenWeightEnergy(
        input_wh=per_input,
        cache_read_wh=Spread(*(per_input[i] * CACHE_READ_SHARE[i] for i in range(3))),
        output_wh=output.times(per_joule),
        weight_gb=weight_gb,
        gpu_count=gpu_count,
        method=METHOD,
        assumptions=tuple(assumptions),
    )


def served_as(
    row: ModelEnergy, energy: OpenWeightEnergy, embodied: tuple[Spread, Spread] | None = None
) -> ModelEnergy:
    """Return a model's row with this energy in place of EcoLogits', for books and estimates.

    A cache write is a full prefill. Embodied emissions stay those of the row unless given.
    """
    nothing = Spread(0.0, 0.0, 0.0)
    per_call, per_output = embodied or (row.embodied_a_g, row.embodied_b_out_g)
    return msgspec.structs.replace(
        row,
        a_wh=nothing,
        b_in_wh=energy.input_wh,
        b_cache_read_wh=energy.cache_read_wh,
        b_cache_write_wh=energy.input_wh,
        b_out_wh=energy.output_wh,
        embodied_a_g=per_call,
        embodied_b_out_g=per_output,
        method=energy.method,
        warnings=energy.assumptions,
    )


def _joule_per_output_token(
    active_b: float, weight_gb: float, gpu_count: int, batch: float
) -> float:
    return 0.00539 * active_b + 0.1028 * weight_gb / batch + 1.96 * gpu_count / batch + 0.045

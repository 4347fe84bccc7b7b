"""A second opinion on open-weight models, from size, batch and memory. Not EcoLogits.

Fitted to published H100 measurements, in-sample only; GPU energy times a facility factor:
    J per output token = .00539·active_B + .1028·weight_GB/batch + 1.96·n_GPU/batch + .045
    J per input token  = .003·active_B (.002 to .005)
Very long inputs and very large dense models fall outside it. Even with batch and hardware known,
a model that was not in the fit may be off by 2.5 times either way (95 %).

Other accelerators: the terms are carried over by what each of them waits for, energy being power
times time. Arithmetic scales with TDP per dense 16-bit rate, reading the weights with TDP per
memory bandwidth, the fixed cost of a step with TDP, all against the H100 SXM; the constant stays.
Nothing was measured there, so the range widens by a further 1.6 either way, which is judgement.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from integration.carbon.footprint import NoFactor
from integration.carbon.input_extension import (
    BATCHES,
    FACILITY_FACTOR,
    J_PER_WH,
    JOULE_PER_INPUT_TOKEN_PER_B,
    input_energy,
)
from integration.carbon.tables import Accelerator, ModelEnergy, Spread

if TYPE_CHECKING:
    from integration.carbon.ecologits_formula import Size

METHOD = "two-coefficient model fitted on H100: extension, not EcoLogits"
CARRIED_OVER = (
    "two-coefficient model fitted on H100, carried over to {} by power, memory bandwidth and rate:"
    " extension, not EcoLogits"
)
MODEL_ERROR = 2.5
TRANSFER_ERROR = 1.6
WEIGHT_OVERHEAD = 1.2
FITTED_ON = Accelerator(
    name="H100 SXM", tdp_w=700, memory_gb=80, bandwidth_gb_s=3350, bf16_tflops=989,
    certainty="third-party", source="the measurements the formula is fitted to",
)  # fmt: skip


class OpenWeightEnergy(msgspec.Struct, frozen=True):
    """Wh per token of each class at the facility's meter, and what was assumed to get there."""

    input_wh: Spread
    cache_read_wh: Spread
    output_wh: Spread
    weight_gb: float
    gpu_count: int
    method: str
    assumptions: tuple[str, ...]
    tier: str = ""
    """Empty: no worse than what is known of the model itself."""


class _Scale(NamedTuple):
    """How many times the H100's joules each term takes, and how much wider the range is."""

    arithmetic: float
    weights: float
    step: float
    error: float


def open_weight_energy(
    size: Size, *, batch_size: int | None = None, accelerator: Accelerator = FITTED_ON
) -> OpenWeightEnergy | NoFactor:
    """Estimate from a model's size and bits per weight on an accelerator of stated power and rate.

    Without a batch size the range spans batches of 256 to 16 around 64.
    """
    scale = _scale(accelerator)
    if isinstance(scale, NoFactor):
        return scale
    if min(size.active_b, size.total_b) <= 0 or (batch_size is not None and batch_size < 1):
        return NoFactor("impossible_usage", "sizes and batch must be positive")
    weight_gb = size.total_b * size.weight_bits / 8
    gpu_count = ceil(WEIGHT_OVERHEAD * weight_gb / (accelerator.memory_gb or 0))
    batches = BATCHES if batch_size is None else Spread(batch_size, batch_size, batch_size)
    joules = [
        _joule_per_output_token(size.active_b, weight_gb, gpu_count, batch, scale)
        for batch in batches
    ]
    central = joules[1]
    error = MODEL_ERROR * scale.error
    output = Spread(min(joules[0], central / error), central, max(joules[2], central * error))
    low, middle, high = JOULE_PER_INPUT_TOKEN_PER_B.times(scale.arithmetic)
    given = input_energy(size.active_b, Spread(low / scale.error, middle, high * scale.error))
    assumptions = [f"weights of {size.weight_bits} bits on {gpu_count} × {accelerator.name}"]
    if batch_size is None:
        assumptions.append("batch unknown: 256, 64, 16")
    return OpenWeightEnergy(
        input_wh=given.input_wh,
        cache_read_wh=given.cache_read_wh,
        output_wh=output.times(FACILITY_FACTOR / J_PER_WH),
        weight_gb=weight_gb,
        gpu_count=gpu_count,
        method=METHOD if _is_fitted(accelerator) else CARRIED_OVER.format(accelerator.name),
        assumptions=(*assumptions, *_said_of(accelerator)),
        tier="" if _is_fitted(accelerator) else _tier_of(accelerator),
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
        warnings=(*(row.warnings if row.method else ()), *energy.assumptions),
        tier=max(row.tier, energy.tier),
    )


def _joule_per_output_token(
    active_b: float, weight_gb: float, gpu_count: int, batch: float, scale: _Scale
) -> float:
    return (
        0.00539 * active_b * scale.arithmetic
        + 0.1028 * weight_gb / batch * scale.weights
        + 1.96 * gpu_count / batch * scale.step
        + 0.045
    )


def _scale(accelerator: Accelerator) -> _Scale | NoFactor:
    rate, bandwidth = accelerator.bf16_tflops, accelerator.bandwidth_gb_s
    if not (rate and bandwidth and accelerator.memory_gb):
        return NoFactor(
            "outside_formula",
            f"memory, bandwidth and rate of {accelerator.name} are not known to us, and the formula"
            " is fitted on H100",
        )
    if _is_fitted(accelerator):
        return _Scale(1.0, 1.0, 1.0, 1.0)
    power = accelerator.tdp_w / FITTED_ON.tdp_w
    return _Scale(
        arithmetic=power * (FITTED_ON.bf16_tflops or 0) / rate,
        weights=power * (FITTED_ON.bandwidth_gb_s or 0) / bandwidth,
        step=power,
        error=TRANSFER_ERROR,
    )


def _is_fitted(accelerator: Accelerator) -> bool:
    return accelerator.name == FITTED_ON.name


def _tier_of(accelerator: Accelerator) -> str:
    return "C" if accelerator.certainty == "third-party" else "D"


def _said_of(accelerator: Accelerator) -> tuple[str, ...]:
    if _is_fitted(accelerator):
        return ()
    said = f"no measurement on {accelerator.name}: range widened by {TRANSFER_ERROR:g}"
    if accelerator.certainty == "third-party":
        return (said,)
    return (said, f"power of {accelerator.name} is {accelerator.certainty}")

"""EcoLogits' formula for models that its list does not have: any size, batch and bits per weight.

The method of EcoLogits 0.11.3 (docs/methodology/llm_inference) in our own words, with its
constants; a test holds it against EcoLogits' own function. Per output token, B requests at once:

    GPU energy   = (1.1665e-6 · exp(-0.011206 · B) · active + 4.0529e-5) Wh on each GPU
    GPUs         = next power of two of ⌈1.2 · total · bits / 8 / memory⌉
    latency      = 6.785e-4 · active + 3.119e-4 · B + 0.01947 s
    energy       = PUE · (GPUs · GPU energy + latency / 3600 · 1200 W · GPUs / 8 / B)
    embodied     = latency · (GPUs / 8 · 5700 kg + GPUs · 273 kg) / (3 years · B)

Sizes are billions of parameters, memory is GB per GPU. It is affine with nothing at 0 tokens:
times to the first token are stated for listed models only.
"""

from __future__ import annotations

from math import ceil, exp, log2
from typing import NamedTuple

from integration.carbon.input_extension import BATCHES, input_energy
from integration.carbon.tables import ModelEnergy, Spread

ECOLOGITS_VERSION = "0.11.3"
FORMULA = "EcoLogits' formula"
EXTENSION = "input and cache energy: extension, not EcoLogits"
GPU_MEMORY_GB = 80.0
MEMORY_OVERHEAD = 1.2
GPU_ALPHA_WH, GPU_BETA, GPU_GAMMA_WH = (
    1.1665273170451914e-06, -0.011205921025579175, 4.052928146734005e-05,
)  # fmt: skip
LATENCY_ALPHA_S, LATENCY_BETA_S, LATENCY_GAMMA_S = (
    0.0006785088094353663, 0.0003119310311688259, 0.019473717579473387,
)  # fmt: skip
SERVER_W, GPUS_PER_SERVER = 1200.0, 8
SERVER_EMBODIED_G, GPU_EMBODIED_G = 5_700_000.0, 273_000.0
LIFETIME_S = 3 * 365 * 24 * 3600


class OutputToken(NamedTuple):
    """Wh and embodied g of one output token, and the GPUs that hold the weights."""

    energy_wh: float
    embodied_g: float
    gpu_count: int


class Size(NamedTuple):
    """Billions of parameters, and bits per weight as served."""

    active_b: float
    total_b: float
    weight_bits: int = 16


def output_token(
    size: Size, *, batch_size: float, pue: float, memory_gb: float = GPU_MEMORY_GB
) -> OutputToken:
    """Work out one output token of a model that shares its GPUs with `batch_size` requests."""
    needed_gb = MEMORY_OVERHEAD * size.total_b * size.weight_bits / 8
    gpus = 2 ** ceil(log2(ceil(needed_gb / memory_gb)))
    gpu_wh = GPU_ALPHA_WH * exp(GPU_BETA * batch_size) * size.active_b + GPU_GAMMA_WH
    seconds = LATENCY_ALPHA_S * size.active_b + LATENCY_BETA_S * batch_size + LATENCY_GAMMA_S
    server_wh = seconds / 3600 * SERVER_W * gpus / GPUS_PER_SERVER / batch_size
    embodied_g = gpus * (SERVER_EMBODIED_G / GPUS_PER_SERVER + GPU_EMBODIED_G)
    return OutputToken(
        pue * (gpus * gpu_wh + server_wh), seconds * embodied_g / (LIFETIME_S * batch_size), gpus
    )


def formula_row(
    model: ModelEnergy,
    size: Size,
    pue: Spread,
    *,
    batch_size: int | None = None,
    memory_gb: float = GPU_MEMORY_GB,
) -> ModelEnergy:
    """Return a model's row with the formula's coefficients for a size, in place of its own.

    Low, central and high are batches of 256, 64 and 16 where the batch is not stated.
    """
    batches = BATCHES if batch_size is None else Spread(batch_size, batch_size, batch_size)
    low, central, high = (
        output_token(size, batch_size=batches[case], pue=pue[case], memory_gb=memory_gb)
        for case in range(3)
    )
    given, read, write = input_energy(size.active_b)
    none = Spread(0.0, 0.0, 0.0)
    return ModelEnergy(
        provider=model.provider, model=model.model, method_version=model.method_version,
        ecologits_version=ECOLOGITS_VERSION, models_digest=model.models_digest,
        sizes_published=True,
        active_b=Spread(size.active_b, size.active_b, size.active_b),
        total_b=Spread(size.total_b, size.total_b, size.total_b),
        weight_bits=size.weight_bits,
        a_wh=none, b_in_wh=given, b_cache_read_wh=read, b_cache_write_wh=write,
        b_out_wh=Spread(low.energy_wh, central.energy_wh, high.energy_wh),
        embodied_a_g=none,
        embodied_b_out_g=Spread(low.embodied_g, central.embodied_g, high.embodied_g),
        warnings=model.warnings, sources=model.sources, vintage=model.vintage,
        method=model.method, tier=model.tier,
    )  # fmt: skip


def bare_row(
    provider: str, model: str, method: str, *, warnings: tuple[str, ...] = (), tier: str = ""
) -> ModelEnergy:
    """Return a row without coefficients, for `formula_row` to fill in."""
    none = Spread(0.0, 0.0, 0.0)
    return ModelEnergy(
        provider=provider, model=model, method_version="", ecologits_version=ECOLOGITS_VERSION,
        models_digest="", sizes_published=True, active_b=none, total_b=none, a_wh=none,
        b_in_wh=none, b_cache_read_wh=none, b_cache_write_wh=none, b_out_wh=none,
        embodied_a_g=none, embodied_b_out_g=none, warnings=warnings, sources=(), vintage="",
        method=method, tier=tier,
    )  # fmt: skip

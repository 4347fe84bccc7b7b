"""Energy of input tokens, which EcoLogits has no term for. Ours: extension, not EcoLogits.

J per input token and billion active parameters: 2 FLOP per parameter at 30 to 60 % utilisation of
an H100, times the facility around the accelerators (1 / .58, arXiv 2508.15734). A cache read is a
share of that, a cache write a full prefill.
"""

from __future__ import annotations

from typing import NamedTuple

from integration.carbon.tables import Spread

FACILITY_FACTOR = 1.72
JOULE_PER_INPUT_TOKEN_PER_B = Spread(0.002, 0.003, 0.005)
CACHE_READ_SHARE = Spread(0.05, 0.10, 0.37)
BATCHES = Spread(256, 64, 16)
"""Requests at once in the low, central and high case where nobody states the batch."""
J_PER_WH = 3600


class InputEnergy(NamedTuple):
    """Wh per token at the facility's meter."""

    input_wh: Spread
    cache_read_wh: Spread
    cache_write_wh: Spread


def input_energy(active_b: float, joules: Spread = JOULE_PER_INPUT_TOKEN_PER_B) -> InputEnergy:
    """Return the energy of each class of input for billions of active parameters."""
    given = joules.times(FACILITY_FACTOR * active_b / J_PER_WH)
    read = Spread(*(given[case] * CACHE_READ_SHARE[case] for case in range(3)))
    return InputEnergy(given, read, given)

"""Energy of hours on accelerators: n · TDP · utilisation · hours · host factor · PUE.

Utilisation is the share of TDP really drawn while busy, from published measurements of H100 and
B200 (median .74 and .75, 10th to 90th percentile .57 to .90). The host factor covers the server
around the devices (1.25 to 1.5). PUE spans the settings EcoLogits states for its providers.
Embodied emissions are EcoLogits' figures for an eight-device server (5,700 kg) and a device
(273 kg), spread over three years; they are used for every accelerator, which is an assumption.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.carbon.tables import Spread
from integration.metering.accelerators import plain_accelerator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integration.carbon.tables import Accelerator

UNPUBLISHED = {
    "tpu": "Google publishes none for this TPU",
    "trainium": "AWS publishes none",
    "inferentia": "AWS publishes none",
}
UTILISATION = Spread(0.57, 0.75, 0.90)
IDLE_UTILISATION = 0.11
HOST_FACTOR = Spread(1.25, 1.375, 1.50)
PUE = Spread(1.09, 1.14, 1.20)
EMBODIED_G_PER_HOUR = (5700 / 8 + 273) * 1000 / (3 * 365 * 24)


def find_accelerator(accelerators: Iterable[Accelerator], name: str) -> Accelerator | None:
    """Return the device called so; "H100" means the SXM module, as with every bare name."""
    wanted = plain_accelerator(name)
    by_name = {plain_accelerator(device.name): device for device in accelerators}
    return by_name.get(wanted) or by_name.get(f"{wanted}sxm")


def why_unknown(name: str) -> str:
    """Say why there is no power figure for what is called so."""
    plain = plain_accelerator(name)
    for family, reason in UNPUBLISHED.items():
        if plain.startswith(family):
            return f"no power figure for {name!r}: {reason}"
    return f"no power figure for {name!r}"


def gpu_energy_wh(
    tdp_w: float,
    count: int,
    hours: float,
    utilisation: float | None = None,
    pue: float | None = None,
) -> Spread:
    """Watt-hours low, central and high; a stated utilisation (0 to 1) or PUE narrows the range."""
    used = UTILISATION if utilisation is None else Spread(utilisation, utilisation, utilisation)
    overhead = PUE if pue is None else Spread(pue, pue, pue)
    base = count * tdp_w * hours
    return Spread(*(base * used[i] * HOST_FACTOR[i] * overhead[i] for i in range(3)))


def gpu_arithmetic(
    tdp_w: float,
    count: int,
    hours: float,
    utilisation: float | None = None,
    pue: float | None = None,
) -> str:
    """Write the central energy of `gpu_energy_wh` as the product that it is."""
    used = UTILISATION.central if utilisation is None else utilisation
    overhead = PUE.central if pue is None else pue
    total = gpu_energy_wh(tdp_w, count, hours, utilisation, pue).central
    return (
        f"{count:g} × {tdp_w:g} W × {used:g} utilisation × {hours:g} h"
        f" × {HOST_FACTOR.central:g} host × {overhead:g} PUE = {total:,.3f} Wh"
    )

"""The service tiers by the names that prices are kept under."""

from __future__ import annotations

_STANDARD = frozenset({"", "default", "auto", "standard", "standard_only", "on_demand", "normal"})


def service_tier(name: object) -> str:
    """Return `standard` for every way of saying it, else the tier as named, such as `flex`."""
    if not isinstance(name, str) or len(name) > 32 or "\0" in name:
        return "standard"
    plain = name.strip().lower()
    return "standard" if plain in _STANDARD else plain

"""What a workspace states itself: a zone's factors, or what a supplier says of a model's energy.

A statement replaces what is shipped for the same zone or model; among statements the later counts.
A zone's location-based and market-based factor are stated apart: what is left out stays as shipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from integration.carbon.grid_zones import LIFE_CYCLE
from integration.carbon.tables import GridFactor, ModelEnergy, Spread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integration.carbon.grid_zones import GridZones
    from integration.carbon.tables import Tables

Figure = float | tuple[float, float, float]
"""One number, or a low, central and high one."""

PER_MTOK = 1e-6
STATED_METHOD = "stated/1"
LARGEST_G_PER_KWH = 3000.0
"""Beyond any power station's; a larger number is a slip of the unit."""


class ZoneStatement(msgspec.Struct, frozen=True, kw_only=True, tag="zone", tag_field="kind"):
    """Grams CO₂e per kWh of a cloud region, US state or country (ISO 3166-1 alpha-3).

    `market_g_per_kwh` comes from a supplier's contract or a residual mix; 0 is full matching.
    """

    zone: str
    source: str
    vintage: str
    g_per_kwh: Figure | None = None
    market_g_per_kwh: float | None = None
    licence: str = "stated by the workspace"
    note: str = ""


class ModelStatement(msgspec.Struct, frozen=True, kw_only=True, tag="model", tag_field="kind"):
    """A supplier's figures for one model: Wh per million tokens of each class and per call.

    The energy is the facility's, data-centre overhead included. Cache classes that are left out
    take the input's figure; a call by itself then takes none.
    """

    provider_name: str
    model: str
    stated_by: str
    vintage: str
    input_wh_per_mtok: Figure
    output_wh_per_mtok: Figure
    cache_read_wh_per_mtok: Figure | None = None
    cache_write_wh_per_mtok: Figure | None = None
    wh_per_call: Figure = 0.0
    embodied_g_per_mtok_output: Figure = 0.0
    source: str = ""


Statement = ZoneStatement | ModelStatement


class OwnRows(NamedTuple):
    """Statements as rows of the carbon book."""

    factors: tuple[GridFactor, ...]
    models: tuple[ModelEnergy, ...]


def parse_statements(raw: bytes) -> tuple[Statement, ...]:
    """Read one statement or a JSON array of them.

    Raises:
        msgspec.ValidationError: naming the field that is wrong.
    """
    found = msgspec.json.decode(raw, type=ZoneStatement | ModelStatement | list[Statement])
    return tuple(found) if isinstance(found, list) else (found,)


def faults_of(statement: Statement, zones: GridZones) -> list[tuple[str, str]]:
    """Return (field, sentence) for everything that makes a statement useless; empty when sound."""
    if isinstance(statement, ModelStatement):
        return [
            (name, "give 0 or more, as low ≤ central ≤ high")
            for name in (
                "input_wh_per_mtok", "output_wh_per_mtok", "cache_read_wh_per_mtok",
                "cache_write_wh_per_mtok", "wh_per_call", "embodied_g_per_mtok_output",
            )
            if not _is_sound(getattr(statement, name), float("inf"))
        ]  # fmt: skip
    faults = []
    if statement.g_per_kwh is None and statement.market_g_per_kwh is None:
        faults.append(("g_per_kwh", "state g_per_kwh, market_g_per_kwh, or both"))
    if not _is_sound(statement.g_per_kwh, LARGEST_G_PER_KWH):
        faults.append(("g_per_kwh", "grams per kWh are 0 to 3000, as low ≤ central ≤ high"))
    if not _is_sound(statement.market_g_per_kwh, LARGEST_G_PER_KWH):
        faults.append(("market_g_per_kwh", "grams per kWh are 0 to 3000"))
    if statement.g_per_kwh is None and zones.find(statement.zone) is None:
        faults.append(("zone", "no factor ships for this zone: state g_per_kwh too"))
    return faults


def rows_of(statements: Iterable[Statement], zones: GridZones, tables: Tables) -> OwnRows:
    """Turn statements into rows; `zones` are those the statements stand on.

    A later statement about a zone keeps what an earlier one said and it leaves out.
    """
    factors: dict[str, GridFactor] = {}
    models = []
    digest = tables.digest
    for statement in statements:
        if isinstance(statement, ModelStatement):
            models.append(_model(statement, digest))
        else:
            zone = statement.zone.strip()
            earlier = factors.get(zone.lower()) or _shipped(zone, zones)
            factors[zone.lower()] = _factor(statement, zone, earlier)
    return OwnRows(tuple(factors.values()), tuple(models))


def _shipped(zone: str, zones: GridZones) -> GridFactor | None:
    match = zones.find(zone)
    return match and match.factor


def _factor(statement: ZoneStatement, zone: str, earlier: GridFactor | None) -> GridFactor:
    market = statement.market_g_per_kwh
    if market is None and earlier is not None:
        market = earlier.market_g_per_kwh
    said = f"{statement.source} ({statement.vintage})"
    if statement.g_per_kwh is None and earlier is not None:
        # The location-based figure is still the earlier one, and so are its quality and source.
        return msgspec.structs.replace(
            earlier,
            zone=zone,
            market_g_per_kwh=market,
            source=f"{earlier.source}; market-based: {said}",
        )
    return GridFactor(
        zone=zone,
        kind="stated",
        name=zone,
        convention=LIFE_CYCLE,
        g_per_kwh=_spread(statement.g_per_kwh or 0.0),
        market_g_per_kwh=market,
        water_l_per_kwh=earlier.water_l_per_kwh if earlier else None,
        tier="A",
        source=statement.source,
        vintage=statement.vintage,
        licence=statement.licence,
        note=statement.note,
    )


def _model(statement: ModelStatement, digest: str) -> ModelEnergy:
    given = _spread(statement.input_wh_per_mtok).times(PER_MTOK)

    def or_input(figure: Figure | None) -> Spread:
        return given if figure is None else _spread(figure).times(PER_MTOK)

    none = Spread(0.0, 0.0, 0.0)
    return ModelEnergy(
        provider=statement.provider_name,
        model=statement.model,
        method_version=STATED_METHOD,
        ecologits_version="",
        models_digest=digest,
        sizes_published=False,
        active_b=none,
        total_b=none,
        a_wh=_spread(statement.wh_per_call),
        b_in_wh=given,
        b_cache_read_wh=or_input(statement.cache_read_wh_per_mtok),
        b_cache_write_wh=or_input(statement.cache_write_wh_per_mtok),
        b_out_wh=_spread(statement.output_wh_per_mtok).times(PER_MTOK),
        embodied_a_g=none,
        embodied_b_out_g=_spread(statement.embodied_g_per_mtok_output).times(PER_MTOK),
        warnings=(),
        sources=(statement.source,) if statement.source else (),
        vintage=statement.vintage,
        stated_by=statement.stated_by,
    )


def _spread(figure: Figure) -> Spread:
    return Spread(*figure) if isinstance(figure, tuple) else Spread(figure, figure, figure)


def _is_sound(figure: Figure | None, largest: float) -> bool:
    if figure is None:
        return True
    low, central, high = _spread(figure)
    return 0 <= low <= central <= high <= largest

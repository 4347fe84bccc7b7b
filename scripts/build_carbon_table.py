"""Write the carbon tables the service ships, from EcoLogits and CodeCarbon. Run by hand, offline.

EcoLogits is a development dependency. CodeCarbon is not: unpack its wheel somewhere and pass the
folder, for example

    pip download --no-deps --dest /tmp/codecarbon codecarbon==3.3.2
    unzip -d /tmp/codecarbon /tmp/codecarbon/codecarbon-3.3.2-py3-none-any.whl
    python scripts/build_carbon_table.py --codecarbon /tmp/codecarbon/codecarbon

Output is deterministic: the same inputs give the same bytes. Sources, formulas and conventions are
written down in docs/methodology.md.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ecologits.model_repository as models_module
from ecologits.electricity_mix_repository import ElectricityMix, electricity_mixes
from ecologits.impacts.llm import compute_llm_impacts
from ecologits.model_repository import Model, ParametersMoE, models
from ecologits.tracers.utils import PROVIDER_CONFIG_MAP
from ecologits.utils.range_value import RangeValue

Number = RangeValue | float | int

METHOD_VERSION = "storymeter-carbon-1"
VINTAGE = "2026-11"
CODECARBON = "codecarbon 3.3.2"
DATA = Path(__file__).resolve().parent.parent / "integration" / "carbon" / "data"

# Batch sizes of the low, central and high case; 64 is the one EcoLogits fixes.
BATCHES = {"low": 256, "central": 64, "high": 16}
# Our extension: joules of accelerator energy per input token and billion active parameters.
JOULE_PER_INPUT_TOKEN_PER_B = {"low": 0.002, "central": 0.003, "high": 0.005}
CACHE_READ_SHARE = {"low": 0.05, "central": 0.10, "high": 0.37}
FACILITY_FACTOR = 1.72
CASES = ("low", "central", "high")
LB_PER_MWH_TO_G_PER_KWH = 0.45359237
UPSTREAM_SPELLING = {"me-cenrtal1": "me-central1"}


def main() -> None:
    """Build every table into integration/carbon/data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--codecarbon", type=Path, required=True, help="unpacked package folder")
    parser.add_argument("--out", type=Path, default=DATA)
    chosen = parser.parse_args()
    write(chosen.out / "model_energy.csv", model_rows())
    write(chosen.out / "provider_settings.csv", provider_rows())
    write(chosen.out / "grid_factors.csv", grid_rows(chosen.codecarbon / "data"))


def model_rows() -> list[dict[str, Any]]:
    """One row per provider and model of EcoLogits, sorted."""
    raw = (Path(models_module.__file__).parent / "data" / "models.json").read_bytes()
    digest = hashlib.sha256(raw).hexdigest()[:16]
    listed = json.loads(raw)
    sources = {(m["provider"], m["name"]): m.get("sources") or [] for m in listed["models"]}
    alias_of = {(a["provider"], a["name"]): a["alias"] for a in listed["aliases"]}
    rows = []
    for model in models.list_models():
        provider = model.provider.value
        codes = sorted(str(w.code) for w in model.warnings)
        named = alias_of.get((provider, model.name), model.name)
        row: dict[str, Any] = {
            "provider": provider,
            "model": model.name,
            "method_version": METHOD_VERSION,
            "ecologits_version": version("ecologits"),
            "models_digest": digest,
            "sizes": "guessed" if "model-arch-not-released" in codes else "published",
            **sizes(model),
            **coefficients(model),
            "warnings": " ".join(codes),
            "sources": " ".join(sources.get((provider, named), [])),
            "vintage": VINTAGE,
        }
        rows.append(row)
    return sorted(rows, key=lambda row: (row["provider"], row["model"]))


def sizes(model: Model) -> dict[str, float]:
    """Active and total parameters in billions, as low, central and high."""
    active, total = parameters_of(model)
    return {**three("active_b", active), **three("total_b", total)}


def parameters_of(model: Model) -> tuple[Number, Number]:
    """Active and total parameters in billions; equal for dense models."""
    parameters = model.architecture.parameters
    if isinstance(parameters, ParametersMoE):
        return parameters.active, parameters.total
    return parameters, parameters


def three(name: str, value: Number) -> dict[str, float]:
    """Spread a number or a range over the three cases; the central one is the mean."""
    if isinstance(value, RangeValue):
        return {f"{name}_low": value.min, f"{name}_central": value.mean, f"{name}_high": value.max}
    return {f"{name}_{case}": value for case in CASES}


def coefficients(model: Model) -> dict[str, float]:
    """Wh per call and token of each class, and embodied g per call and output token."""
    size = sizes(model)
    row: dict[str, float] = {}
    for case in CASES:
        none, million = impacts(model, 0, case), impacts(model, 1_000_000, case)
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


def impacts(model: Model, tokens: int, case: str) -> tuple[float, float]:
    """Energy in Wh and embodied emissions in g of one call, of one case."""
    active, total = parameters_of(model)
    settings = PROVIDER_CONFIG_MAP[model.provider.value]
    computed = compute_llm_impacts(
        model_active_parameter_count=active,
        model_total_parameter_count=total,
        output_token_count=tokens,
        # The zone changes emissions only, which are not read here.
        if_electricity_mix_adpe=0.0,
        if_electricity_mix_pe=0.0,
        if_electricity_mix_gwp=0.0,
        if_electricity_mix_wue=0.0,
        datacenter_pue=settings.datacenter_pue,
        datacenter_wue=settings.datacenter_wue,
        tps=model.deployment.tps if model.deployment else None,
        ttft=model.deployment.ttft if model.deployment else None,
        batch_size=BATCHES[case],
    )
    return pick(computed.energy.value, case) * 1000, pick(computed.embodied.gwp.value, case) * 1000


def pick(value: Number, case: str) -> float:
    """The end of a range that belongs to a case, or the number itself."""
    if isinstance(value, RangeValue):
        return float({"low": value.min, "central": value.mean, "high": value.max}[case])
    return float(value)


def provider_rows() -> list[dict[str, Any]]:
    """Zone, PUE and WUE as EcoLogits fixes them per provider."""
    return [
        {
            "provider": provider,
            "default_zone": settings.datacenter_location,
            **three("pue", settings.datacenter_pue),
            **three("wue_l_per_kwh", settings.datacenter_wue),
            "source": f"ecologits {version('ecologits')} PROVIDER_CONFIG_MAP",
            "vintage": VINTAGE,
        }
        for provider, settings in sorted(PROVIDER_CONFIG_MAP.items())
    ]


def grid_rows(codecarbon: Path) -> list[dict[str, Any]]:
    """Countries (life-cycle), then Google Cloud regions and US states (direct)."""
    rows = [*country_rows(codecarbon), *google_rows(codecarbon), *state_rows(codecarbon)]
    return sorted(rows, key=lambda row: (row["convention"], row["kind"], row["zone"]))


def country_rows(codecarbon: Path) -> list[dict[str, Any]]:
    """CodeCarbon's value where it has one, the range spanning EcoLogits' value too."""
    listed = json.loads((codecarbon / "private_infra" / "global_energy_mix.json").read_text())
    zones = {mix.zone: mix for mix in electricity_mixes.list_electricity_mixes()}
    rows = []
    for zone in sorted(listed.keys() | zones.keys()):
        entry, mix = listed.get(zone), zones.get(zone)
        theirs = [round(mix.gwp * 1000, 3)] if mix else []
        ours = [entry["carbon_intensity"]] if entry else []
        if not any(ours + theirs):
            continue
        central = (ours or theirs)[0]
        second = f"range: ecologits {version('ecologits')} {theirs[0]}" if ours and theirs else ""
        ecologits_only = f"ecologits {version('ecologits')} electricity_mixes.json"
        rows.append(
            grid_row(
                zone=zone,
                kind="world" if zone == "WOR" else "country",
                name=entry["country_name"] if entry else zone,
                convention="life-cycle",
                g=(min(ours + theirs), central, max(ours + theirs)),
                water=own_water(mix),
                tier="D" if zone == "WOR" else "C",
                source=f"{CODECARBON} global_energy_mix.json" if ours else ecologits_only,
                vintage=str(entry["year"]) if entry else "not stated",
                licence="MIT" if ours else "MPL-2.0",
                note=second,
            )
        )
    return rows


def own_water(mix: ElectricityMix | None) -> float | str:
    """Litres per kWh of a country's electricity, empty where EcoLogits falls back on the world."""
    if mix is None or any(str(w.code) == "electricity-mix-wue-world" for w in mix.warnings):
        return ""
    return mix.wue


def google_rows(codecarbon: Path) -> list[dict[str, Any]]:
    """Google's own region figures: operational, so not life-cycle."""
    with (codecarbon / "cloud" / "impact.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file))
    return [
        grid_row(
            zone=UPSTREAM_SPELLING.get(entry["region"], entry["region"]),
            kind="cloud_region",
            name=f"{entry['city']}, {entry['country_name']}",
            convention="direct",
            g=(float(entry["impact"]),) * 3,
            water="",
            tier="B",
            source=f"{CODECARBON} impact.csv, after {entry['source']}",
            vintage="not stated",
            licence="MIT",
            note="average operational emissions of the grid, location-based",
        )
        for entry in listed
    ]


def state_rows(codecarbon: Path) -> list[dict[str, Any]]:
    """EPA eGRID2023 by US state: combustion only, lb/MWh converted to g/kWh."""
    path = codecarbon / "private_infra" / "2023" / "usa_emissions.json"
    listed = json.loads(path.read_text())
    rows = []
    for name, entry in listed.items():
        if name.startswith("_") or "emissions" not in entry:
            continue
        grams = round(entry["emissions"] * LB_PER_MWH_TO_G_PER_KWH, 3)
        rows.append(
            grid_row(
                zone=f"US-{entry['regionCode']}",
                kind="us_state",
                name=name.title(),
                convention="direct",
                g=(grams,) * 3,
                water="",
                tier="C",
                source=f"{CODECARBON} usa_emissions.json, after EPA eGRID2023 STC2ERTA",
                vintage="2023",
                licence="public domain (EPA), MIT (CodeCarbon)",
                note="combustion only",
            )
        )
    return rows


def grid_row(*, g: tuple[float, float, float], water: float | str, **named: str) -> dict[str, Any]:
    """One factor row; market-based stays empty, no source we may ship gives it."""
    low, central, high = g
    first = {name: named[name] for name in ("zone", "kind", "name", "convention")}
    rest = {name: named[name] for name in ("tier", "source", "vintage", "licence", "note")}
    grams = {"g_per_kwh_low": low, "g_per_kwh": central, "g_per_kwh_high": high}
    return {**first, **grams, "market_g_per_kwh": "", "water_l_per_kwh": water, **rest}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows as CSV; floats keep every digit, so that nothing is lost on reading."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path.name}: {len(rows)} rows", file=sys.stderr)


if __name__ == "__main__":
    main()

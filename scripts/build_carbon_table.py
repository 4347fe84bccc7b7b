"""Write the carbon tables the service ships, from EcoLogits and CodeCarbon. Run by hand, offline.

EcoLogits is a development dependency. CodeCarbon is not: unpack its wheel somewhere and pass the
folder, for example

    pip download --no-deps --dest /tmp/codecarbon codecarbon==3.3.2
    unzip -d /tmp/codecarbon /tmp/codecarbon/codecarbon-3.3.2-py3-none-any.whl
    PYTHONPATH=. python scripts/build_carbon_table.py --codecarbon /tmp/codecarbon/codecarbon

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
from ecologits.model_repository import Model, ParametersMoE, models
from ecologits.tracers.utils import PROVIDER_CONFIG_MAP

from scripts.ecologits_coefficients import Number, Served, coefficients, sizes, three
from scripts.open_model_rows import open_model_rows

METHOD_VERSION = "storymeter-carbon-2"
VINTAGE = "2026-11"
CODECARBON = "codecarbon 3.3.2"
DATA = Path(__file__).resolve().parent.parent / "integration" / "carbon" / "data"

LB_PER_MWH_TO_G_PER_KWH = 0.45359237
UPSTREAM_SPELLING = {"me-cenrtal1": "me-central1"}


def main() -> None:
    """Build every table into integration/carbon/data."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--codecarbon", type=Path, required=True, help="unpacked package folder")
    parser.add_argument("--out", type=Path, default=DATA)
    chosen = parser.parse_args()
    write(chosen.out / "model_energy.csv", model_rows())
    published = open_model_rows(METHOD_VERSION, models_digest(), VINTAGE)
    write(chosen.out / "open_model_energy.csv", published)
    write(chosen.out / "provider_settings.csv", provider_rows())
    write(chosen.out / "grid_factors.csv", grid_rows(chosen.codecarbon / "data"))


def models_json() -> bytes:
    """EcoLogits' list of models as it ships."""
    return (Path(models_module.__file__).parent / "data" / "models.json").read_bytes()


def models_digest() -> str:
    """A name for exactly this list."""
    return hashlib.sha256(models_json()).hexdigest()[:16]


def model_rows() -> list[dict[str, Any]]:
    """One row per provider and model of EcoLogits, sorted."""
    digest, listed = models_digest(), json.loads(models_json())
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
            **sizes(served(model)),
            **coefficients(served(model)),
            "warnings": " ".join(codes),
            "sources": " ".join(sources.get((provider, named), [])),
            "vintage": VINTAGE,
        }
        rows.append(row)
    return sorted(rows, key=lambda row: (row["provider"], row["model"]))


def served(model: Model) -> Served:
    """A model as EcoLogits' list and its settings of the provider have it."""
    settings = PROVIDER_CONFIG_MAP[model.provider.value]
    deployment = model.deployment
    return Served(
        *parameters_of(model),
        settings.datacenter_pue,
        settings.datacenter_wue,
        tps=deployment.tps if deployment else None,
        ttft=deployment.ttft if deployment else None,
    )


def parameters_of(model: Model) -> tuple[Number, Number]:
    """Active and total parameters in billions; equal for dense models."""
    parameters = model.architecture.parameters
    if isinstance(parameters, ParametersMoE):
        return parameters.active, parameters.total
    return parameters, parameters


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

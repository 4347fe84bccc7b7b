"""Open-weight models that EcoLogits does not list: published sizes, put through its own function.

`scripts/open_models.csv` is typed in: billions of active and total parameters, bits per weight as
the maker releases them, further names, and where the figures were read. Numbers of parameters are
facts about the models; nothing else of the sources is taken.
"""

from __future__ import annotations

import csv
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ecologits.tracers.utils import PROVIDER_CONFIG_MAP

from integration.carbon.open_models import OPEN_WEIGHTS, PUBLISHED_METHOD
from scripts.ecologits_coefficients import Served, coefficients, sizes

FACTS = Path(__file__).resolve().parent / "open_models.csv"


def open_model_rows(method_version: str, models_digest: str, vintage: str) -> list[dict[str, Any]]:
    """One row per model of `open_models.csv`, sorted as there."""
    with FACTS.open(encoding="utf-8", newline="") as file:
        return [
            {
                "provider": OPEN_WEIGHTS,
                "model": fact["model"],
                "method_version": method_version,
                "ecologits_version": version("ecologits"),
                "models_digest": models_digest,
                "sizes": "published",
                "architecture": "dense" if fact["active_b"] == fact["total_b"] else "moe",
                **sizes(served(fact)),
                **coefficients(served(fact)),
                "weight_bits": fact["weight_bits"],
                "aliases": fact["aliases"],
                "method": PUBLISHED_METHOD,
                "warnings": "",
                "sources": f"https://huggingface.co/{fact['model']}",
                "read_in": fact["read_in"],
                "licence": "facts: numbers of parameters",
                "vintage": vintage,
            }
            for fact in csv.DictReader(file)
        ]


def served(fact: dict[str, str]) -> Served:
    """The model as EcoLogits takes a host of open weights to serve it, at its released bits."""
    settings = PROVIDER_CONFIG_MAP[OPEN_WEIGHTS]
    return Served(
        float(fact["active_b"]), float(fact["total_b"]), settings.datacenter_pue,
        settings.datacenter_wue, weight_bits=int(fact["weight_bits"]),
    )  # fmt: skip

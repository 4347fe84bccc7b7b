"""Set our estimates beside published figures, misses included, and print the table.

    python scripts/compare_published.py [--json]

Nothing here feeds back into the coefficients: the published figures are an independent check.
Where a source does not state its token counts, 300 in and 300 out stand in for all of them alike.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from integration.carbon.carbon_book import CarbonBook, default_carbon_book
from integration.carbon.ecologits_formula import Size
from integration.carbon.footprint import NoFactor
from integration.carbon.open_weight import open_weight_energy

FIGURES = Path(__file__).resolve().parent.parent / "docs" / "published_figures.csv"
UWH_PER_WH = 1e6
UG_PER_G = 1e6


class Comparison(NamedTuple):
    """One published figure and ours, in the unit of the published one."""

    name: str
    published: float
    unit: str
    low: float
    central: float
    high: float
    comparable: bool
    second_opinion: float | None

    @property
    def ratio(self) -> float:
        """Ours over theirs: above 1 we say more."""
        return self.central / self.published

    @property
    def within(self) -> bool:
        """Whether the published figure lies in our range."""
        return self.low <= self.published <= self.high


def main() -> None:
    """Print the table, then one JSON line that sums it up."""
    parser = argparse.ArgumentParser(description="Our estimates beside published figures.")
    parser.add_argument("--json", action="store_true", help="print only the JSON line")
    chosen = parser.parse_args()
    compared = comparisons(default_carbon_book())
    if not chosen.json:
        print(table(compared))
        print()
    print(json.dumps(summary(compared)))


def comparisons(book: CarbonBook) -> list[Comparison]:
    """Recompute every figure in docs/published_figures.csv that we can estimate."""
    with FIGURES.open(encoding="utf-8", newline="") as file:
        return [comparison(book, row) for row in csv.DictReader(file)]


def comparison(book: CarbonBook, row: dict[str, str]) -> Comparison:
    """Estimate the call that a published figure is about."""
    found = book.footprint(
        row["provider"],
        row["model"],
        row["region"],
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        calls=calls_of(row),
    )
    if isinstance(found, NoFactor):
        raise SystemExit(f"{row['id']}: {found.reason}")
    if row["unit"] == "Wh":
        ours = (found.energy_low_uwh, found.energy_uwh, found.energy_high_uwh)
        values = [value / UWH_PER_WH for value in ours]
    else:
        ours = (
            found.location_based_low_ugco2e,
            found.location_based_ugco2e,
            found.location_based_high_ugco2e,
        )
        values = [value / UG_PER_G for value in ours]
    low, central, high = values
    published = float(row["published"])
    comparable = row["comparable"] == "yes"
    second = second_opinion_wh(book, row) if row["unit"] == "Wh" else None
    return Comparison(row["id"], published, row["unit"], low, central, high, comparable, second)


def second_opinion_wh(book: CarbonBook, row: dict[str, str]) -> float | None:
    """Estimate open weights by the two-coefficient model too, at a batch of 64."""
    model = book.model(row["provider"], row["model"])
    if model is None or not row["weight_bits"]:
        return None
    found = open_weight_energy(
        Size(model.active_b.central, model.total_b.central, int(row["weight_bits"])),
        batch_size=64,
    )
    if isinstance(found, NoFactor):
        return None
    per_input, per_output = found.input_wh.central, found.output_wh.central
    return int(row["input_tokens"]) * per_input + int(row["output_tokens"]) * per_output


def calls_of(row: dict[str, str]) -> int:
    """One call, except for a figure per token, which must not carry the part per call."""
    return 0 if row["id"].startswith("ml-energy") else 1


def table(compared: list[Comparison]) -> str:
    """Write the comparison as a Markdown table."""
    heads = ["figure", "published", "ours: low", "central", "high", "ours / theirs"]
    heads += ["within our range", "second opinion"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for one in compared:
        verdict = ("yes" if one.within else "**no**") if one.comparable else "not comparable"
        ours = " | ".join(significant(value) for value in (one.low, one.central, one.high))
        lines.append(
            f"| {one.name} | {significant(one.published)} {one.unit} | {ours} "
            f"| {significant(one.ratio)} | {verdict} "
            f"| {'–' if one.second_opinion is None else significant(one.second_opinion)} |"
        )
    return "\n".join(lines)


def significant(value: float) -> str:
    """Show two significant digits, never in powers of ten."""
    return f"{Decimal(f'{value:.1e}'):f}"


def summary(compared: list[Comparison]) -> dict[str, float | int]:
    """Count what lies within our range, among the comparable ones."""
    fair = [one for one in compared if one.comparable]
    return {
        "published_figures": len(compared),
        "comparable": len(fair),
        "within_range": sum(one.within for one in fair),
        "median_ratio": round(statistics.median(one.ratio for one in fair), 2),
    }


if __name__ == "__main__":
    main()

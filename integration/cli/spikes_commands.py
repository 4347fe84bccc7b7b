"""`storymeter spikes …`: the spike detector on any series."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.group()
def spikes() -> None:
    """Spikes in spend, or in anything else that is counted over time."""


@spikes.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--min-amount", type=float, default=1.0, show_default=True,
              help="Least excess over the usual, added up over the spike.")  # fmt: skip
@click.option("--as-it-came", is_flag=True, help="No hindsight: judge each point by its past.")
@click.option("--json", "as_json", is_flag=True)
def scan(file: Path, min_amount: float, as_it_came: bool, as_json: bool) -> None:
    """List the spikes of a CSV of timestamp,value, in the file's own terms."""
    from integration.anomalies import detection, hindsight
    from integration.anomalies.baseline import FEWEST_SLOTS
    from integration.anomalies.series import read_as_written

    with file.open(newline="", encoding="utf-8", errors="replace") as lines:
        reading = read_as_written(lines)
    settings = detection.Settings(min_amount=min_amount)
    judge = detection.scan if as_it_came else hindsight.scan_whole
    found = judge(reading.series, settings)
    rows = [
        {
            "start": reading.as_written(spike.start), "peak": reading.as_written(spike.peak),
            "end": reading.as_written(spike.end), "score": round(spike.score, 3),
        }
        for spike in found
    ]  # fmt: skip
    if len(reading.series) < FEWEST_SLOTS:
        click.echo(f"Only {len(reading.series)} points: too few to say what is usual.", err=True)
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(f"{row['start']}  peak {row['peak']}  end {row['end']}  score {row['score']}")
    click.echo(f"{len(rows)} spikes in {len(reading.series)} points.")

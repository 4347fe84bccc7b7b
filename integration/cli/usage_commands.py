"""`storymeter usage …`: bring usage in from files, through the HTTP door."""

from __future__ import annotations

import csv
import sys
import time
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from integration.foundation.errors import InvalidInput, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 500


@click.group()
def usage() -> None:
    """Usage from files."""


@usage.command()
@click.option(
    "--trace", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True
)
@click.option("--story", required=True, help="The story that spends it, such as ACME-7.")
@click.option("--model", required=True)
@click.option("--provider", default="", help="Taken from the model where left out.")
@click.option("--url", default="http://127.0.0.1:8080", envvar="STORYMETER_URL", show_default=True)
@click.option("--key", required=True, envvar="STORYMETER_KEY", help="An ingest key, smk_…")
@click.option("--run", "run_id", default="", help="Tells two replays of one file apart.")
@click.option("--json", "as_json", is_flag=True)
def replay(
    trace: Path, story: str, model: str, provider: str, url: str, key: str, run_id: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Replay a trace of real calls (TIMESTAMP, ContextTokens, GeneratedTokens) at full speed.

    The calls keep their distances in time; the last one is now. The same replay again adds nothing.
    """
    from rich.progress import track

    calls = list(_calls(trace))
    if not calls:
        raise InvalidInput(f"{trace} holds no calls")
    shift = datetime.now(UTC) - max(call[0] for call in calls)
    name = sha256(f"{trace.name} {story} {model} {run_id}".encode()).hexdigest()[:12]
    events = (
        {
            "event_id": f"replay-{name}-{place}", "occurred_at": (at + shift).isoformat(),
            "provider_name": provider, "request_model": model, "story_key": story,
            "input_tokens": given, "output_tokens": made,
        }
        for place, (at, given, made) in enumerate(calls)
    )  # fmt: skip
    began, totals = time.perf_counter(), {"accepted": 0, "duplicates": 0, "rejected": 0}
    batches = range(0, len(calls), BATCH)
    for _ in track(batches, "replaying", disable=as_json or not sys.stderr.isatty()):
        answer = _post(url, key, list(islice(events, BATCH)))
        totals["accepted"] += answer["accepted"]
        totals["duplicates"] += answer["duplicates"]
        totals["rejected"] += len(answer["rejected"])
    seconds = time.perf_counter() - began
    _say(totals, len(calls), seconds, as_json=as_json)


def _calls(trace: Path) -> Iterator[tuple[datetime, int, int]]:
    with trace.open(newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            try:
                at = datetime.fromisoformat(row["TIMESTAMP"][:26])
                yield at.replace(tzinfo=UTC), int(row["ContextTokens"]), int(row["GeneratedTokens"])
            except (KeyError, TypeError, ValueError) as wrong:
                raise InvalidInput(f"{trace}, line {number} is not a call: {wrong}") from wrong


def _post(url: str, key: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    import requests

    try:
        answer = requests.post(
            f"{url.rstrip('/')}/v1/usage-events",
            json={"events": [{k: v for k, v in event.items() if v != ""} for event in events]},
            headers={"Authorization": f"Bearer {key}"},
            timeout=60,
        )
    except requests.RequestException as failure:
        raise Unavailable(f"StoryMeter cannot be reached at {url}: {failure}") from failure
    if answer.status_code != 200:
        raise InvalidInput(f"{url} answered {answer.status_code}: {answer.text[:300]}")
    body: dict[str, Any] = answer.json()
    return body


def _say(totals: dict[str, int], calls: int, seconds: float, *, as_json: bool) -> None:
    if as_json:
        import json

        click.echo(json.dumps({"calls": calls, **totals, "seconds": round(seconds, 3)}))
        return
    click.echo(
        f"{calls} calls in {seconds:.1f} s ({calls / seconds:.0f} per second): "
        f"{totals['accepted']} accepted, {totals['duplicates']} known already, "
        f"{totals['rejected']} rejected."
    )

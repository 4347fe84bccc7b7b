"""GPU jobs: CodeCarbon's `emissions.csv`. Jobs in our own JSON come through `usage_events.py`.

Energy is measured by CodeCarbon, for the whole machine, in kWh. Its times have no offset, so the
reader is told the machine's time zone. A run that was written several times counts once, with its
last row, because rows of one `run_id` are cumulative.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, tzinfo
from io import StringIO
from typing import TYPE_CHECKING

from integration.metering.usage import UsageEvent
from integration.sources.batch import MAX_ITEMS, Batch, Collector, Unreadable, malformed, too_many
from integration.sources.labels import clean_tags
from integration.sources.values import label, number, text

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_ROW = 65_535  # CodeCarbon's have 34 columns; a row of commas alone would fill memory.
_ENDLESS = re.compile(rb"[^\n]{%d}" % (LONGEST_ROW + 1))
_REQUIRED = ("timestamp", "duration", "energy_consumed")
_MODEL = re.compile(r"(?P<count>\d{1,5}) x (?P<model>.+?)(?=\d{1,5} x |$)")


def read(
    body: bytes,
    *,
    now: datetime,
    time_zone: tzinfo = UTC,
    story_key: str = "",
    branch: str = "",
) -> Batch:
    """Read an emissions.csv; `story_key` and `branch` apply to every row.

    Raises InvalidInput when the body is no CSV with CodeCarbon's columns.
    """
    collector = Collector(now)
    rows = _rows(body)
    last = {row.get("run_id") or f"row {index}": index for index, row in enumerate(rows)}
    for index, row in enumerate(rows):
        run = row.get("run_id") or f"row {index}"
        if last[run] != index:
            collector.ignored += 1
            continue
        try:
            collector.take(index, _event(row, time_zone, story_key, branch))
        except Unreadable as problem:
            collector.reject(index, run, problem.error)
    return collector.batch()


def _rows(body: bytes) -> list[Mapping[str, str]]:
    if body.count(b"\n") > MAX_ITEMS:
        raise too_many()
    if _ENDLESS.search(body):
        raise malformed("", "too_long", f"a row is longer than {LONGEST_ROW} bytes")
    try:
        reader = csv.DictReader(StringIO(body.decode("utf-8-sig"), newline=""))
        missing = [name for name in _REQUIRED if name not in (reader.fieldnames or ())]
        if missing:
            raise malformed("", "missing_column", f"the column {missing[0]} is missing")
        return [{name: value or "" for name, value in row.items() if name} for row in reader]
    except (UnicodeDecodeError, csv.Error):
        raise malformed("", "not_csv", "the body is no CSV in UTF-8") from None


def _event(row: Mapping[str, str], time_zone: tzinfo, story_key: str, branch: str) -> UsageEvent:
    seconds = number(row.get("duration"), "/duration") or 0.0
    energy_kwh = number(row.get("energy_consumed"), "/energy_consumed")
    counted, model = _accelerator(row)
    project = clean_tags([row.get("project_name", "")])
    return UsageEvent(
        source="codecarbon",
        occurred_at=_time(row.get("timestamp", ""), time_zone),
        provider_name=label(row.get("cloud_provider", "")),
        operation_name="gpu_job",
        accelerator=model,
        gpu_count=counted,
        gpu_hours=seconds / 3600,
        energy_wh=None if energy_kwh is None else energy_kwh * 1000,
        region=label(row.get("cloud_region", "")) or label(row.get("country_iso_code", "")),
        event_id=text(row.get("run_id", ""), "/run_id"),
        story_key=story_key,
        branch=branch,
        tags=project,
    )


def _accelerator(row: Mapping[str, str]) -> tuple[int, str]:
    """Return the number of GPUs and their model; of a run without GPUs the processor's, and 0."""
    named = text(row.get("gpu_model", ""), "/gpu_model")
    groups = [(int(found["count"]), found["model"].strip()) for found in _MODEL.finditer(named)]
    if groups:
        return sum(number_of for number_of, _ in groups), max(groups)[1]
    counted = number(row.get("gpu_count", ""), "/gpu_count") or 0.0
    if named and 0 <= counted <= 100_000:
        return int(counted), named
    return 0, text(row.get("cpu_model", ""), "/cpu_model")


def _time(written: str, time_zone: tzinfo) -> datetime:
    try:
        found = datetime.fromisoformat(written[:64])
        aware = found if found.tzinfo else found.replace(tzinfo=time_zone)
        return aware.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable("/timestamp", "bad_time", "expected an ISO 8601 time") from None

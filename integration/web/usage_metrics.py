"""What Prometheus is told about usage: how much came, what became of it, and how long it took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.journeys.known_calls import Outcome

EVENTS = Counter("storymeter_usage_events", "Usage events by what became of them", ["outcome"])
SECONDS = Histogram(
    "storymeter_usage_record_seconds",
    "From the decoded request to its commit, waiting included",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)


def count(outcomes: Mapping[Outcome, int], rejected_by_source: int) -> None:
    """Count events; rejected are those that could not be read, or could not be kept."""
    for outcome, number in outcomes.items():
        EVENTS.labels(outcome).inc(number)
    if rejected_by_source:
        EVENTS.labels("rejected").inc(rejected_by_source)

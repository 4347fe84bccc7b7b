"""What no usage event may say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from integration.metering.usage import UsageEvent, faults

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Job:
    gpu_count: int
    gpu_hours: float


@pytest.mark.parametrize(
    ("job", "pointers"),
    [
        (Job(10_000, 1000.0), []),
        (Job(10_000, 1000.1), ["/gpu_hours"]),
        (Job(10**9, 1_000_000.0), ["/gpu_hours"]),
        (Job(1, float("nan")), ["/gpu_hours"]),
    ],
)
def test_more_accelerator_hours_than_anybody_has_are_refused(job: Job, pointers: list[str]) -> None:
    event = UsageEvent(
        source="api", occurred_at=NOON, accelerator="H100", gpu_count=job.gpu_count,
        gpu_hours=job.gpu_hours,
    )  # fmt: skip
    assert [error.pointer for error in faults(event, NOON)] == pointers

"""GPU jobs in the book: measured energy, and runs that report themselves while they go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from integration.journeys.audit_carbon import audit_event
from integration.metering.usage import UsageEvent
from tests.journeys.ledger_recount import disagreements, totals
from tests.journeys.test_record_usage import BOOKS, NOON, Acme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.foundation.database import Transactions


@pytest.fixture
def acme(transactions: Transactions) -> Iterator[Acme]:
    acme = Acme(transactions)
    yield acme
    assert disagreements(transactions) == []


def run(hours: float, energy_wh: float | None, **fields: Any) -> UsageEvent:
    values: dict[str, Any] = {
        "source": "codecarbon", "occurred_at": NOON, "operation_name": "gpu_job",
        "accelerator": "NVIDIA A100", "gpu_count": 2, "gpu_hours": hours, "energy_wh": energy_wh,
        "region": "DEU", "event_id": "run-1", "story_key": "SHOP-1",
    }  # fmt: skip
    return UsageEvent(**values | fields)


def energy_wh(acme: Acme) -> float:
    return totals(acme.transactions, "energy_uwh")[0] / 1e6


def test_measured_energy_is_booked_and_can_be_worked_out_again(acme: Acme) -> None:
    acme.record(run(2.0, 1234.5))
    assert energy_wh(acme) == 1234.5
    with acme.transactions.begin() as session:
        (audited,) = audit_event(session, "acme", "run-1", BOOKS)
    assert audited.agrees
    assert audited.explanation is not None
    assert audited.explanation.method == "measured by the source"
    # 2 devices for 2 hours at 37.5 g embodied each hour, and the grid's share of 1.2345 kWh.
    assert audited.explanation.embodied_ugco2e == pytest.approx(4 * 37.5e6, rel=0.01)
    grid_ug = 1.2345 * audited.explanation.g_per_kwh * 1e6
    assert audited.explanation.location_based_ugco2e == pytest.approx(
        grid_ug + audited.explanation.embodied_ugco2e, abs=1
    )


def test_a_run_that_goes_on_counts_with_its_latest_row(acme: Acme) -> None:
    assert acme.record(run(1.0, 500.0)) == ["accepted"]
    assert acme.record(run(3.0, 1500.0)) == ["improved"]
    assert acme.record(run(2.0, 1000.0)) == ["duplicate"]
    assert (acme.calls(), energy_wh(acme)) == (1, 1500.0)
    assert totals(acme.transactions, "accelerator_seconds")[0] == 2 * 3 * 3600
    with acme.transactions.begin() as session:
        assert session.execute(text("SELECT count(*) FROM usage_conflict")).scalar_one() == 0


def test_a_run_on_processors_alone_goes_on_too(acme: Acme) -> None:
    processors = {"accelerator": "EPYC", "gpu_count": 0}
    acme.record(run(1.0, 500.0, **processors))
    acme.record(run(3.0, 1500.0, **processors))
    assert (acme.calls(), energy_wh(acme)) == (1, 1500.0)

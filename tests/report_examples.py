"""A Sprint of the fictional Acme team as report shapes, in the states that people meet.

The stories' actuals add up to the totals: 214.60 US dollars in 18,420 calls.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from integration.foundation.money import nanousd
from integration.reports.shapes import (
    BurnPoint,
    CapStatus,
    Cause,
    EstimateFigures,
    SpikeFigures,
    Spread,
    SprintHeader,
    SprintReport,
    StoryLine,
    Totals,
    VarianceParts,
)

STARTS_AT = datetime(2026, 11, 2, 9, tzinfo=UTC)
ENDS_AT = datetime(2026, 11, 13, 16, tzinfo=UTC)
JIRA = "https://acme.example.com/browse/"
GRAM = 1_000_000

SPRINT = SprintHeader(
    sprint_id=14,
    name="Acme Sprint 14",
    state="active",
    goal="Answers in chat that people trust",
    team="Acme Assist",
    starts_at=STARTS_AT,
    ends_at=ENDS_AT,
    url="https://storymeter.example.com/sprints/14",
    report_url="https://storymeter.example.com/reports/14",
)
CLOSED = msgspec.structs.replace(SPRINT, state="closed", completed_at=ENDS_AT)

ROWS = (
    # key, summary, estimate low/central/high USD (None: no estimate), actual USD, calls, gCO2e
    ("ACME-101", "Answer billing questions in chat", ("28", "40", "62"), "44.10", 5200, 610),
    ("ACME-102", "Summarise uploaded contracts", ("12", "18", "29"), "72.80", 2310, 890),
    ("ACME-103", "Embed the help centre for search", ("1.2", "2", "3.4"), "1.45", 6100, 22),
    ("ACME-104", "Agent that files refund requests", ("20", "35", "70"), "31.20", 1840, 420),
    ("ACME-105", "Fine-tune the intent model on GPUs", ("30", "38", "50"), "41.00", 12, 2900),
    ("ACME-106", "Translate release notes", ("0.5", "0.9", "1.6"), "0.84", 310, 9),
    ("ACME-107", "Classify inbound support mail", ("4", "6", "9"), "3.10", 1450, 41),
    ("ACME-108", "Suggest replies to agents", ("8", "13", "22"), "14.90", 980, 170),
    ("ACME-109", "Detect duplicate tickets", ("1", "1.8", "3"), "3.96", 140, 12),
    ("ACME-110", "Explain an invoice line by line", None, "1.25", 78, 15),
)


def usd(amount: str) -> int:
    """Nano-USD of dollars written as text."""
    return nanousd(Decimal(amount))


def spread(low: str, central: str, high: str) -> Spread:
    """Spread a quantity of dollars."""
    return Spread(usd(low), usd(central), usd(high))


def grams(central: int) -> Spread:
    """Return emissions in µg from 60 % to 170 % of so many grams."""
    return Spread(central * GRAM * 6 // 10, central * GRAM, central * GRAM * 17 // 10)


def totals(amount: str, calls: int, emissions_g: int, **other: int) -> Totals:
    """Consumption with a thousand tokens in, four hundred cached and 150 out for each call."""
    return Totals(
        calls=calls,
        input_tokens=1000 * calls,
        cache_read_input_tokens=400 * calls,
        output_tokens=150 * calls,
        list_cost_nanousd=usd(amount),
        contracted_cost_nanousd=usd(amount),
        energy_uwh=emissions_g * 3 * GRAM,
        location_based_ugco2e=grams(emissions_g),
        **other,
    )


def story(row: tuple[str, str, tuple[str, str, str] | None, str, int, int]) -> StoryLine:
    """One AI story with its estimate and what it used."""
    key, summary, cost, amount, calls, emissions_g = row
    actual = totals(amount, calls, emissions_g)
    if cost is None:
        return StoryLine(
            story_key=key,
            summary=summary,
            status="In Progress",
            url=JIRA + key,
            estimate=EstimateFigures(version=1, missing=("model", "calls per day")),
            actual=actual,
        )
    expected = spread(*cost)
    difference = actual.list_cost_nanousd - expected.central
    return StoryLine(
        story_key=key,
        summary=summary,
        status="Done",
        url=JIRA + key,
        estimate=EstimateFigures(
            version=2,
            tokens=Spread(900 * calls, 1100 * calls, 1500 * calls),
            list_cost_nanousd=expected,
            location_based_ugco2e=grams(emissions_g),
        ),
        actual=actual,
        variance=VarianceParts(total_nanousd=difference, volume_nanousd=difference),
        error_pct=round(100 * difference / expected.central, 1),
        within_range=expected.low <= actual.list_cost_nanousd <= expected.high,
    )


STORIES = (
    *(story(row) for row in ROWS),
    StoryLine(
        story_key="ACME-111", summary="Move the login page to the new design", is_ai_work=False
    ),
    StoryLine(story_key="ACME-112", summary="Upgrade the build machines", is_ai_work=False),
)

SPRINT_CAP = CapStatus(
    cap_id="cap-14",
    scope="sprint",
    scope_label="Sprint cap of Acme Sprint 14",
    unit="usd",
    mode="block",
    limit=usd("300"),
    spent=usd("214.60"),
    held=usd("3.20"),
)
STORY_CAP = CapStatus(
    cap_id="cap-102",
    scope="story",
    scope_label="Cap on ACME-102",
    unit="usd",
    mode="block",
    limit=usd("75"),
    spent=usd("72.80"),
    held=usd("1.90"),
    denied_calls=7,
    prevented=usd("9.45"),
)
CARBON_CAP = CapStatus(
    cap_id="cap-co2e",
    scope="sprint",
    scope_label="Carbon cap of Acme Sprint 14",
    unit="kgco2e",
    mode="warn",
    limit=6_000 * GRAM,
    spent=5_089 * GRAM,
    held=0,
)

SPIKE = SpikeFigures(
    spike_id="spike-1",
    subject_kind="story",
    subject="ACME-102",
    summary="Summarise uploaded contracts",
    url="https://storymeter.example.com/stories/ACME-102",
    started_at=datetime(2026, 11, 9, 13, 20, tzinfo=UTC),
    peak_at=datetime(2026, 11, 9, 15, 5, tzinfo=UTC),
    amount_nanousd=usd("38.40"),
    usual_nanousd=usd("7.90"),
    causes=(
        Cause(kind="more_calls", amount_nanousd=usd("24.30"), detail="4.1×"),
        Cause(kind="longer_input", amount_nanousd=usd("6.90"), detail="+38 % per call"),
        Cause(kind="less_cache", amount_nanousd=usd("-0.70")),
    ),
)
SPIKE_OVER = msgspec.structs.replace(SPIKE, ended_at=datetime(2026, 11, 9, 18, 40, tzinfo=UTC))

DAILY_CENTS = (980, 1_420, 1_710, 1_640, 1_290, 5_830, 2_860, 2_150, 1_970, 1_610)
WORKDAYS = tuple(
    day
    for offset in range(12)
    if (day := (STARTS_AT + timedelta(days=offset)).date()).isoweekday() <= 5
)


def burn(days: int) -> tuple[BurnPoint, ...]:
    """Return the first working days of the Sprint; all ten add up to 214.60 dollars."""
    return tuple(
        BurnPoint(day, cents * 10_000_000)
        for day, cents in list(zip(WORKDAYS, DAILY_CENTS, strict=True))[:days]
    )


ESTIMATED = EstimateFigures(
    version=1,
    tokens=Spread(15_000_000, 20_000_000, 28_000_000),
    list_cost_nanousd=spread("121", "154.70", "226"),
    location_based_ugco2e=grams(4_800),
)
TOTALS = totals("214.60", 18_420, 5_089)
NOTHING = Totals()


def sprint_report(**changes: object) -> SprintReport:
    """Return the closed Sprint, with changes."""
    report = SprintReport(
        sprint=CLOSED,
        revision=1,
        as_of=ENDS_AT + timedelta(minutes=2),
        stories=STORIES,
        totals=TOTALS,
        unattributed=totals("3.10", 240, 30),
        estimated=ESTIMATED,
        caps=(SPRINT_CAP, STORY_CAP, CARBON_CAP),
        spikes=(SPIKE_OVER,),
        burn=burn(10),
        interval_coverage_pct=66.7,
        median_error_pct=14.6,
    )
    return msgspec.structs.replace(report, **changes)


def running_report() -> SprintReport:
    """Return the same Sprint on its sixth day, with the forecast of that day."""
    spent = sum(point.list_cost_nanousd for point in burn(6))
    return sprint_report(
        sprint=SPRINT,
        revision=0,
        as_of=datetime(2026, 11, 9, 17, tzinfo=UTC),
        totals=msgspec.structs.replace(TOTALS, list_cost_nanousd=spent),
        burn=burn(6),
        forecast_nanousd=spread("188", "236", "318"),
        spikes=(SPIKE,),
        caps=(msgspec.structs.replace(SPRINT_CAP, spent=spent), STORY_CAP),
    )


def report_without_ai() -> SprintReport:
    """Return a Sprint in which no story was AI work."""
    return sprint_report(
        stories=STORIES[-2:],
        totals=NOTHING,
        unattributed=NOTHING,
        estimated=None,
        caps=(),
        spikes=(),
        burn=(),
        interval_coverage_pct=None,
        median_error_pct=None,
    )


def unpriced_report() -> SprintReport:
    """Return a Sprint with calls of a model that has neither price nor carbon factor."""
    return sprint_report(
        totals=totals("214.60", 18_420, 5_089, unpriced_calls=920, calls_without_factor=1_842)
    )


def second_revision() -> SprintReport:
    """Return the Sprint after four dollars of usage came late."""
    return sprint_report(
        revision=2,
        late_usage_nanousd=usd("4.05"),
        totals=totals("218.65", 18_510, 5_120),
        as_of=ENDS_AT + timedelta(days=1),
    )


def planned_report() -> SprintReport:
    """Return the next Sprint before its start, planned over its cap in dollars."""
    planned = tuple(
        msgspec.structs.replace(
            line, actual=NOTHING, variance=None, error_pct=None, within_range=None, status="To Do"
        )
        for line in STORIES
    )
    future = msgspec.structs.replace(SPRINT, sprint_id=15, name="Acme Sprint 15", state="future")
    label = "Sprint cap of Acme Sprint 15"
    cap = msgspec.structs.replace(
        SPRINT_CAP, cap_id="cap-15", scope_label=label, limit=usd("120"), spent=0, held=0
    )
    return sprint_report(
        sprint=future,
        revision=0,
        stories=planned,
        totals=NOTHING,
        unattributed=NOTHING,
        caps=(cap,),
        spikes=(),
        burn=(),
        as_of=STARTS_AT,
        interval_coverage_pct=None,
        median_error_pct=None,
    )

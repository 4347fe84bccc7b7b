"""Days and caps of the fictional Acme team's Sprint: digests, crossed thresholds, denied calls."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec

from integration.reports.cap_shapes import CapNotice, PlanCommitment, PlanNotice, RaiseNotice
from integration.reports.shapes import Cause, DailyDigest, SpikeFigures
from tests.report_examples import (
    CARBON_CAP,
    GRAM,
    NOTHING,
    SPIKE,
    SPRINT,
    SPRINT_CAP,
    STORIES,
    STORY_CAP,
    planned_report,
    spread,
    totals,
    usd,
)

SPIKE_PRICE = SpikeFigures(
    spike_id="spike-2",
    subject_kind="model",
    subject="acme-large-2",
    started_at=datetime(2026, 11, 10, 0, 0, tzinfo=UTC),
    peak_at=datetime(2026, 11, 10, 9, 0, tzinfo=UTC),
    amount_nanousd=usd("12.10"),
    usual_nanousd=0,
    causes=(
        Cause(kind="new_price", amount_nanousd=usd("8"), detail="output from $10 to $15 per M"),
        Cause(kind="dearer_model", amount_nanousd=usd("4.10"), detail="acme-large-2"),
    ),
)


def digest(**changes: object) -> DailyDigest:
    """Return an ordinary day: some spend, nothing out of line."""
    day = DailyDigest(
        sprint=SPRINT,
        day=date(2026, 11, 6),
        as_of=datetime(2026, 11, 6, 8, 30, tzinfo=UTC),
        sprint_day=5,
        sprint_days=10,
        yesterday=totals("16.40", 1_504, 310),
        to_date=totals("57.50", 6_210, 1_420),
        unattributed=totals("1.10", 85, 8),
        caps=(
            msgspec.structs.replace(SPRINT_CAP, spent=usd("57.50"), held=0),
            msgspec.structs.replace(CARBON_CAP, spent=1_420 * GRAM),
        ),
        forecast_nanousd=spread("110", "144", "190"),
        top_stories=(STORIES[6], STORIES[2], STORIES[5]),
    )
    return msgspec.structs.replace(day, **changes)


def quiet_digest() -> DailyDigest:
    """Return a day without spend or anything to say."""
    return digest(yesterday=NOTHING, unattributed=NOTHING, top_stories=(), day=date(2026, 11, 8))


def spike_digest() -> DailyDigest:
    """Return the day after the spike, with stories over their estimate."""
    return digest(
        day=date(2026, 11, 10),
        as_of=datetime(2026, 11, 10, 8, 30, tzinfo=UTC),
        sprint_day=7,
        yesterday=totals("58.30", 4_120, 1_180),
        to_date=totals("128.70", 11_950, 3_210),
        caps=(msgspec.structs.replace(SPRINT_CAP, spent=usd("128.70")), STORY_CAP),
        forecast_nanousd=spread("188", "236", "318"),
        spikes=(SPIKE, SPIKE_PRICE),
        over_estimate=(STORIES[1], STORIES[8]),
    )


def over_cap_digest() -> DailyDigest:
    """Return a day on which the Sprint's cap is used up and the forecast is beyond it."""
    return digest(
        to_date=totals("299.20", 21_000, 6_100),
        caps=(
            msgspec.structs.replace(
                SPRINT_CAP, spent=usd("299.20"), denied_calls=31, prevented=usd("22")
            ),
            CARBON_CAP,
        ),
        forecast_nanousd=spread("310", "336", "402"),
    )


def threshold_notice(threshold_pct: int = 80) -> CapNotice:
    """Return a crossed threshold of the Sprint's cap."""
    spent = usd("300") * threshold_pct // 100
    return CapNotice(
        event="threshold",
        cap=msgspec.structs.replace(SPRINT_CAP, spent=spent),
        threshold_pct=threshold_pct,
        sprint=SPRINT,
        forecast=spread("262", "308", "371"),
        top_stories=STORIES[:3],
        as_of=datetime(2026, 11, 11, 10, 15, tzinfo=UTC),
    )


def denied_notice(**changes: object) -> CapNotice:
    """Return a call that a story's cap stopped."""
    notice = CapNotice(
        event="denied",
        cap=STORY_CAP,
        sprint=SPRINT,
        story_key="ACME-102",
        requested=usd("1.35"),
        alternative="acme-small-2 for this call: at most $0.21.",
        as_of=datetime(2026, 11, 11, 10, 15, tzinfo=UTC),
    )
    return msgspec.structs.replace(notice, **changes)


def past_notice() -> CapNotice:
    """Return the same denial once another message has told that the cap was raised."""
    return denied_notice(is_past=True)


def resolved_notice() -> CapNotice:
    """Return the same denial after a person raised the cap."""
    return denied_notice(
        cap=msgspec.structs.replace(STORY_CAP, limit=usd("120")),
        resolved_by="Petra Owner",
        resolved_reason="Contracts of the new customer are three times as long.",
    )


def raised_until_notice() -> CapNotice:
    """Return the same denial after a person raised the cap for a time."""
    notice = resolved_notice()
    until = datetime(2026, 11, 12, 18, 0, tzinfo=UTC)
    cap = msgspec.structs.replace(notice.cap, raised_until=until, limit_after=STORY_CAP.limit)
    return msgspec.structs.replace(notice, cap=cap)


def raise_ended_notice() -> CapNotice:
    """Return the end of a raise for a time, with nothing left under the cap."""
    return CapNotice(
        event="raise_ended",
        cap=msgspec.structs.replace(SPRINT_CAP, spent=usd("312.40")),
        sprint=SPRINT,
        limit_before=usd("400"),
        as_of=datetime(2026, 11, 12, 18, 0, tzinfo=UTC),
    )


def raise_request(**changes: object) -> RaiseNotice:
    """Return a raise that waits for an approver."""
    notice = RaiseNotice(
        request_id="V0RAISE",
        cap=msgspec.structs.replace(SPRINT_CAP, approvers=("slack:U0PETRA",)),
        sprint=SPRINT,
        limit_before=usd("300"),
        limit=usd("400"),
        until=datetime(2026, 11, 12, 18, 0, tzinfo=UTC),
        reason="A customer's pilot goes on until Thursday.",
        asked_by="Ann Developer",
        state="waiting",
        as_of=datetime(2026, 11, 11, 10, 15, tzinfo=UTC),
    )
    return msgspec.structs.replace(notice, **changes)


def plan_notice(**changes: object) -> PlanNotice:
    """Return the next Sprint's plan, over its cap in dollars by what its dearest stories are."""
    report = planned_report()
    stories = tuple(line for line in report.stories if line.estimate)
    cap = msgspec.structs.replace(report.caps[0], reserve_pct=10)
    notice = PlanNotice(
        sprint=report.sprint,
        state="over",
        commitments=(
            PlanCommitment(
                cap=cap, planned=spread("110", "168", "240"), reserved=usd("12"), verdict="over",
                trim=tuple(line.story_key for line in stories[:2]),
            ),
        ),
        stories=stories,
        unestimated=("ACME-110",),
        as_of=report.as_of,
    )  # fmt: skip
    return msgspec.structs.replace(notice, **changes)


def risky_plan() -> PlanNotice:
    """Return a plan of which only the upper end is over."""
    plan = plan_notice()
    commitment = msgspec.structs.replace(
        plan.commitments[0], planned=spread("60", "96", "150"), verdict="at_risk", reserved=0,
        trim=plan.commitments[0].trim[:1],
    )  # fmt: skip
    return msgspec.structs.replace(plan, state="at_risk", commitments=(commitment,))


def trimmed_plan() -> PlanNotice:
    """Return a plan that fits after stories were moved back."""
    plan = plan_notice(moved=("ACME-101", "ACME-102"), moved_by="Petra Owner", unestimated=())
    commitment = msgspec.structs.replace(
        plan.commitments[0], planned=spread("40", "61", "88"), verdict="fits", trim=()
    )
    return msgspec.structs.replace(plan, state="fits", commitments=(commitment,))

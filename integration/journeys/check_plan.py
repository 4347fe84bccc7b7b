"""Journey: the gate before Sprint Planning ends: does what is planned fit under its caps?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.shapes import CapStatus, EstimateFigures, Spread, SprintReport
from integration.reports.sprint_report import sprint_report

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.reports.shapes import StoryLine

KIND = "slack.planning_notice"


def check_plan(
    transactions: Transactions, workspace_id: str, books: Books, *, now: datetime
) -> list[int]:
    """Compare every future Sprint's committed estimates with the Sprint's own caps.

    Where the central estimate is over a cap, or only its P90 is, one notice is promised; new
    figures edit it. Returns the ids of the Sprints that do not fit.
    """
    with transactions.begin() as session:
        future = backlog.sprints(session, workspace_id, states=("future",))
    too_much = []
    for sprint in future:
        with transactions.begin() as session:
            plan = _plan(session, workspace_id, sprint.sprint_id, books, now)
            if any(exceeds(plan, cap) for cap in plan.caps):
                too_much.append(sprint.sprint_id)
                _promise(session, workspace_id, plan, now)
    return too_much


def exceeds(plan: SprintReport, cap: CapStatus) -> bool:
    """Say whether the estimates' P90 goes over a cap on the whole Sprint, in the cap's unit.

    P90s are added up as if all stories went badly together: the careful side.
    """
    if plan.estimated is None:
        return False
    committed = {
        "usd": plan.estimated.list_cost_nanousd,
        "tokens": plan.estimated.tokens,
        "kgco2e": plan.estimated.location_based_ugco2e,
    }[cap.unit]
    return committed is not None and committed.high > cap.limit


def _plan(
    session: Session, workspace_id: str, sprint_id: int, books: Books, now: datetime
) -> SprintReport:
    """The Sprint's report with the stories that are planned into it now; others have left it."""
    report = sprint_report(session, workspace_id, sprint_id, books.prices, now=now)
    keys = {line.story_key for line in report.stories}
    histories = backlog.memberships(session, workspace_id, keys) if keys else {}
    planned = tuple(
        line
        for line in report.stories
        if any(
            membership.sprint_id == sprint_id and membership.left_at is None
            for membership in histories.get(line.story_key, ())
        )
    )
    own_caps = tuple(cap for cap in report.caps if cap.scope == "sprint")
    return msgspec.structs.replace(
        report, stories=planned, caps=own_caps, estimated=_committed(planned)
    )


def _committed(lines: Sequence[StoryLine]) -> EstimateFigures:
    """Add up what the stories are estimated to use; those without an estimate are named."""
    estimates = [line.estimate for line in lines if line.estimate]
    return EstimateFigures(
        version=0,
        tokens=_added_up([each.tokens for each in estimates]),
        list_cost_nanousd=_added_up([each.list_cost_nanousd for each in estimates]),
        location_based_ugco2e=_added_up([each.location_based_ugco2e for each in estimates]),
        missing=tuple(
            line.story_key
            for line in lines
            if line.is_ai_work and not (line.estimate and line.estimate.list_cost_nanousd)
        ),
    )


def _added_up(spreads: Sequence[Spread | None]) -> Spread | None:
    known = [spread for spread in spreads if spread]
    if not known:
        return None
    return Spread(
        sum(spread.low for spread in known),
        sum(spread.central for spread in known),
        sum(spread.high for spread in known),
    )


def _promise(session: Session, workspace_id: str, plan: SprintReport, now: datetime) -> None:
    """Promise the notice, unless the one that stands differs in nothing but its time."""
    subject = f"sprint:{plan.sprint.sprint_id}"
    body = msgspec.json.decode(msgspec.json.encode(plan))
    standing = mailbox_queries.promised(session, workspace_id, KIND, subject)
    if standing is None or standing.body | {"as_of": None} != body | {"as_of": None}:
        mailbox.promise(session, workspace_id, KIND, subject, body, now)

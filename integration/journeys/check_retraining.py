"""Journeys: a pipeline asks whether to retrain, and later tells what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.estimation import store as estimates
from integration.estimation.retraining import (
    DEFAULT_THRESHOLD,
    FinishedRetraining,
    RetrainingCheck,
    RetrainingResult,
    decide,
    realised_benefit,
    tuned_threshold,
)
from integration.foundation.errors import Conflict, FieldError, InvalidInput, NotFound

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.estimation.retraining import ProposedRetraining, RetrainingReference
    from integration.foundation.database import Transactions


def check_retraining(
    transactions: Transactions, workspace_id: str, check_id: str, proposed: ProposedRetraining,
    reference: RetrainingReference | None, *, subject: str, actor: str, now: datetime,
) -> RetrainingCheck:  # fmt: skip
    """Decide and keep the decision. The same id again answers as the first time.

    Without a reference that of the workspace's newest check holds. The threshold is the one that
    the results so far have tuned.

    Raises:
        InvalidInput: there is no reference yet, or a number cannot be.
        Conflict: the id was used for another proposal.
    """
    with transactions.begin() as session:
        earlier = estimates.checks(session, workspace_id)
        if reference is None and earlier:
            reference = earlier[-1].reference
        if reference is None:
            sentence = "say what one usual retraining improves, costs and emits"
            raise InvalidInput(
                "The first check of a workspace needs a reference",
                errors=(FieldError("/reference", "missing", sentence),),
            )
        try:
            decision = decide(proposed, reference, threshold_now(session, workspace_id))
        except ValueError as impossible:
            raise InvalidInput(f"It cannot be scored: {impossible}") from impossible
        check = RetrainingCheck(check_id, now, actor, subject, proposed, reference, decision)
        kept = estimates.add_check(session, workspace_id, check)
    if kept.proposed != proposed:
        raise Conflict(f"Retraining check {check_id!r} was made for another proposal")
    return kept


def record_result(
    transactions: Transactions, workspace_id: str, check_id: str, realised_error: float, *,
    now: datetime,
) -> RetrainingResult:  # fmt: skip
    """Keep the error that the retrained model really has; every eighth result tunes the threshold.

    Raises:
        NotFound: no such check.
        Conflict: its result is kept already.
        InvalidInput: the error is below 0.
    """
    if not realised_error >= 0:
        raise InvalidInput("An error is 0 or more")
    with transactions.begin() as session:
        asked = {each.check_id: each for each in estimates.checks(session, workspace_id)}
        if check_id not in asked:
            raise NotFound(f"There is no retraining check {check_id!r}")
        before = estimates.results(session, workspace_id)
        benefit = realised_benefit(asked[check_id], realised_error)
        known = [(each.check_id, each.realised_benefit) for each in before]
        finished = [
            FinishedRetraining(asked[made].decision.efficiency, brought, asked[made].decision.cost)
            for made, brought in (*known, (check_id, benefit))
        ]
        threshold = tuned_threshold(threshold_now(session, workspace_id), finished)
        result = RetrainingResult(check_id, now, realised_error, benefit, threshold)
        if not estimates.add_result(session, workspace_id, result):
            raise Conflict(f"The result of retraining check {check_id!r} is known already")
    return result


def threshold_now(session: Session, workspace_id: str) -> float:
    """Return the threshold for the next check."""
    known = estimates.results(session, workspace_id)
    return known[-1].threshold_after if known else DEFAULT_THRESHOLD

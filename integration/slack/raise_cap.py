"""A person raises a cap in the modal: what was typed is checked, then the desk decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integration.foundation.errors import StoryMeterError, Unavailable
from integration.slack.amounts import AmountError, read_amount
from integration.slack.desk import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.slack.answers import Answers
    from integration.slack.desk import SlackDesk

SHORTEST_REASON = 3
FIELDS = frozenset({"limit", "reason"})


@dataclass(frozen=True, slots=True)
class Submission:
    """The modal as submitted. `view_id` makes a second submission the same request."""

    workspace_id: str
    view_id: str
    cap_id: str
    amount: str
    reason: str
    user_id: str
    user_name: str


def read_submission(workspace_id: str, body: Mapping[str, Any]) -> Submission:
    """Read a `view_submission` payload; fields left empty arrive as null."""
    view = body["view"]
    values = view["state"]["values"]
    user = body["user"]
    return Submission(
        workspace_id=workspace_id,
        view_id=view["id"],
        cap_id=json.loads(view["private_metadata"])["cap_id"],
        amount=values["limit"]["amount"].get("value") or "",
        reason=(values["reason"]["text"].get("value") or "").strip(),
        user_id=user["id"],
        user_name=user.get("name") or user.get("username") or user["id"],
    )


def raise_cap(submission: Submission, desk: SlackDesk, answers: Answers) -> dict[str, str]:
    """Raise the cap and return nothing, or return what is wrong by field of the modal.

    It is committed before Slack is answered, so a modal that closed is a cap that was raised.
    """
    try:
        return _raise_cap(submission, desk, answers)
    except Unavailable:
        return {"limit": answers.problem("unavailable")}
    except StoryMeterError as refused:
        return {"limit": refused.message}


def _raise_cap(submission: Submission, desk: SlackDesk, answers: Answers) -> dict[str, str]:
    cap = desk.cap(submission.workspace_id, submission.cap_id)
    if cap is None:
        return {"limit": answers.problem("unknown_cap")}
    problems = {}
    amount = 0
    try:
        amount = read_amount(submission.amount, cap.unit)
    except AmountError as refused:
        problems["limit"] = answers.problem(refused.problem)
    else:
        # Equal is let through: it may be the same submission a second time.
        if amount < cap.limit:
            problems["limit"] = answers.problem("amount_not_higher", cap)
    if len(submission.reason) < SHORTEST_REASON:
        problems["reason"] = answers.problem("reason_missing")
    if problems:
        return problems
    decision = desk.raise_cap(
        submission.workspace_id,
        submission.cap_id,
        amount,
        submission.reason,
        slack_user_id=submission.user_id,
        slack_user_name=submission.user_name,
        request_id=submission.view_id,
    )
    if isinstance(decision, Refusal):
        return {decision.about if decision.about in FIELDS else "limit": decision.message}
    return {}

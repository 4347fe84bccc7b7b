"""A person raises a cap in the modal: what was typed is checked, then the desk decides."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from integration.foundation.errors import StoryMeterError, Unavailable
from integration.slack.amounts import AmountError, read_amount
from integration.slack.cap_desk import Refusal, SlackPerson, Waits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.slack.answers import Answers
    from integration.slack.cap_desk import CapDesk

SHORTEST_REASON = 3
FIELDS = frozenset({"limit", "reason", "until"})
Problems = dict[str, str]


@dataclass(frozen=True, slots=True)
class Submission:
    """The modal as submitted. `view_id` makes a second submission the same request."""

    workspace_id: str
    view_id: str
    cap_id: str
    amount: str
    reason: str
    until: datetime | None
    person: SlackPerson


def person_of(body: Mapping[str, Any]) -> SlackPerson:
    """Who did what a payload tells."""
    user = body["user"]
    return SlackPerson(user["id"], user.get("name") or user.get("username") or user["id"])


def read_submission(workspace_id: str, body: Mapping[str, Any]) -> Submission:
    """Read a `view_submission` payload; fields left empty arrive as null."""
    view = body["view"]
    values = view["state"]["values"]
    # A form from before this field was there may still be open on somebody's screen.
    until = values.get("until", {}).get("at", {}).get("selected_date_time")
    return Submission(
        workspace_id=workspace_id,
        view_id=view["id"],
        cap_id=json.loads(view["private_metadata"])["cap_id"],
        amount=values["limit"]["amount"].get("value") or "",
        reason=(values["reason"]["text"].get("value") or "").strip(),
        until=datetime.fromtimestamp(until, UTC) if until else None,
        person=person_of(body),
    )


def raise_cap(submission: Submission, desk: CapDesk, answers: Answers) -> Problems | Waits:
    """Raise the cap; returns nothing, what is wrong by field of the modal, or who must agree.

    It is committed before Slack is answered, so a modal that closed is a cap that was raised.
    """
    try:
        return _raise_cap(submission, desk, answers)
    except Unavailable:
        return {"limit": answers.problem("unavailable")}
    except StoryMeterError as refused:
        return {"limit": refused.message}


def _raise_cap(submission: Submission, desk: CapDesk, answers: Answers) -> Problems | Waits:
    cap = desk.cap(submission.workspace_id, submission.cap_id)
    if cap is None:
        return {"limit": answers.problem("unknown_cap")}
    amount, problems = typed_amount(submission.amount, cap.unit, answers)
    # Equal is let through: it may be the same submission a second time.
    if not problems and amount < cap.limit:
        problems["limit"] = answers.problem("amount_not_higher", cap)
    if len(submission.reason) < SHORTEST_REASON:
        problems["reason"] = answers.problem("reason_missing")
    if problems:
        return problems
    decision = desk.raise_cap(
        submission.workspace_id, submission.cap_id, amount, submission.reason,
        until=submission.until, person=submission.person, request_id=submission.view_id,
    )  # fmt: skip
    if isinstance(decision, Refusal):
        return {decision.about if decision.about in FIELDS else "limit": decision.message}
    return decision if isinstance(decision, Waits) else {}


def typed_amount(typed: str, unit: str, answers: Answers) -> tuple[int, Problems]:
    """Read an amount; 0 with the sentence for its field where it is none."""
    try:
        return read_amount(typed, unit), {}
    except AmountError as refused:
        return 0, {"limit": answers.problem(refused.problem)}

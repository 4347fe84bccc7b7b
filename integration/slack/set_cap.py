"""A person sets a cap in the modal: what was chosen and typed is checked, then the desk decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.foundation.errors import StoryMeterError, Unavailable
from integration.slack.cap_desk import Refusal, WantedCap
from integration.slack.raise_cap import SHORTEST_REASON, person_of, typed_amount

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.slack.answers import Answers
    from integration.slack.cap_desk import CapDesk
    from integration.slack.raise_cap import Problems

EVERYTHING = "workspace"
"""The choice that is no Sprint."""


def set_cap(
    workspace_id: str, body: Mapping[str, Any], desk: CapDesk, answers: Answers
) -> Problems:
    """Set the cap of a `view_submission` payload; returns what is wrong by field of the modal."""
    values = body["view"]["state"]["values"]
    scope, unit, mode = (
        values[name]["choice"]["selected_option"]["value"] for name in ("scope", "unit", "mode")
    )
    reason = (values["reason"]["text"].get("value") or "").strip()
    limit, problems = typed_amount(values["limit"]["amount"].get("value") or "", unit, answers)
    if len(reason) < SHORTEST_REASON:
        problems["reason"] = answers.problem("reason_missing")
    if problems:
        return problems
    wanted = WantedCap(None if scope == EVERYTHING else int(scope), unit, limit, mode, reason)
    try:
        done = desk.set_cap(workspace_id, wanted, person=person_of(body))
    except Unavailable:
        return {"limit": answers.problem("unavailable")}
    except StoryMeterError as refused:
        return {"limit": refused.message}
    return {"limit": done.message} if isinstance(done, Refusal) else {}

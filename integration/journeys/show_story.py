"""What Jira shall show of a story: its fields in one write, and one comment edited in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from integration.backlog.section_turns import section_turns
from integration.estimation import store as estimates
from integration.estimation.change import change_between
from integration.ledger import queries as ledger_queries
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.cap_shapes import PlanNote
from integration.reports.spend import totals_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.estimation.advice import Advice
    from integration.estimation.store import EstimateVersion

FIELDS = "jira.story"
COMMENT = "jira.comment"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a story looked like in Jira, as far as it decides what we write there."""

    lacks_section: bool = False
    """It is marked as AI work and has neither our section nor a table of workloads."""
    description: str = ""
    """A digest of its description."""
    workload_class: str | None = None
    """As somebody chose it."""


def promise_story(
    session: Session, workspace_id: str, story_key: str, now: datetime, *,
    seen: Seen | None = None, with_actual: bool = False, advice: Advice | None = None,
    plan: PlanNote | Literal["as_before"] | None = "as_before",
) -> None:  # fmt: skip
    """Promise Jira's fields and comment of a story, from what is known of it now.

    The actual is written when the Sprint closes (`with_actual`), and from then on kept up to date;
    while a Sprint runs the Slack digest and our own pages show it, so that Jira stays quiet.
    Without `seen` the story was not read just now, and what rests on its looks stays. Without
    `advice` the comment keeps what it says already, and so does what it says of a `plan`.
    """
    mailbox.hold_subject(session, workspace_id, FIELDS, story_key)
    shown = mailbox_queries.promised(session, workspace_id, FIELDS, story_key)
    found = estimates.with_previous(session, workspace_id, [story_key]).get(story_key)
    version, previous = found or (None, None)
    spend = ledger_queries.spend_of_stories(session, workspace_id, [story_key]).get(story_key)
    shows_actual = with_actual or (shown is not None and shown.body["actual"] is not None)
    if version is None and not shows_actual:
        return
    figures = {
        "estimate": version and msgspec.to_builtins(version.estimate),
        "estimate_version": version.version if version else 0,
        "actual": msgspec.to_builtins(totals_of(spend)) if shows_actual and spend else None,
    }
    was = (shown.body, shown.receipt) if shown else ({}, {})
    said = mailbox_queries.promised(session, workspace_id, COMMENT, story_key)
    body = figures | _looks(*was, seen) | _plan_flag(was[0], plan)
    mailbox.promise(session, workspace_id, FIELDS, story_key, body, now)
    if said is None and not figures["actual"] and not (version and version.estimate.workloads):
        return  # An empty table is no news; the field of missing inputs says it without a mail.
    comment = (
        figures
        | {
            "change": _change(version, previous),
            "advice": msgspec.to_builtins(advice) if advice else said and said.body.get("advice"),
        }
        | _plan_note(said.body if said else {}, plan)
    )
    mailbox.promise(session, workspace_id, COMMENT, story_key, comment, now)


def _looks(body: dict[str, Any], receipt: dict[str, Any], seen: Seen | None) -> dict[str, Any]:
    wanted = int(body.get("section", 0))
    if seen is None:
        return {"section": wanted, "workload_class": body.get("workload_class")}
    turns = section_turns(
        wanted,
        int(receipt.get("section") or 0),
        lacks=seen.lacks_section,
        is_as_before=receipt.get("described") == seen.description,
    )
    return {"section": turns, "workload_class": seen.workload_class}


def _plan_flag(was: dict[str, Any], plan: PlanNote | str | None) -> dict[str, Any]:
    """The flag to show; a story that never had one says nothing of it."""
    if plan == "as_before" or (plan is None and "plan_flag" not in was):
        return {"plan_flag": was["plan_flag"]} if "plan_flag" in was else {}
    return {"plan_flag": plan.flag if isinstance(plan, PlanNote) else None}


def _plan_note(was: dict[str, Any], plan: PlanNote | str | None) -> dict[str, Any]:
    if plan == "as_before":
        return {"plan": was["plan"]} if "plan" in was else {}
    return {"plan": msgspec.to_builtins(plan)} if plan or "plan" in was else {}


def _change(version: EstimateVersion | None, previous: EstimateVersion | None) -> object:
    if version is None or previous is None:
        return None
    change = change_between(previous.estimate, version.estimate, previous.version)
    return msgspec.to_builtins(change)

"""Journeys: the gate before Sprint Planning ends: does what is planned fit under its caps?

A plan that does not fit is told in Slack, and on the stories that would have to go: in a field of
theirs and in their comment. Where the workspace says so, they are moved back to the Product
Backlog. Once the plan fits or the Sprint starts, all of that is taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.foundation.errors import NotFound
from integration.journeys.show_story import COMMENT, promise_story
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.cap_report import header_of
from integration.reports.cap_shapes import PlanNote, PlanNotice
from integration.reports.plan_report import notes_of, plan_of
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.foundation.database import Transactions

KIND = "slack.planning_notice"
BACKLOG = "jira.backlog"


def check_plan(transactions: Transactions, workspace_id: str, *, now: datetime) -> list[int]:
    """Compare every future Sprint's committed estimates with the Sprint's own caps.

    Where the central estimate is over a cap, or only its P90 is, one notice is promised; new
    figures edit it. Returns the ids of the Sprints that do not fit.
    """
    with transactions.begin() as session:
        open_ = backlog.sprints(session, workspace_id, states=("future", "active"))
    too_much = []
    for sprint in open_:
        with transactions.begin() as session:
            if _check(session, workspace_id, sprint, now) in {"over", "at_risk"}:
                too_much.append(sprint.sprint_id)
    return too_much


def trim_plan(
    transactions: Transactions, workspace_id: str, sprint_id: int, *, actor: str, actor_name: str,
    now: datetime,
) -> tuple[str, ...]:  # fmt: skip
    """Move the stories that a plan is over by back to the Product Backlog; returns their keys.

    Raises:
        NotFound: the plan fits by now, or the Sprint has started.
    """
    with transactions.begin() as session:
        standing = _standing(session, workspace_id, sprint_id)
        keys = _to_trim(standing) if standing else ()
        if standing is None or not keys:
            raise NotFound("This plan fits by now")
        told = msgspec.structs.replace(
            standing, moved=(*standing.moved, *keys), moved_by=actor_name or actor
        )
        _promise_moves(session, workspace_id, sprint_id, keys, now)
        _promise_notice(session, workspace_id, told, now)
        workspaces.audit(
            session, workspace_id, at=now, actor=actor, action="plan.trimmed",
            subject=f"sprint:{sprint_id}", stories=list(keys), name=actor_name,
        )  # fmt: skip
    return keys


def _check(session: Session, workspace_id: str, sprint: Sprint, now: datetime) -> str:
    standing = _standing(session, workspace_id, sprint.sprint_id)
    if sprint.state == "active":
        if standing is not None and standing.state != "started":
            header = header_of(session, workspace_id, sprint)
            told = msgspec.structs.replace(standing, sprint=header, state="started", as_of=now)
            _promise_notice(session, workspace_id, told, now)
            _flag(session, workspace_id, sprint.sprint_id, {}, now)
        return "started"
    caps = [
        balance
        for balance in cap_queries.balances(session, workspace_id).values()
        if balance.cap.scope_kind == "sprint" and balance.cap.scope_value == str(sprint.sprint_id)
    ]
    if not caps and standing is None:
        return "fits"
    plan = plan_of(session, workspace_id, sprint, caps, now)
    if plan.state == "fits" and standing is None:
        return "fits"
    moves_back = workspaces.find(session, workspace_id).over_cap_stories == "move_back"
    plan = msgspec.structs.replace(
        plan, moves_back=moves_back, moved=standing.moved if standing else (),
        moved_by=standing.moved_by if standing else "",
    )  # fmt: skip
    _flag(session, workspace_id, sprint.sprint_id, notes_of(session, workspace_id, plan), now)
    if moves_back and plan.state == "over":
        keys = _to_trim(plan)
        if _promise_moves(session, workspace_id, sprint.sprint_id, keys, now):
            moved = tuple(dict.fromkeys((*plan.moved, *keys)))
            plan = msgspec.structs.replace(plan, moved=moved, moved_by="StoryMeter")
    _promise_notice(session, workspace_id, plan, now)
    return plan.state


def _to_trim(plan: PlanNotice) -> tuple[str, ...]:
    keys = (key for each in plan.commitments if each.verdict == "over" for key in each.trim)
    return tuple(dict.fromkeys(keys))


def _flag(
    session: Session, workspace_id: str, sprint_id: int, notes: Mapping[str, PlanNote],
    now: datetime,
) -> None:  # fmt: skip
    """Let the stories' fields and comments say these notes, and no older ones about the Sprint."""
    said = {
        key: msgspec.convert(value, PlanNote)
        for key, value in mailbox_queries.said(session, workspace_id, COMMENT, "plan").items()
    }
    stale = {key for key, note in said.items() if note.sprint_id == sprint_id} - notes.keys()
    for key in sorted(stale):
        promise_story(session, workspace_id, key, now, plan=None)
    for key, note in sorted(notes.items()):
        if said.get(key) != note:
            promise_story(session, workspace_id, key, now, plan=note)


def _promise_moves(
    session: Session, workspace_id: str, sprint_id: int, story_keys: Iterable[str], now: datetime
) -> bool:
    """Promise that stories leave a Sprint; False when that is promised already.

    A story that somebody pulls in again has joined anew, so it is moved anew.
    """
    keys = list(story_keys)
    histories = backlog.memberships(session, workspace_id, keys)
    joined = {
        key: max(
            (each.joined_at for each in histories.get(key, ()) if each.sprint_id == sprint_id),
            default=now,
        ).isoformat()
        for key in keys
    }
    subject, body = f"sprint:{sprint_id}", {"sprint_id": sprint_id, "stories": joined}
    standing = mailbox_queries.promised(session, workspace_id, BACKLOG, subject)
    if standing is not None and standing.body == body:
        return False
    mailbox.promise(session, workspace_id, BACKLOG, subject, body, now)
    return True


def _standing(session: Session, workspace_id: str, sprint_id: int) -> PlanNotice | None:
    found = mailbox_queries.promised(session, workspace_id, KIND, f"sprint:{sprint_id}")
    return msgspec.convert(found.body, PlanNotice, strict=False) if found else None


def _promise_notice(session: Session, workspace_id: str, plan: PlanNotice, now: datetime) -> None:
    """Promise the notice, unless the one that stands differs in nothing but its time."""
    subject = f"sprint:{plan.sprint.sprint_id}"
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(plan))
    standing = mailbox_queries.promised(session, workspace_id, KIND, subject)
    if standing is None or standing.body | {"as_of": None} != body | {"as_of": None}:
        mailbox.promise(session, workspace_id, KIND, subject, body, now)

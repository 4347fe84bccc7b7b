"""How a workspace is served: what is set up, what arrives, what waits, what figures lack.

Everything is read from the database; nobody outside is asked. Each check has a state: `well`,
`look` (it may be meant so), or `wrong` (somebody has to mend it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any, Literal

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.caps import recount_queries
from integration.caps.policy import sprint_id_of
from integration.ledger import queries as ledger
from integration.mailbox import queries as mailbox
from integration.reconciliation import queries as reconciliation
from integration.reports.spend import totals_of
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.secrets import SecretBox

State = Literal["well", "look", "wrong"]
WORKER_SILENT = timedelta(minutes=5)
JIRA_BEHIND = timedelta(minutes=30)
DAYS = 7
LEAST_COVERAGE_PCT = 90.0
MOST_UNATTRIBUTED_PCT = 10.0
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `values` are for its words."""

    kind: str
    state: State
    values: dict[str, Any] = field(default_factory=dict)


def workspace_health(
    session: Session, workspace_id: str, box: SecretBox, *, tick: datetime | None, now: datetime
) -> tuple[Check, ...]:
    """Look at everything, what is wrong first. `tick` is when a worker was last seen."""
    found = [
        _worker(tick, now),
        *_jira(session, workspace_id, box, now),
        *_slack(session, workspace_id, box),
        *_queues(session, workspace_id),
        _keys(session, workspace_id),
        *_usage(session, workspace_id, now),
        *_caps(session, workspace_id),
        _recounts(session, workspace_id),
    ]
    order: tuple[State, ...] = ("wrong", "look", "well")
    return tuple(sorted(found, key=lambda check: order.index(check.state)))


def _worker(tick: datetime | None, now: datetime) -> Check:
    is_working = tick is not None and now - tick <= WORKER_SILENT
    return Check("worker", "well" if is_working else "wrong", {"tick": tick})


def _jira(session: Session, workspace_id: str, box: SecretBox, now: datetime) -> Iterator[Check]:
    account = workspaces.jira_account(session, workspace_id, box)
    if account is None:
        yield Check("jira_missing", "look")
        return
    if not account.project_keys or not account.field_ids:
        yield Check("jira_not_provisioned", "wrong")
    until = workspace_queries.synced_until(session, workspace_id)
    is_behind = until is None or now - until > JIRA_BEHIND
    last = mailbox.last_received(session, workspace_id, "jira")
    state: State = "look" if is_behind or last is None else "well"
    yield Check("jira", state, {"until": until, "last": last, "is_behind": is_behind})
    paused = mailbox.paused_until(session, workspace_id, "jira", now)
    if paused is not None:
        yield Check("jira_paused", "look", {"until": paused})


def _slack(session: Session, workspace_id: str, box: SecretBox) -> Iterator[Check]:
    account = workspaces.slack_account(session, workspace_id, box)
    teams = workspaces.teams(session, workspace_id)
    if not teams:
        yield Check("teams_missing", "look")
    without_board = [team.name for team in teams if team.board_id is None]
    if without_board:
        yield Check("teams_without_board", "look", {"teams": without_board})
    if account is None:
        yield Check("slack_missing", "look")
        return
    yield Check(
        "slack", "wrong" if account.lost_reason else "well", {"reason": account.lost_reason}
    )
    silent = [team.name for team in teams if not (team.channel_id or account.default_channel_id)]
    if silent:
        yield Check("teams_without_channel", "wrong", {"teams": silent})


def _queues(session: Session, workspace_id: str) -> Iterator[Check]:
    counts = mailbox.inbox_counts(session, workspace_id)
    unread = counts.get("failed", 0)
    yield Check("inbox", "wrong" if unread else "well", {"failed": unread})
    given_up = mailbox.failed_promises(session, workspace_id)
    if given_up:
        yield Check("given_up", "wrong", _some(given_up))
    struggling = mailbox.struggling_promises(session, workspace_id)
    if struggling:
        yield Check("struggling", "look", _some(struggling))
    if not given_up:
        yield Check("outbox", "well", {"waiting": mailbox.open_promises(session, workspace_id)})


def _some(promises: list[Any]) -> dict[str, Any]:
    shown = [(row.kind, row.subject, row.note) for row in promises[:SHOWN]]
    return {"shown": shown, "more": len(promises) - len(shown)}


def _keys(session: Session, workspace_id: str) -> Check:
    living = [
        key for key in workspace_queries.keys_of(session, workspace_id) if key.revoked_at is None
    ]
    may_send = [key for key in living if {"ingest", "admin"} & set(key.scopes)]
    return Check("keys", "well" if may_send else "wrong", {"count": len(may_send)})


def _usage(session: Session, workspace_id: str, now: datetime) -> Iterator[Check]:
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=DAYS - 1)
    spend = ledger.total_between(session, workspace_id, first, today)
    total = totals_of(spend)
    yield Check("usage", "well" if total.calls else "look", {"calls": total.calls, "days": DAYS})
    if not total.calls:
        return
    unpriced = total.unpriced_calls
    yield Check("prices", "look" if unpriced else "well", {"calls": unpriced})
    coverage = total.carbon_coverage_pct or 0.0
    is_covered = coverage >= LEAST_COVERAGE_PCT
    yield Check("factors", "well" if is_covered else "look", {"pct": coverage})
    nowhere = ledger.total_between(session, workspace_id, first, today, story_key="")
    cost = total.list_cost_nanousd
    share = 100 * nowhere.list_cost_nanousd / cost if cost else 0.0
    state: State = "look" if share > MOST_UNATTRIBUTED_PCT else "well"
    yield Check("unattributed", state, {"pct": share})


def _caps(session: Session, workspace_id: str) -> Iterator[Check]:
    running = backlog.sprints(session, workspace_id)
    ids = {None, *(sprint.sprint_id for sprint in running)}
    balances = cap_queries.balances(session, workspace_id).values()
    capped = {sprint_id_of(each.cap) for each in balances if each.cap.scope_kind == "sprint"}
    free = [sprint for sprint in running if sprint.sprint_id not in capped]
    if running:
        yield Check("sprint_caps", "look" if free else "well", {"sprints": free})
    full = [
        each.cap
        for each in balances
        if each.spent >= each.cap.limit and sprint_id_of(each.cap) in ids
    ]
    if full:
        yield Check("full_caps", "look", {"caps": full})
    drifted = [
        each.cap_id for each in recount_queries.drifts(session) if each.workspace_id == workspace_id
    ]
    if drifted:
        yield Check("cap_drift", "wrong", {"caps": drifted})


def _recounts(session: Session, workspace_id: str) -> Check:
    wrong = reconciliation.disagreeing(session, workspace_id)
    return Check("recounts", "wrong" if wrong else "well", {"wrong": wrong})

"""How a cap stands, for people: its status, its Sprint, and what spends most under it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.caps.policy import sprint_id_of
from integration.ledger import queries as ledger_queries
from integration.reports.shapes import CapStatus, SprintHeader, StoryLine
from integration.reports.spend import added_up, totals_of
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.caps.policy import Balance, Cap

TOP = 3


def cap_status(balance: Balance, denied: tuple[int, int] = (0, 0), label: str = "") -> CapStatus:
    """Return a cap's figures; `denied` is how many calls it refused and their worst case."""
    cap = balance.cap
    return CapStatus(
        cap_id=cap.cap_id,
        scope=cap.scope_kind,
        scope_label=label or cap.scope_value,
        unit=cap.unit,
        mode=cap.mode,
        limit=cap.limit,
        spent=balance.spent,
        held=balance.held,
        denied_calls=denied[0],
        prevented=denied[1],
        raised_until=cap.raised_until,
        limit_after=cap.limit_after,
        carried_over=cap.carried_over,
        reserve_pct=cap.reserve_pct,
        approvers=cap.approvers,
        separate_approver=cap.separate_approver,
    )


def cap_statuses(
    session: Session, workspace_id: str, sprint_id: int | None = None, *,
    only_its_own: bool = False,
) -> tuple[CapStatus, ...]:  # fmt: skip
    """Return the caps as they stand; of a named Sprint, only its own and unwindowed ones.

    With `only_its_own` the unwindowed ones are left out: they go on after a Sprint has closed.
    """
    wanted = {sprint_id} if only_its_own else {None, sprint_id}
    denied = cap_queries.denials(session, workspace_id)
    names = {
        sprint.sprint_id: sprint.name
        for sprint in backlog.sprints(session, workspace_id, states=("future", "active", "closed"))
    }
    return tuple(
        cap_status(balance, denied.get(cap_id, (0, 0)), _label(balance.cap, names))
        for cap_id, balance in cap_queries.balances(session, workspace_id).items()
        if sprint_id is None or sprint_id_of(balance.cap) in wanted
    )


def _label(cap: Cap, sprint_names: dict[int, str]) -> str:
    if cap.scope_kind == "sprint":
        return sprint_names.get(int(cap.scope_value), f"Sprint {cap.scope_value}")
    return cap.scope_value


def header_of(session: Session, workspace_id: str, sprint: Sprint) -> SprintHeader:
    """Return a Sprint's heading with the name of the team whose board it is on."""
    team = next(
        (
            team.name
            for team in workspaces.teams(session, workspace_id)
            if team.board_id == sprint.board_id
        ),
        "",
    )
    return SprintHeader(
        sprint_id=sprint.sprint_id,
        name=sprint.name,
        state=sprint.state,
        goal=sprint.goal,
        team=team,
        starts_at=sprint.starts_at,
        ends_at=sprint.ends_at,
        completed_at=sprint.completed_at,
    )


def sprint_of_cap(session: Session, cap: Cap) -> SprintHeader | None:
    """Return the heading of the Sprint a cap is bound to."""
    sprint_id = sprint_id_of(cap)
    sprint = sprint_id and backlog.sprint(session, cap.workspace_id, sprint_id)
    return header_of(session, cap.workspace_id, sprint) if sprint else None


def top_stories_under(session: Session, workspace_id: str, cap: Cap) -> tuple[StoryLine, ...]:
    """Return the stories that spend most in the Sprint a cap is bound to, dearest first."""
    sprint_id = sprint_id_of(cap)
    if sprint_id is None:
        return ()
    by_story: dict[str, list[ledger_queries.Spend]] = {}
    for row in ledger_queries.spend_in_sprint(session, workspace_id, sprint_id):
        by_story.setdefault(row.story_key, []).append(row.spend)
    sums = {key: added_up(spends) for key, spends in by_story.items() if key}
    dearest = sorted(sums, key=lambda key: (-sums[key].list_cost_nanousd, key))[:TOP]
    titles = {row.story_key: row for row in backlog.stories(session, workspace_id, dearest)}
    return tuple(
        StoryLine(
            story_key=key,
            summary=titles[key].summary if key in titles else "",
            actual=totals_of(sums[key]),
        )
        for key in dearest
    )

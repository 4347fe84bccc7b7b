"""Reads and writes of the people room. Callers own the transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert

from integration.people.models import MemberRow, SignInRow, SlackMatchRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.people.role import Role


@dataclass(frozen=True, slots=True)
class Member:
    """A person's role in a workspace, and who gave it."""

    email: str
    role: Role
    named_at: datetime
    named_by: str


EVERYWHERE = "*"
FoundBy = Literal["", "email", "stated"]


@dataclass(frozen=True, slots=True)
class SlackMatch:
    """What is known of somebody in Slack. An empty account was looked for and not found."""

    jira_account_id: str = ""
    found_by: FoundBy = ""
    looked_at: datetime | None = None
    team_id: str = ""


def name_member(
    session: Session, workspace_id: str, email: str, role: Role, *, by: str, now: datetime
) -> None:
    """Give a person a role, in place of the one they had."""
    values = {"role": role, "named_at": now, "named_by": by}
    row = insert(MemberRow).values(workspace_id=workspace_id, email=email, **values)
    session.execute(
        row.on_conflict_do_update(index_elements=["workspace_id", "email"], set_=values)
    )


def remove_member(session: Session, workspace_id: str, email: str) -> bool:
    """Take a person's role away; False when they had none."""
    row = MemberRow
    gone = session.execute(
        delete(row).where(row.workspace_id == workspace_id, row.email == email).returning(row.email)
    )
    return gone.scalar() is not None


def members(session: Session, workspace_id: str, *, is_kept: bool = False) -> list[Member]:
    """Return who has a role in a workspace, by address. `is_kept` locks them."""
    query = (
        select(MemberRow).where(MemberRow.workspace_id == workspace_id).order_by(MemberRow.email)
    )
    rows = session.scalars(query.with_for_update() if is_kept else query)
    return [Member(row.email, cast("Role", row.role), row.named_at, row.named_by) for row in rows]


def role_of(session: Session, workspace_id: str, email: str) -> Role | None:
    """Return a person's role in a workspace; None when they have none."""
    row = session.get(MemberRow, (workspace_id, email))
    return cast("Role", row.role) if row else None


def workspaces_of(session: Session, email: str) -> set[str]:
    """Return the workspaces in which a person has a role."""
    query = select(MemberRow.workspace_id).where(MemberRow.email == email)
    return set(session.scalars(query))


def slack_match(session: Session, workspace_id: str, slack_user_id: str) -> SlackMatch:
    """Return what is known of somebody in Slack."""
    row = session.get(SlackMatchRow, (workspace_id, slack_user_id))
    if row is None:
        return SlackMatch()
    return SlackMatch(
        row.jira_account_id, cast("FoundBy", row.found_by), row.looked_at, row.team_id
    )


def note_jira_account(
    session: Session, workspace_id: str, slack_user_id: str, account_id: str, *, by: FoundBy,
    now: datetime,
) -> None:  # fmt: skip
    """Keep which Jira account somebody in Slack has; empty when it was looked for in vain."""
    found_by = by if account_id else ""
    _note(
        session, workspace_id, slack_user_id, jira_account_id=account_id, found_by=found_by,
        looked_at=now,
    )  # fmt: skip


def note_team(session: Session, workspace_id: str, slack_user_id: str, team_id: str) -> None:
    """Keep whose Sprint somebody in Slack wants to see."""
    _note(session, workspace_id, slack_user_id, team_id=team_id)


def forget_in_slack(session: Session, workspace_id: str, person: str) -> int:
    """Forget what a Slack account's or a Jira account's id is matched with; returns how many."""
    row = SlackMatchRow
    is_theirs = or_(row.slack_user_id == person, row.jira_account_id == person)
    gone = session.execute(
        delete(row).where(row.workspace_id == workspace_id, is_theirs).returning(row.slack_user_id)
    )
    return len(gone.all())


def _note(session: Session, workspace_id: str, slack_user_id: str, **values: Any) -> None:
    row = insert(SlackMatchRow).values(
        workspace_id=workspace_id, slack_user_id=slack_user_id, **values
    )
    keys = ["workspace_id", "slack_user_id"]
    session.execute(row.on_conflict_do_update(index_elements=keys, set_=values))


def open_sign_in(session: Session, digest: bytes, email: str, ends_at: datetime) -> None:
    """Keep that a sign-in is open until an instant."""
    row = SignInRow(workspace_id=EVERYWHERE, digest=digest, email=email, ends_at=ends_at)
    session.add(row)


def is_open(session: Session, digest: bytes, now: datetime) -> bool:
    """Whether a sign-in was begun here, has not ended, and was not ended."""
    row = session.get(SignInRow, (EVERYWHERE, digest))
    return row is not None and row.ends_at > now


def end_sign_in(session: Session, digest: bytes) -> None:
    """End one sign-in."""
    session.execute(delete(SignInRow).where(SignInRow.digest == digest))


def end_sign_ins_of(session: Session, email: str) -> int:
    """End all sign-ins of a person; returns how many."""
    gone = session.execute(
        delete(SignInRow).where(SignInRow.email == email).returning(SignInRow.digest)
    )
    return len(gone.all())


def forget_sign_ins(session: Session, before: datetime) -> None:
    """Drop sign-ins that ended by themselves before an instant."""
    session.execute(delete(SignInRow).where(SignInRow.ends_at < before))

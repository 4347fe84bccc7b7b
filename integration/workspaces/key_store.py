"""What happens to keys after they were made: use, end, replacement, a new key for sealed things."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from integration.foundation.errors import NotFound
from integration.workspaces import store
from integration.workspaces.models import ApiKeyRow, JiraConnectionRow, SlackConnectionRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.secrets import SecretBox

USE_NOTED_EVERY = timedelta(minutes=1)


def note_key_used(session: Session, workspace_id: str, key_id: str, now: datetime) -> None:
    """Keep when a key was last used, to the minute."""
    row = ApiKeyRow
    session.execute(
        update(row)
        .where(
            row.workspace_id == workspace_id, row.key_id == key_id,
            or_(row.last_used_at.is_(None), row.last_used_at < now - USE_NOTED_EVERY),
        )
        .values(last_used_at=now)
    )  # fmt: skip


def end_key(
    session: Session, workspace_id: str, key_id: str, *, at: datetime, actor: str, now: datetime
) -> ApiKeyRow:
    """Let a key end at an instant; one that has ended, or ends sooner, stays as it is.

    Raises:
        NotFound: the workspace has no such key.
    """
    key = session.scalar(
        select(ApiKeyRow)
        .where(ApiKeyRow.workspace_id == workspace_id, ApiKeyRow.key_id == key_id)
        .with_for_update()
    )
    if key is None:
        raise NotFound(f"{workspace_id} has no API key {key_id!r}")
    if key.revoked_at is None or at < key.revoked_at:
        key.revoked_at = at
        store.audit(
            session, workspace_id, at=now, actor=actor, action="key.ended",
            subject=f"key:{key_id}", name=key.name, ends_at=at.isoformat(),
        )  # fmt: skip
    return key


def replace_key(
    session: Session, workspace_id: str, key_id: str, *, both_for: timedelta, actor: str,
    now: datetime,
) -> str:  # fmt: skip
    """Make a key of the same name and scopes and let the old one end after a while.

    Returns the new secret, which is not kept.

    Raises:
        NotFound: the workspace has no such key.
    """
    old = end_key(session, workspace_id, key_id, at=now + both_for, actor=actor, now=now)
    return store.create_key(session, workspace_id, old.name, old.scopes, now)


def seal_again(session: Session, box: SecretBox) -> int:
    """Seal every workspace's secrets under the newest key; returns of how many connections.

    Raises:
        SecretUnreadable: one was sealed under a key that is not there any more.
    """
    jira = session.scalars(select(JiraConnectionRow).with_for_update()).all()
    slack = session.scalars(select(SlackConnectionRow).with_for_update()).all()
    for site in jira:
        site.token = box.close_again(site.token)
        site.webhook_secret = box.close_again(site.webhook_secret)
        site.oauth_grant = box.close_again(site.oauth_grant) if site.oauth_grant else None
    for team in slack:
        team.bot_token = box.close_again(team.bot_token)
        team.signing_secret = box.close_again(team.signing_secret)
    return len(jira) + len(slack)

"""Journeys: a person gets a role in a workspace, or loses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.foundation.errors import Conflict, FieldError, InvalidInput, NotFound
from integration.people import store as people
from integration.people.role import ROLES, Role, plain_email
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from integration.foundation.database import Transactions
    from integration.people.store import Member


class LastAdmin(Conflict):
    """Without this person nobody could give roles on the pages any more."""

    code = "last_admin"


def name_person(
    transactions: Transactions, workspace_id: str, email: str, role: str, *, actor: str,
    now: datetime,
) -> None:  # fmt: skip
    """Give a person a role in a workspace, in place of the one they had.

    Raises:
        InvalidInput: no such role, or no e-mail address.
        NotFound: no such workspace.
        LastAdmin: they are its only admin.
    """
    address, chosen = plain_email(email), next((each for each in ROLES if each == role), None)
    errors = []
    if not address:
        errors.append(FieldError("/email", "invalid", "give an e-mail address"))
    if chosen is None:
        errors.append(FieldError("/role", "unknown", f"a role is one of {', '.join(ROLES)}"))
    if errors or chosen is None:
        raise InvalidInput("The person cannot be named like this", errors=tuple(errors))
    with transactions.begin() as session:
        workspaces.find(session, workspace_id)
        standing = people.members(session, workspace_id, is_kept=True)
        if chosen != "admin":
            _refuse_last_admin(standing, address)
        people.name_member(session, workspace_id, address, chosen, by=actor, now=now)
        workspaces.audit(
            session, workspace_id, at=now, actor=actor, action="person.named",
            subject=f"person:{address}", role=chosen, before=_role_in(standing, address),
        )  # fmt: skip


def remove_person(
    transactions: Transactions, workspace_id: str, email: str, *, actor: str, now: datetime
) -> None:
    """Take a person's role away. A role that a provider's group gives is taken away there.

    Raises:
        NotFound: the person had no role.
        LastAdmin: they are the workspace's only admin.
    """
    address = plain_email(email)
    with transactions.begin() as session:
        standing = people.members(session, workspace_id, is_kept=True)
        _refuse_last_admin(standing, address)
        if not people.remove_member(session, workspace_id, address):
            raise NotFound(f"{email} has no role here")
        workspaces.audit(
            session, workspace_id, at=now, actor=actor, action="person.removed",
            subject=f"person:{address}", before=_role_in(standing, address),
        )  # fmt: skip


def _role_in(standing: Sequence[Member], email: str) -> Role | None:
    return next((each.role for each in standing if each.email == email), None)


def _refuse_last_admin(standing: Sequence[Member], email: str) -> None:
    admins = [each.email for each in standing if each.role == "admin"]
    if admins == [email]:
        raise LastAdmin(f"{email} is the only admin; name another one first")

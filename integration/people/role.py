"""The four roles, and the person who has one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from collections.abc import Iterable

Role = Literal["viewer", "member", "approver", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
"""Each may do what those before it may. A viewer reads; a member gives spend its story; an approver
sets and raises caps; an admin changes settings and names people."""
GROUP_PREFIX = "storymeter:"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in front of our pages. `groups` are those of the provider that name a role of ours.

    `is_deployment_admin` is an admin of every workspace: the one at this machine, or one whom the
    deployment's settings name.
    """

    email: str
    name: str
    groups: tuple[str, ...] = ()
    is_deployment_admin: bool = False

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"page:{self.email}" if self.email else "page"


def covers(held: Role | None, needed: Role) -> bool:
    """Say whether a role is enough.

    >>> covers("approver", "member"), covers("viewer", "member"), covers(None, "viewer")
    (True, False, False)
    """
    return held is not None and ROLES.index(held) >= ROLES.index(needed)


def highest(*held: Role | None) -> Role | None:
    """The role that allows most; None without any.

    >>> highest("viewer", None, "approver"), highest(None)
    ('approver', None)
    """
    return max((role for role in held if role is not None), key=ROLES.index, default=None)


def groups_of_ours(claim: Any) -> tuple[str, ...]:
    """The groups in a provider's claim that name a role, without the slash some begin with.

    >>> groups_of_ours(["staff", "storymeter:acme:member", "/storymeter:umbrella:admin"])
    ('storymeter:acme:member', 'storymeter:umbrella:admin')
    """
    listed = claim if isinstance(claim, list) else [claim]
    names = (each.removeprefix("/") for each in listed if isinstance(each, str))
    return tuple(sorted(name for name in names if roles_in_groups([name])))


def roles_in_groups(groups: Iterable[str]) -> dict[str, Role]:
    """The highest role that groups give in each workspace.

    >>> roles_in_groups(["storymeter:acme:member", "storymeter:acme:boss"])
    {'acme': 'member'}
    """
    found: dict[str, Role] = {}
    for group in groups:
        prefix, _, rest = group.partition(":")
        workspace_id, _, written = rest.rpartition(":")
        role = next((role for role in ROLES if role == written), None)
        if f"{prefix}:" == GROUP_PREFIX and workspace_id and role:
            found[workspace_id] = highest(found.get(workspace_id), role) or role
    return found


def plain_email(written: str) -> str:
    """An address as it is compared; empty when it cannot be one.

    >>> plain_email(" Ada@Example.com "), plain_email("ada"), plain_email("a b@example.com")
    ('ada@example.com', '', '')
    """
    address = written.strip().lower()
    name, at, domain = address.partition("@")
    is_one = bool(name and at and domain) and "@" not in domain and len(address) <= 254
    return address if is_one and address.isprintable() and " " not in address else ""

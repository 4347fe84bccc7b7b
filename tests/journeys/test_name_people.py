"""Roles are given and taken with an audit line, and somebody stays admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.foundation.errors import InvalidInput, NotFound
from integration.journeys.name_people import LastAdmin, name_person, remove_person
from integration.people import store as people
from integration.workspaces import queries, store
from integration.workspaces.workspace import Workspace
from tests.conftest import NOON

if TYPE_CHECKING:
    from integration.foundation.database import Transactions


@pytest.fixture
def acme(transactions: Transactions) -> Transactions:
    with transactions.begin() as session:
        store.create(session, Workspace("acme", "Acme"), NOON)
    return transactions


def named(transactions: Transactions) -> dict[str, str]:
    with transactions.begin() as session:
        return {each.email: each.role for each in people.members(session, "acme")}


def name(transactions: Transactions, email: str, role: str) -> None:
    name_person(transactions, "acme", email, role, actor="page:bo@example.com", now=NOON)


def test_a_person_has_the_role_given_last_and_the_log_knows_who_gave_it(
    acme: Transactions,
) -> None:
    name(acme, " Ada@Example.com", "viewer")
    name(acme, "ada@example.com", "approver")
    assert named(acme) == {"ada@example.com": "approver"}
    remove_person(acme, "acme", "Ada@example.com", actor="cli", now=NOON)
    assert named(acme) == {}
    with acme.begin() as session:
        lines = queries.audit_of(session, "acme", "person:ada@example.com")
        said = [(line.action, line.actor, line.detail) for line in reversed(lines)]
    assert said == [
        ("person.named", "page:bo@example.com", {"role": "viewer", "before": None}),
        ("person.named", "page:bo@example.com", {"role": "approver", "before": "viewer"}),
        ("person.removed", "cli", {"before": "approver"}),
    ]


def test_the_only_admin_stays(acme: Transactions) -> None:
    name(acme, "ada@example.com", "admin")
    name(acme, "bo@example.com", "member")
    with pytest.raises(LastAdmin):
        remove_person(acme, "acme", "ada@example.com", actor="cli", now=NOON)
    with pytest.raises(LastAdmin):
        name(acme, "ada@example.com", "viewer")
    name(acme, "bo@example.com", "admin")
    remove_person(acme, "acme", "ada@example.com", actor="cli", now=NOON)
    assert named(acme) == {"bo@example.com": "admin"}


def test_what_is_no_person_or_no_role_is_refused_with_both_named(acme: Transactions) -> None:
    with pytest.raises(InvalidInput) as refused:
        name(acme, "ada", "boss")
    assert {error.pointer for error in refused.value.errors} == {"/email", "/role"}
    with pytest.raises(NotFound):
        remove_person(acme, "acme", "nobody@example.com", actor="cli", now=NOON)
    with pytest.raises(NotFound):
        name_person(acme, "nowhere", "ada@example.com", "viewer", actor="cli", now=NOON)

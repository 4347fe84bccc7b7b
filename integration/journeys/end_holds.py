"""Journeys: a hold ends without its usage: voided by the client, or expired."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import structlog

from integration.backlog import store as backlog
from integration.backlog.sprint_at import sprint_at
from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.foundation.errors import Conflict, NotFound
from integration.foundation.round_trip import letting_go
from integration.foundation.row_wall import across, only
from integration.journeys import book_entries
from integration.journeys.call_scope import event_with, labels_of
from integration.journeys.capture_holds import locked_with_caps
from integration.journeys.value_usage import Place, value
from integration.journeys.worst_case import dearest_classes
from integration.ledger import store as ledger
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.queries import Authorization
    from integration.caps.request import AuthorizationRequest
    from integration.foundation.database import Transactions
    from integration.journeys.book_shelf import BookShelf
    from integration.journeys.books import Books
    from integration.ledger.entry import LedgerEntry

log = structlog.get_logger()

AT_A_TIME = 100


def call_of(
    transactions: Transactions, workspace_id: str, authorization_id: str
) -> AuthorizationRequest:
    """Return what an authorization was asked for.

    Raises:
        NotFound: no such authorization.
    """
    with transactions.begin() as session:
        found = cap_queries.authorizations(session, workspace_id, [authorization_id])
    if not found:
        raise NotFound(f"There is no authorization {authorization_id!r}")
    return found[authorization_id].call.asked


def void_call(
    transactions: Transactions, workspace_id: str, authorization_id: str, *, now: datetime
) -> None:
    """Release the hold of a call that did not happen. Twice is the same as once.

    Raises:
        NotFound: no such authorization.
        Conflict: it was denied, captured or has expired already.
    """
    with letting_go(transactions) as session:
        found = _locked(session, workspace_id, authorization_id)
        if found.state == "void":
            return
        if found.state != "held":
            raise Conflict(f"Authorization {authorization_id!r} is {found.state} already")
        caps.settle(session, workspace_id, [authorization_id], "void", now)


def expire_holds(transactions: Transactions, shelf: BookShelf, *, now: datetime) -> int:
    """Turn holds whose time is up into estimated spend; returns how many ended.

    Nobody said what became of the call, so its worst case is booked, visibly as `expired_hold`,
    until its usage comes. A hold is never simply forgotten. One that cannot be expired is logged
    and passed over, so that it does not keep the others.
    """
    ended, place = 0, None
    while True:
        with across(transactions).begin() as session:
            due = cap_queries.expired(session, now, place, AT_A_TIME)
        for _, workspace_id, authorization_id in due:
            try:
                books = shelf.for_workspace(workspace_id)
                ended += _expire(
                    only(transactions, workspace_id), workspace_id, authorization_id, books, now
                )
            except Exception:
                log.exception(
                    "hold.not_expired", workspace_id=workspace_id, authorization_id=authorization_id
                )
        if len(due) < AT_A_TIME:
            return ended
        place = due[-1][0], due[-1][2]


def _locked(session: Session, workspace_id: str, authorization_id: str) -> Authorization:
    locked = locked_with_caps(session, workspace_id, [authorization_id])
    if not locked:
        raise NotFound(f"There is no authorization {authorization_id!r}")
    return locked[authorization_id]


def _expire(
    transactions: Transactions, workspace_id: str, authorization_id: str, books: Books,
    now: datetime,
) -> bool:  # fmt: skip
    with transactions.begin() as session:
        seen = cap_queries.authorizations(session, workspace_id, [authorization_id])
        entry = _estimated(session, workspace_id, seen[authorization_id], books)
    _make_room(transactions, entry)
    with letting_go(transactions) as session:
        locked = _locked(session, workspace_id, authorization_id)
        # Its usage may have come, or another attempt begun, meanwhile.
        if locked.state != "held" or locked.expires_at > now:
            return False
        if locked.call.failed:
            caps.settle(session, workspace_id, [authorization_id], "void", now)
            return True
        caps.settle(
            session, workspace_id, [authorization_id], "expired", now,
            expired_entry={
                "entry_id": str(entry.entry_id), "occurred_on": entry.occurred_on.isoformat()
            },
        )  # fmt: skip
        book_entries.book(session, workspace_id, [entry], now)
        return True


def _make_room(transactions: Transactions, entry: LedgerEntry) -> None:
    """Make the day's partition in a transaction of its own: it takes a heavy lock on the book."""
    with transactions.begin() as session:
        missing = ledger.missing_days(session, [entry.occurred_on])
    if missing:
        with across(transactions).begin() as session:
            ledger.make_partitions(session, missing)


def _estimated(
    session: Session, workspace_id: str, found: Authorization, books: Books
) -> LedgerEntry:
    """The worst case of an authorized call, as an entry at the time it was authorized."""
    asked, story_key = found.call.asked, found.call.scope.story_key
    began = found.call.scope.occurred_at
    event = msgspec.structs.replace(
        event_with(labels_of(asked), began), provider_name=asked.provider_name,
        request_model=asked.model, service_tier=asked.service_tier, region=asked.region,
        authorization_id=found.authorization_id, story_key=story_key,
        **dearest_classes(asked, books, began),
    )  # fmt: skip
    history = backlog.memberships(session, workspace_id, [story_key])
    place = Place(
        story_key, "tag" if story_key else "none", sprint_at(history.get(story_key, ()), began),
        workspaces.find(session, workspace_id).default_region,
    )  # fmt: skip
    entry = value(event, place, books)
    return entry._replace(kind="expired_hold", outcome="expired_hold")

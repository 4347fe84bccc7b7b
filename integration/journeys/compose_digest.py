"""Journey: at a team's time, one quiet message says how its Sprint's AI spend stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.digest_news import is_worth_an_edit
from integration.reports.digest_report import daily_digest
from integration.reports.shapes import DailyDigest
from integration.turns import store as turns

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.workspaces.workspace import Team

DIGEST = "slack.digest"


def compose_digest(
    transactions: Transactions, team: Team, books: Books, *, now: datetime, slot: datetime
) -> int:
    """Promise the digest of each of the team's running Sprints, once for this slot.

    The slot is taken in the same transaction: of two workers one composes, and one that dies
    leaves the slot to the other. A quiet day says nothing where the team wishes it so. Returns
    how many digests were promised.
    """
    with transactions.begin() as session:
        job = f"digest:{team.team_id}"
        if not turns.take_tick(session, job, slot, now, team.workspace_id):
            return 0
        composed = 0
        for digest in _digests(session, team, books, now):
            if digest.is_quiet and team.quiet_days_are_silent:
                continue
            _promise(session, team, digest, now)
            composed += 1
        return composed


def refresh_digest(
    transactions: Transactions, team: Team, books: Books, *, now: datetime, slot: datetime
) -> int:
    """Edit today's digests in which a reader would miss something by now; returns how many."""
    with transactions.begin() as session:
        job = f"digest-refresh:{team.team_id}"
        if not turns.take_tick(session, job, slot, now, team.workspace_id):
            return 0
        edited = 0
        for digest in _digests(session, team, books, now):
            standing = mailbox_queries.promised(
                session, team.workspace_id, DIGEST, _subject(team, digest)
            )
            if standing is None:
                continue
            posted = msgspec.convert(standing.body["digest"], DailyDigest, strict=False)
            if is_worth_an_edit(posted, digest):
                _promise(session, team, digest, now)
                edited += 1
        return edited


def _digests(session: Session, team: Team, books: Books, now: datetime) -> list[DailyDigest]:
    return [
        daily_digest(session, team, sprint.sprint_id, books.prices, now=now)
        for sprint in backlog.sprints(session, team.workspace_id)
        if sprint.board_id == team.board_id
    ]


def _subject(team: Team, digest: DailyDigest) -> str:
    """The day is in the subject, so that composing again edits one message."""
    return f"{digest.day}:{team.team_id}:{digest.sprint.sprint_id}"


def _promise(session: Session, team: Team, digest: DailyDigest, now: datetime) -> None:
    body = {"team_id": team.team_id, "digest": msgspec.to_builtins(digest)}
    mailbox.promise(session, team.workspace_id, DIGEST, _subject(team, digest), body, now)

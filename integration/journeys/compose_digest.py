"""Journey: at a team's time, one quiet message says how its Sprint's AI spend stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.mailbox import store as mailbox
from integration.reports.digest_report import daily_digest

if TYPE_CHECKING:
    from datetime import datetime

    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.workspaces.workspace import Team

DIGEST = "slack.digest"


def compose_digest(
    transactions: Transactions, team: Team, books: Books, *, now: datetime
) -> int:
    """Promise the digest of each of the team's running Sprints; returns how many.

    The subject is the day, so composing twice edits one message. A quiet day says nothing where
    the team wishes it so.
    """
    composed = 0
    with transactions.begin() as session:
        for sprint in backlog.sprints(session, team.workspace_id):
            if sprint.board_id != team.board_id:
                continue
            digest = daily_digest(session, team, sprint.sprint_id, books.prices, now=now)
            if digest.is_quiet and team.quiet_days_are_silent:
                continue
            subject = f"{digest.day}:{team.team_id}:{sprint.sprint_id}"
            body = {"team_id": team.team_id, "digest": msgspec.to_builtins(digest)}
            mailbox.promise(session, team.workspace_id, DIGEST, subject, body, now)
            composed += 1
    return composed

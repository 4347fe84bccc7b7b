"""Journeys: a story or Sprint was read anew from Jira; our picture of it follows."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.backlog.ai_work import AiWorkRule
from integration.backlog.sprint_at import moves
from integration.journeys import book_entries, estimate_story
from integration.ledger import queries as ledger_queries
from integration.ledger.entry import entry_id_at, reversal_of
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.sprint_at import Move
    from integration.backlog.story import Sprint, Story
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.ledger.entry import LedgerEntry


def take_in_story(
    transactions: Transactions, workspace_id: str, story: Story, books: Books, *,
    rows: Sequence[Sequence[str]] | None, has_section: bool, now: datetime,
) -> None:  # fmt: skip
    """Keep a story as Jira tells it now, move its spend where its Sprint history says, estimate it.

    `rows` are the cells of its "AI Cost & Carbon" table, None when it has none. A state older than
    the one we know changes nothing.
    """
    with transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        rule = AiWorkRule(labels=workspace.ai_labels) if workspace.ai_labels else AiWorkRule()
        is_ai_work = rule.marks(story)
        with _moved_spend(session, workspace_id, [story.story_key], now):
            is_news = backlog.save_story(session, workspace_id, story, is_ai_work=is_ai_work)
        if is_news and (is_ai_work or rows is not None):
            estimate_story.estimate(
                session, workspace, story, books, rows=rows,
                add_section=is_ai_work and not has_section and rows is None, now=now,
            )  # fmt: skip


def take_in_sprint(
    transactions: Transactions, workspace_id: str, sprint: Sprint, *, now: datetime
) -> None:
    """Keep a Sprint as Jira tells it now. Closing and re-opening move the spend at its edges."""
    with transactions.begin() as session:
        stories = backlog.stories_in(session, workspace_id, sprint.sprint_id)
        with _moved_spend(session, workspace_id, stories, now):
            backlog.save_sprint(session, workspace_id, sprint)


def forget_story(
    transactions: Transactions, workspace_id: str, issue_id: str, *, now: datetime
) -> None:
    """Note that Jira deleted a story. What it spent stays in the books, under its key."""
    with transactions.begin() as session:
        backlog.mark_deleted(session, workspace_id, issue_id, now)


@contextmanager
def _moved_spend(
    session: Session, workspace_id: str, story_keys: Sequence[str], now: datetime
) -> Iterator[None]:
    """Compare the Sprint histories before and after the block; move spend that changes Sprint."""
    before = backlog.memberships(session, workspace_id, story_keys)
    yield
    after = backlog.memberships(session, workspace_id, story_keys)
    for story_key in story_keys:
        changed = moves(before.get(story_key, ()), after.get(story_key, ()))
        if changed:
            _move_spend(session, workspace_id, story_key, changed, now)


def _move_spend(
    session: Session, workspace_id: str, story_key: str, changed: Sequence[Move], now: datetime
) -> None:
    for move in changed:
        days = [
            day
            for day in ledger_queries.days_of_story(session, workspace_id, story_key)
            if move.start.date() <= day <= move.end.date()
        ]
        if not days:
            continue
        parts = list(
            ledger_queries.standing_entries(session, workspace_id, days=days, story_key=story_key)
        )
        for part in parts:
            entries = [_moved(entry, move) for entry in part if _belongs(entry, move)]
            flat = [line for pair in entries for line in pair]
            book_entries.book(session, workspace_id, flat, now)


def _belongs(entry: LedgerEntry, move: Move) -> bool:
    return move.start <= entry.occurred_at < move.end and entry.sprint_id != move.sprint_id


def _moved(entry: LedgerEntry, move: Move) -> tuple[LedgerEntry, LedgerEntry]:
    fresh = entry._replace(entry_id=entry_id_at(entry.occurred_at), sprint_id=move.sprint_id)
    return reversal_of(entry, "sprint_history_changed"), fresh

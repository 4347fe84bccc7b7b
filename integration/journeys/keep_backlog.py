"""Journeys: a story or Sprint was read anew from Jira; our picture of it follows."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.backlog.ai_work import AiWorkRule
from integration.backlog.sprint_at import moves, sprint_at
from integration.estimation import store as estimates
from integration.estimation.stated_inputs import StatedInputs
from integration.journeys import book_entries, estimate_story
from integration.journeys.show_story import Seen
from integration.ledger import queries as ledger_queries
from integration.ledger.entry import replacement_of, reversal_of
from integration.mailbox import store as mailbox
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.sprint_at import Move
    from integration.backlog.story import Sprint, Story
    from integration.foundation.database import Transactions
    from integration.journeys.books import Books
    from integration.ledger.entry import LedgerEntry
    from integration.workspaces.workspace import Workspace


def take_in_story(
    transactions: Transactions, workspace_id: str, story: Story, books: Books, *,
    rows: Sequence[Sequence[str]] | None, has_section: bool, now: datetime,
    fields: Mapping[str, str] | None = None, description: str = "",
    workload_class: str | None = None,
) -> None:  # fmt: skip
    """Keep a story as Jira tells it now, move its spend where its Sprint history says, estimate it.

    `rows` are the cells of its "AI Cost & Carbon" table, None when it has none; `fields` its filled
    input fields by column; `description` a digest of its text. A state older than the one we know
    changes nothing.
    """
    stated = StatedInputs(rows or (), fields or {})
    with transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        is_ai_work = rule_of(workspace).marks(story)
        parent_before = backlog.parent_of(session, workspace_id, story.issue_id)
        _keep_sprints(session, workspace_id, {each.sprint_id for each in story.memberships})
        with _moved_spend(session, workspace_id, [story.story_key], now):
            is_news = backlog.save_story(session, workspace_id, story, is_ai_work=is_ai_work)
        if story.is_subtask and story.parent_key:
            _roll_up(session, workspace_id, story, now)
        if not is_news:
            return
        parent = story.parent_key if story.is_subtask else ""
        if parent or parent_before:
            _estimate_parents(
                session, workspace_id, story.story_key, {parent, parent_before} - {""}, books, now,
                stated=stated if parent else StatedInputs(),
            )  # fmt: skip
        if not parent and _is_estimated(session, workspace_id, story, stated, is_ai_work):
            lacks = is_ai_work and not has_section and rows is None
            estimate_story.estimate(
                session, workspace, story, books, stated=stated,
                seen=Seen(lacks, description, workload_class), now=now,
            )  # fmt: skip


def _is_estimated(
    session: Session, workspace_id: str, story: Story, stated: StatedInputs, is_ai_work: bool
) -> bool:
    """Whether a story states inputs, should, or has: one that stopped loses its figures."""
    if is_ai_work or stated.says_something:
        return True
    had = estimates.kept_inputs(session, workspace_id, story.story_key) is not None
    return had or bool(estimate_story.parts_of(session, workspace_id, story.story_key))


def _estimate_parents(
    session: Session, workspace_id: str, part_key: str, parent_keys: Collection[str], books: Books,
    now: datetime, *, stated: StatedInputs,
) -> None:  # fmt: skip
    """Keep what a sub-task states; where it states or stated something, its stories feel it."""
    before = estimates.kept_inputs(session, workspace_id, part_key)
    had = before is not None and before.says_something
    if stated.says_something or had:
        estimates.keep_inputs(session, workspace_id, part_key, stated, now)
        for parent_key in sorted(parent_keys):
            estimate_story.estimate_parent(session, workspace_id, parent_key, books, now)


def take_in_sprint(
    transactions: Transactions, workspace_id: str, sprint: Sprint, *, now: datetime,
    reading: int | None = None,
) -> bool:  # fmt: skip
    """Keep a Sprint as Jira tells it now. Closing and re-opening move the spend at its edges.

    Returns False, and changes nothing, when a later `reading` (`backlog.begin_reading`) saw it
    otherwise.
    """
    with transactions.begin() as session:
        _keep_sprints(session, workspace_id, {sprint.sprint_id})
        stories = backlog.stories_in(session, workspace_id, sprint.sprint_id)
        with _moved_spend(session, workspace_id, stories, now):
            is_saved = backlog.save_sprint(session, workspace_id, sprint, reading)
        return is_saved or backlog.sprint(session, workspace_id, sprint.sprint_id) == sprint


def rule_of(workspace: Workspace) -> AiWorkRule:
    """Return which stories of a workspace are AI work; the usual labels where it chose nothing."""
    lists = (
        workspace.ai_labels, workspace.ai_components, workspace.ai_issue_types,
        workspace.ai_keywords,
    )  # fmt: skip
    chosen = [frozenset(word.casefold() for word in words) for words in lists]
    return AiWorkRule(*chosen) if any(chosen) else AiWorkRule()


def end_sprint(
    transactions: Transactions, workspace_id: str, sprint_id: int, *, at: datetime, now: datetime,
    reading: int,
) -> None:  # fmt: skip
    """Note that Jira deleted a Sprint. One that had not closed has ended then; its spend stays."""
    with transactions.begin() as session:
        known = backlog.sprint(session, workspace_id, sprint_id)
    if known is not None and known.state != "closed":
        ended = replace(known, state="closed", completed_at=at)
        take_in_sprint(transactions, workspace_id, ended, now=now, reading=reading)


def forget_story(
    transactions: Transactions, workspace_id: str, issue_id: str, books: Books, *, now: datetime
) -> None:
    """Note that Jira deleted a story. What it spent stays in the books, under its key.

    What a deleted sub-task stated is no longer planned on its story.
    """
    with transactions.begin() as session:
        parent_key = backlog.parent_of(session, workspace_id, issue_id)
        story_key = backlog.mark_deleted(session, workspace_id, issue_id, now)
        if parent_key and story_key:
            _estimate_parents(
                session, workspace_id, story_key, {parent_key}, books, now, stated=StatedInputs()
            )


def _keep_sprints(session: Session, workspace_id: str, sprint_ids: Collection[int]) -> None:
    """Let a Sprint's edges and the histories of its stories change one after the other.

    Always taken before the stories themselves, so that two workers do not wait for each other.
    """
    names = [f"sprint:{sprint_id}" for sprint_id in sprint_ids]
    backlog.change_histories(session, workspace_id, names)


@contextmanager
def _moved_spend(
    session: Session, workspace_id: str, story_keys: Sequence[str], now: datetime
) -> Iterator[None]:
    """Compare the Sprint histories before and after the block; move spend that changes Sprint."""
    backlog.change_histories(session, workspace_id, story_keys)
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
            closed = book_entries.book(session, workspace_id, flat, now)
            _note_moved_spend(session, workspace_id, flat, closed, now)


def _note_moved_spend(
    session: Session, workspace_id: str, entries: Sequence[LedgerEntry], closed: Sequence[int],
    now: datetime,
) -> None:  # fmt: skip
    """Let the worker revise the closed Sprints that spend was moved into or out of."""
    by_sprint = {entry.sprint_id: entry for entry in entries if entry.sprint_id}
    for sprint_id in closed:
        mailbox.receive(
            session, workspace_id, source="ledger", event="moved_spend",
            delivery_id=f"moved {by_sprint[sprint_id].entry_id}", subject=f"sprint:{sprint_id}",
            body=b"", now=now,
        )  # fmt: skip


def _roll_up(session: Session, workspace_id: str, part: Story, now: datetime) -> None:
    """Move what was spent under a sub-task's own key, before we knew it as one, to its parent."""
    days = ledger_queries.days_of_story(session, workspace_id, part.story_key)
    if not days:
        return
    backlog.change_histories(session, workspace_id, [part.parent_key])
    history = backlog.memberships(session, workspace_id, [part.parent_key])
    memberships = history.get(part.parent_key, ())
    parts = ledger_queries.standing_entries(
        session, workspace_id, days=days, story_key=part.story_key
    )
    for entries in list(parts):
        lines = [
            line
            for entry in entries
            for line in (
                reversal_of(entry, "rolled_up"),
                replacement_of(
                    entry, kind=entry.kind, story_key=part.parent_key,
                    sprint_id=sprint_at(memberships, entry.occurred_at),
                ),
            )
        ]  # fmt: skip
        book_entries.book(session, workspace_id, lines, now)


def _belongs(entry: LedgerEntry, move: Move) -> bool:
    return move.start <= entry.occurred_at < move.end and entry.sprint_id != move.sprint_id


def _moved(entry: LedgerEntry, move: Move) -> tuple[LedgerEntry, LedgerEntry]:
    return (
        reversal_of(entry, "sprint_history_changed"),
        replacement_of(entry, kind=entry.kind, sprint_id=move.sprint_id),
    )

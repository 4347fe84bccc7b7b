"""Reads and writes of the backlog room. Callers own the transaction."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from integration.backlog.models import READINGS, MembershipRow, SprintRow, StoryRow
from integration.backlog.queries import is_storys
from integration.backlog.story import Membership, Sprint, Story, StoryHistory
from integration.foundation.round_trip import Row, Statement, ask

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

KEPT = (
    "issue_id", "story_key", "project_key", "summary", "issue_type", "status", "status_category",
    "parent_key", "epic_key", "is_subtask", "assignee_id", "story_points", "created_at",
    "updated_at",
)  # fmt: skip


def save_story(session: Session, workspace_id: str, story: Story, *, is_ai_work: bool) -> bool:
    """Keep a story and its whole Sprint history; False when we already know a newer state."""
    values = {name: getattr(story, name) for name in KEPT} | {
        "labels": list(story.labels),
        "components": list(story.components),
        "is_ai_work": is_ai_work,
        "deleted_at": None,
    }
    row = insert(StoryRow).values(workspace_id=workspace_id, **values)
    saved = session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "issue_id"],
            set_=values,
            where=StoryRow.updated_at <= row.excluded.updated_at,
        ).returning(StoryRow.issue_id)
    )
    if saved.scalar() is None:
        return False
    _replace_memberships(session, workspace_id, story)
    return True


def _replace_memberships(session: Session, workspace_id: str, story: Story) -> None:
    session.execute(
        delete(MembershipRow).where(
            MembershipRow.workspace_id == workspace_id, MembershipRow.story_key == story.story_key
        )
    )
    if story.memberships:
        session.execute(
            insert(MembershipRow).on_conflict_do_nothing(),
            [
                {"workspace_id": workspace_id, "story_key": story.story_key, **asdict(membership)}
                for membership in story.memberships
            ],
        )


def parent_of(session: Session, workspace_id: str, issue_id: str) -> str:
    """Return the story that an issue is a sub-task of, as far as we know; else empty."""
    parent = session.scalar(
        select(StoryRow.parent_key).where(
            StoryRow.workspace_id == workspace_id, StoryRow.issue_id == issue_id,
            StoryRow.is_subtask,
        )
    )  # fmt: skip
    return parent or ""


def mark_deleted(session: Session, workspace_id: str, issue_id: str, now: datetime) -> str | None:
    """Note that Jira no longer has the story; what it spent stays. Returns its key if known.

    Told twice, the first time stands.
    """
    return session.scalar(
        update(StoryRow)
        .where(StoryRow.workspace_id == workspace_id, StoryRow.issue_id == issue_id)
        .values(deleted_at=func.coalesce(StoryRow.deleted_at, now))
        .returning(StoryRow.story_key)
    )


def begin_reading(session: Session) -> int:
    """Number a look at Jira that begins now; taken before Jira is asked.

    Two workers may look at one Sprint while it closes, and the older view may come home last.
    """
    number: int = session.scalars(select(READINGS.next_value())).one()
    return number


def save_sprint(
    session: Session, workspace_id: str, sprint: Sprint, reading: int | None = None
) -> bool:
    """Keep a Sprint as a reading saw it, or as it is just now; False when a later one is kept."""
    values = asdict(sprint) | {"reading": reading or begin_reading(session)}
    row = insert(SprintRow).values(workspace_id=workspace_id, **values)
    saved = session.execute(
        row.on_conflict_do_update(
            index_elements=["workspace_id", "sprint_id"],
            set_=values,
            where=SprintRow.reading <= row.excluded.reading,
        ).returning(SprintRow.sprint_id)
    )
    return saved.scalar() is not None


def sprint(session: Session, workspace_id: str, sprint_id: int) -> Sprint | None:
    """Return a Sprint; None when we have not met it."""
    row = session.get(SprintRow, (workspace_id, sprint_id), populate_existing=True)
    return _sprint(row) if row else None


def sprints(
    session: Session, workspace_id: str, *, states: Collection[str] = ("active",)
) -> list[Sprint]:
    """Return the Sprints in these states, in order of their start."""
    rows = session.scalars(
        select(SprintRow)
        .where(SprintRow.workspace_id == workspace_id, SprintRow.state.in_(states))
        .order_by(SprintRow.starts_at, SprintRow.sprint_id)
    )
    return [_sprint(row) for row in rows]


def closed(workspace_id: str, sprint_ids: Collection[int]) -> Statement[list[int]]:
    """Say which of these Sprints have closed."""
    return Statement(
        "SELECT sprint_id FROM sprint WHERE workspace_id = %(workspace_id)s "
        "AND sprint_id = ANY(%(sprint_ids)s) AND state = 'closed'",
        {"workspace_id": workspace_id, "sprint_ids": list(sprint_ids)},
        lambda rows: [row[0] for row in rows],
    )


def story(session: Session, workspace_id: str, story_key: str) -> StoryRow | None:
    """Return a story's last known state; None when we have not met it or it was deleted."""
    return session.scalar(
        select(StoryRow).where(
            StoryRow.workspace_id == workspace_id,
            StoryRow.story_key == story_key,
            StoryRow.deleted_at.is_(None),
        )
    )


def stories(session: Session, workspace_id: str, story_keys: Collection[str]) -> list[StoryRow]:
    """Return the known stories among these keys, deleted ones included, by key."""
    return list(
        session.scalars(
            select(StoryRow)
            .where(StoryRow.workspace_id == workspace_id, StoryRow.story_key.in_(story_keys))
            .order_by(StoryRow.story_key)
        )
    )


def stories_in(session: Session, workspace_id: str, sprint_id: int) -> list[str]:
    """Return the keys of all stories that ever were in a Sprint, sorted.

    Sub-tasks come along with their story and are none themselves.
    """
    return list(
        session.scalars(
            select(MembershipRow.story_key)
            .where(
                MembershipRow.workspace_id == workspace_id,
                MembershipRow.sprint_id == sprint_id,
                is_storys(),
            )
            .distinct()
            .order_by(MembershipRow.story_key)
        )
    )


_MEMBERSHIPS = """
SELECT story_key, m.sprint_id, m.joined_at,
    least(m.left_at, CASE WHEN s.state = 'closed' THEN s.completed_at END)
FROM sprint_membership AS m
LEFT JOIN sprint AS s ON s.workspace_id = m.workspace_id AND s.sprint_id = m.sprint_id
WHERE m.workspace_id = %(workspace_id)s AND m.story_key = ANY(%(story_keys)s)
ORDER BY m.joined_at
"""


def memberships(
    session: Session, workspace_id: str, story_keys: Collection[str]
) -> dict[str, list[Membership]]:
    """Return the Sprint histories of these stories, each in order of joining.

    A closed Sprint ends every membership in it: what a finished story spends later, in production,
    is not the Sprint's.
    """
    histories: dict[str, list[Membership]] = {}
    values = {"workspace_id": workspace_id, "story_keys": list(story_keys)}
    for story_key, *membership in ask(session, Statement(_MEMBERSHIPS, values, list)):
        histories.setdefault(story_key, []).append(Membership(*membership))
    return histories


# The keys come out of a subquery so that PostgreSQL plans once, not for each list of keys: planning
# takes ten times as long as running.
_ASKED = """
SELECT key, coalesce((SELECT max(parent_key) FROM story
    WHERE workspace_id = %(workspace_id)s AND story_key = key AND is_subtask AND parent_key <> ''
), key) AS story_key FROM unnest((SELECT %(keys)s::text[])) AS key
"""
_HISTORIES = f"""
SELECT key, asked.story_key, m.sprint_id, m.joined_at,
    least(m.left_at, CASE WHEN s.state = 'closed' THEN s.completed_at END)
FROM ({_ASKED}) AS asked
LEFT JOIN sprint_membership AS m
    ON m.workspace_id = %(workspace_id)s AND m.story_key = asked.story_key
LEFT JOIN sprint AS s ON s.workspace_id = m.workspace_id AND s.sprint_id = m.sprint_id
ORDER BY m.joined_at
"""  # noqa: S608 -- constant text.


def histories(workspace_id: str, keys: Collection[str]) -> Statement[dict[str, StoryHistory]]:
    """By key: the story that it is or, for a sub-task, belongs to, and its `memberships`."""
    return Statement(_HISTORIES, {"workspace_id": workspace_id, "keys": list(keys)}, _by_key)


def _by_key(rows: Sequence[Row]) -> dict[str, StoryHistory]:
    found: dict[str, StoryHistory] = {}
    for key, story_key, *membership in rows:
        history = found.setdefault(key, StoryHistory(story_key, []))
        if membership[0] is not None:
            history.memberships.append(Membership(*membership))
    return found


_LOCK = """
SELECT {function}(hashtext(%(realm)s), number), names FROM (
    SELECT hashtext(story_key) & 255 AS number, array_agg(story_key) AS names
    FROM ({names}) AS asked GROUP BY 1 ORDER BY 1) AS locks
"""
_HOLD = _LOCK.format(function="pg_advisory_xact_lock_shared", names=_ASKED)
_CHANGE = _LOCK.format(
    function="pg_advisory_xact_lock", names="SELECT unnest(%(keys)s::text[]) AS story_key"
)


def holding(workspace_id: str, keys: Collection[str]) -> Statement[set[str]]:
    """Let no Sprint history of these stories, or those they are parts of, change until commit.

    Tells the stories that are held. Who books usage holds them, so that spend that is just being
    written is either seen by the one who changes the history, or written by the new one. Stories
    share 256 locks, so that a batch never holds more; all take them in one order.
    """
    return Statement(
        _HOLD,
        {"realm": _realm(workspace_id), "workspace_id": workspace_id, "keys": list(keys)},
        lambda rows: {name for row in rows for name in row[1]},
    )


def change_histories(session: Session, workspace_id: str, names: Collection[str]) -> None:
    """Wait for everyone who holds these histories, and keep others out until commit."""
    ask(session, Statement(_CHANGE, {"realm": _realm(workspace_id), "keys": list(names)}, len))


def _realm(workspace_id: str) -> str:
    return f"{workspace_id} histories"


def parents(session: Session, workspace_id: str, keys: Sequence[str]) -> dict[str, str]:
    """Return the parent story of each sub-task among these keys."""
    rows = session.connection().exec_driver_sql(
        "SELECT story_key, parent_key FROM story WHERE workspace_id = %s AND story_key = ANY(%s) "
        "AND is_subtask AND parent_key <> ''",
        (workspace_id, list(keys)),
    )
    return {row[0]: row[1] for row in rows}


def _sprint(row: SprintRow) -> Sprint:
    return Sprint(
        row.sprint_id, row.board_id, row.name,
        row.state,  # type: ignore[arg-type]  # Written only from a Sprint, which has the literal.
        row.goal, row.starts_at, row.ends_at, row.completed_at,
    )  # fmt: skip

"""What clients were told, against what the books, Jira and Slack show in the end."""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from benchmarks.faults.scene import CAP_USD, CAPPED
from integration.cli.demo.world import WORKSPACE
from integration.jobs.slack_charts import CHARTS

if TYPE_CHECKING:
    from benchmarks.faults.scene import Scene

PATIENCE_S = 200.0
"""More than a lease: what a killed worker had in hand is done by another one after that."""
QUIET_LOOKS = 3

WAITING = """
SELECT (SELECT count(*) FROM inbox WHERE state = 'waiting')
     + (SELECT count(*) FROM outbox WHERE state = 'waiting')
     + (SELECT count(*) FROM "authorization" WHERE state = 'held')
"""
STUCK = """
SELECT 'inbox', subject, state, attempts, note FROM inbox
WHERE state IN ('waiting', 'failed', 'unknown')
UNION ALL SELECT kind, subject, state, attempts, note FROM outbox
WHERE state IN ('waiting', 'failed')
UNION ALL SELECT 'hold', authorization_id, state, 0, '' FROM "authorization" WHERE state = 'held'
"""
CALLS = """
SELECT attributes ->> 'response_id', sum(calls)::int FROM ledger_entry
WHERE attributes ->> 'response_id' = ANY(:ids) GROUP BY 1
"""
CAPPED_SPEND = """
SELECT coalesce((SELECT sum(list_cost_nanousd) FROM ledger_entry WHERE story_key = :story), 0)
     + coalesce((SELECT sum(amount) FROM hold WHERE cap_id = 'capped' AND is_open), 0)
"""
BALANCE = """
SELECT abs(coalesce((SELECT sum(spent) FROM cap_spend WHERE cap_id = 'capped'), 0)
     - coalesce((SELECT sum(list_cost_nanousd) FROM ledger_entry WHERE story_key = :story), 0))
     + abs((SELECT held FROM cap WHERE cap_id = 'capped')
     - coalesce((SELECT sum(amount) FROM hold WHERE cap_id = 'capped' AND is_open), 0))
"""
ROLL_UPS = """
SELECT abs((SELECT coalesce(sum(list_cost_nanousd), 0) FROM ledger_entry)
     - (SELECT coalesce(sum(list_cost_nanousd), 0) FROM sprint_spend))
     + abs((SELECT coalesce(sum(list_cost_nanousd), 0) FROM ledger_entry)
     - (SELECT coalesce(sum(list_cost_nanousd), 0) FROM day_spend))
"""


@dataclass(frozen=True, slots=True)
class Recount:
    """The damage. Everything but `acked`, `granted` and `denied` must be 0."""

    acked: int
    granted: int
    denied: int
    lost: int
    """Acknowledged calls that are not in the ledger, and granted ones that nobody knows."""
    doubled: int
    overspent_nanousd: int
    posts_doubled: int
    """Messages in Slack and comments in Jira that say again what was said."""
    posts_missing: int
    """Promises the outbox calls kept, of which Slack shows nothing."""
    stuck_jobs: int
    unbalanced_nanousd: int
    """Between ledger, roll-ups and what the cap holds as spent and held."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled, overspent or stuck."""
        return not any(
            (self.lost, self.doubled, self.overspent_nanousd, self.posts_doubled,
             self.posts_missing, self.stuck_jobs, self.unbalanced_nanousd)
        )  # fmt: skip


def settle(scene: Scene) -> None:
    """Let time pass until nothing waits any more, or patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    quiet = 0
    while quiet < QUIET_LOOKS and time.monotonic() < deadline:
        scene.move_by(timedelta(minutes=3))
        time.sleep(0.7)
        try:
            quiet = quiet + 1 if _number(scene, WAITING) == 0 else 0
        except DBAPIError:
            quiet = 0


def recount(scene: Scene) -> Recount:
    """Count everything anew."""
    told, story = scene.told, scene.stories[CAPPED]
    with scene.engine.connect() as connection:
        rows = connection.execute(text(CALLS), {"ids": sorted(told.acked)}).all()
        counted = {str(name): int(calls) for name, calls in rows}
    limit = int(Decimal(CAP_USD) * 10**9)
    doubled, missing = _posts(scene)
    return Recount(
        acked=len(told.acked),
        granted=told.granted,
        denied=told.denied,
        lost=sum(counted.get(each, 0) == 0 for each in told.acked) + told.vanished,
        doubled=sum(counted.get(each, 0) > 1 for each in told.acked),
        overspent_nanousd=max(0, _number(scene, CAPPED_SPEND, story=story) - limit),
        posts_doubled=doubled + _comments_doubled(scene),
        posts_missing=missing,
        stuck_jobs=_stuck(scene),
        unbalanced_nanousd=_number(scene, BALANCE, story=story) + _number(scene, ROLL_UPS),
    )


def _number(scene: Scene, query: str, **values: object) -> int:
    with scene.engine.connect() as connection:
        return int(connection.execute(text(query), values).scalar_one())


def _stuck(scene: Scene) -> int:
    with scene.engine.connect() as connection:
        rows = connection.execute(text(STUCK)).all()
    for row in rows:
        print("  stuck:", *row, file=sys.stderr)
    return len(rows)


def _posts(scene: Scene) -> tuple[int, int]:
    """How many messages repeat another, and how many kept promises show none."""
    marks = Counter(
        ((message.get("metadata") or {}).get("event_payload") or {}).get("mark")
        for message in scene.slack.messages()
    )
    unmarked = marks.pop(None, 0)
    with scene.engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT kind || ':' || subject FROM outbox WHERE workspace_id = :workspace "
                "AND kind LIKE 'slack.%' AND kind <> 'slack.sprint_chart' AND state = 'delivered'"
            ),
            {"workspace": WORKSPACE},
        ).scalars()
        missing = sum(marks[mark] == 0 for mark in kept)
    for mark, count in marks.items():
        if count > 1:
            print(f"  said {count} times: {mark}", file=sys.stderr)
    more = max(0, unmarked - _charts(scene))
    if more:
        print(f"  {more} more pictures than promised", file=sys.stderr)
    return sum(count - 1 for count in marks.values()) + more, missing


def _charts(scene: Scene) -> int:
    """How many messages without a mark there may be: one for each chart of each revision."""
    return len(CHARTS) * _number(
        scene, "SELECT count(*) FROM outbox WHERE kind = 'slack.sprint_chart'"
    )


def _comments_doubled(scene: Scene) -> int:
    return sum(max(0, len(scene.owner.comments(key)) - 1) for key in scene.stories)

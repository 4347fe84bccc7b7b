"""The one place where the book changes: entries, caps and their thresholds move together."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.caps import queries as cap_queries
from integration.caps import store as caps
from integration.caps.cover import CapsInForce
from integration.caps.policy import CallScope, thresholds_reached
from integration.foundation.round_trip import round_trip
from integration.journeys.cap_notices import promise_threshold_notice
from integration.ledger import roll_up_store as roll_ups
from integration.ledger import store as ledger
from integration.ledger.blocks import Block, blocks_of
from integration.ledger.entry import AMOUNTS
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.caps.policy import Cap, ScopeKind, Unit
    from integration.ledger.entry import LedgerEntry
    from integration.workspaces.workspace import Team


class ScopeFinder:
    """Finds by which marks caps cover calls; reads epics and teams only where a cap needs them."""

    def __init__(
        self, session: Session, workspace_id: str, story_keys: Sequence[str],
        kinds: Collection[ScopeKind] = ("epic", "team", "product_owner"),
    ) -> None:  # fmt: skip
        self._epics: dict[str, str] = {}
        self._teams: dict[int, Team] = {}
        if "epic" in kinds:
            self._epics = {
                row.story_key: row.epic_key or row.parent_key
                for row in backlog.stories(session, workspace_id, set(story_keys))
            }
        if "team" in kinds or "product_owner" in kinds:
            self._read_teams(session, workspace_id)

    def _read_teams(self, session: Session, workspace_id: str) -> None:
        teams = {team.board_id: team for team in workspaces.teams(session, workspace_id)}
        self._teams = {
            sprint.sprint_id: teams[sprint.board_id]
            for sprint in backlog.sprints(
                session, workspace_id, states=("future", "active", "closed")
            )
            if sprint.board_id in teams
        }

    def scope(
        self, story_key: str, sprint_id: int, model: str, occurred_at: datetime, *,
        team: str = "", feature: str = "",
    ) -> CallScope:  # fmt: skip
        """Everything about a call by which a cap can cover it."""
        own_team = self._teams.get(sprint_id)
        return CallScope(
            occurred_at=occurred_at,
            story_key=story_key,
            sprint_id=sprint_id,
            epic_key=self._epics.get(story_key, ""),
            feature=feature,
            team=team or (own_team.team_id if own_team else ""),
            product_owner=own_team.product_owner if own_team else "",
            model=model,
        )


def book(
    session: Session, workspace_id: str, entries: Sequence[LedgerEntry], now: datetime,
    in_force: Sequence[Cap] | None = None,
) -> list[int]:  # fmt: skip
    """Book entries as `book_blocks` does.

    `in_force` are the workspace's caps, steady already, for who has read them in this transaction.
    """
    if in_force is None:
        in_force = cap_queries.caps_of(session, workspace_id)
    return book_blocks(session, workspace_id, blocks_of(entries), now, in_force)


def book_blocks(
    session: Session, workspace_id: str, blocks: Sequence[Block], now: datetime,
    in_force: Sequence[Cap],
) -> list[int]:  # fmt: skip
    """Write entries, count them under each cap that covers them, fire thresholds they reach.

    Returns the closed Sprints that the entries fall into.
    """
    if not blocks:
        return []
    amounts = spent_under(session, workspace_id, in_force, blocks) if in_force else {}
    ledger.copy_in(session, workspace_id, blocks, now)
    with round_trip(session) as trip:
        for statement in roll_ups.adding_up(workspace_id, blocks, now):
            trip.ask(statement)
        sprints = {block.words.sprint_id for block in blocks}
        closed = trip.ask(backlog.closed(workspace_id, sprints))
        if amounts:
            trip.ask(caps.adding_spend(workspace_id, amounts))
            spent_and_fired = trip.ask(cap_queries.spent_and_fired(workspace_id, amounts))
    if amounts:
        stands = spent_and_fired()
        reached = [
            cap.cap_id for cap in in_force
            if cap.cap_id in amounts and _is_news(cap, *stands[cap.cap_id])
        ]  # fmt: skip
        fire_thresholds(session, workspace_id, reached, now)
    return closed()


def _is_news(cap: Cap, spent: int, fired: frozenset[int]) -> bool:
    """Whether a cap has reached a threshold that has not fired."""
    return not fired.issuperset(thresholds_reached(cap, spent))


def amounts_under(
    session: Session, workspace_id: str, in_force: Sequence[Cap], entries: Sequence[LedgerEntry]
) -> dict[str, int]:
    """What entries spend under each cap, as `spent_under` tells it."""
    return spent_under(session, workspace_id, in_force, blocks_of(entries))


def spent_under(
    session: Session, workspace_id: str, in_force: Sequence[Cap], blocks: Sequence[Block]
) -> dict[str, int]:
    """What blocks spend under each cap, in the cap's unit; caps they do not touch are left out."""
    kinds = {cap.scope_kind for cap in in_force}
    finder = ScopeFinder(session, workspace_id, [each.words.story_key for each in blocks], kinds)
    if any(cap.period_start or cap.period_end for cap in in_force):
        blocks = [Block(block.words, [row]) for block in blocks for row in block.rows]
    amounts: dict[str, int] = defaultdict(int)
    indexed = CapsInForce(in_force)
    for block in blocks:
        words, (_, moment, *_) = block.words, block.rows[0]
        scope = finder.scope(
            words.story_key, words.sprint_id, words.model, moment,
            team=words.team, feature=words.feature,
        )  # fmt: skip
        covering = indexed.covering(scope)
        spent = dict(zip(AMOUNTS, block.sums(), strict=True)) if covering else {}
        for cap in covering:
            amounts[cap.cap_id] += sum(spent[name] for name in _COUNTED[cap.unit])
    return dict(amounts)


_COUNTED: dict[Unit, tuple[str, ...]] = {
    "usd": ("contracted_cost_nanousd",),
    "tokens": ("input_tokens", "output_tokens"),
    "kgco2e": ("location_central_ugco2e",),
}
"""What counts under a cap. Unknown costs and emissions count as nothing spent and are shown as
unpriced instead. A dollar cap counts what the team pays: contracted cost."""


def fire_thresholds(
    session: Session, workspace_id: str, cap_ids: Sequence[str], now: datetime
) -> None:
    """Latch the thresholds these caps have reached and promise one notice for each that fires."""
    balances = cap_queries.balances(session, workspace_id, cap_ids) if cap_ids else {}
    for cap_id, balance in balances.items():
        reached = thresholds_reached(balance.cap, balance.spent)
        fired = caps.latch(session, workspace_id, cap_id, reached, now)
        if fired:
            promise_threshold_notice(session, balance, max(fired), now)

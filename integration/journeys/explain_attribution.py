"""Journey: say which story an event belongs to, or how a booked call came to its story."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.backlog import store as backlog
from integration.journeys.find_call import find_call
from integration.journeys.value_again import event_of
from integration.metering import store as metering
from integration.metering.attribution import Explanation, Ladder  # msgspec reads the type.
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.ledger.entry import LedgerEntry
    from integration.metering.usage import UsageEvent


class Decided(msgspec.Struct, frozen=True):
    """What tags, rules and branch say about an event; a sub-task's spend counts for its story."""

    story_key: str
    reason: str
    explanation: Explanation
    counts_for: str


class Line(msgspec.Struct, frozen=True):
    """One entry about a call. `because` is why it stands there, or why it was taken back."""

    entry_id: str
    kind: str
    source: str
    story_key: str
    because: str
    calls: int
    input_tokens: int
    output_tokens: int
    list_cost_nanousd: int | None


class Booked(msgspec.Struct, frozen=True):
    """Calls that go by one name, each with everything the book says, and the rules of now."""

    calls: list[list[Line]]
    by_rules_of_now: Decided


def explain_event(session: Session, workspace_id: str, event: UsageEvent) -> Decided:
    """Decide an event that need not have happened, by the rules of the workspace."""
    ladder = Ladder(
        metering.rules(session, workspace_id), workspaces.project_keys(session, workspace_id)
    )
    found = ladder.attribute(event)
    parents = backlog.parents(session, workspace_id, [found.story_key]) if found.story_key else {}
    story = parents.get(found.story_key, found.story_key)
    return Decided(found.story_key, found.reason, found.explanation, story)


def explain_call(session: Session, workspace_id: str, name: str) -> Booked:
    """Tell the history of the calls that go by an id.

    Raises:
        NotFound: no call goes by it.
    """
    histories = find_call(session, workspace_id, name)
    now = explain_event(session, workspace_id, event_of(histories[-1][0]))
    return Booked([[_line(entry) for entry in history] for history in histories], now)


def _line(entry: LedgerEntry) -> Line:
    return Line(
        str(entry.entry_id), entry.kind, entry.source, entry.story_key, entry.attribution,
        entry.calls, entry.input_tokens, entry.output_tokens, entry.list_cost_nanousd,
    )  # fmt: skip

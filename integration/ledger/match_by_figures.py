"""Which records are about one call although they share no id: told by figures, time and story.

Some observers never learn an id that others know: Logfire of a streamed answer, everybody of an
embedding, a coding agent, a client that sees an encrypted id. Where the same call passed a gateway,
its record has the same token counts at nearly the same moment.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from integration.ledger.better_record import attribution_strength, corrections, ids_in
from integration.ledger.entry import first_of
from integration.metering.identity import OPAQUE, vantage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from uuid import UUID

    from integration.ledger.better_record import SprintAt
    from integration.ledger.entry import LedgerEntry

EARLIER, LATER = timedelta(minutes=15), timedelta(minutes=2)
"""How far before and after a client's record the gateway's may lie. Some clients note the end of a
streamed answer, the gateway its beginning; clocks differ a little."""
SAME_FIGURES = "same_figures"
BY_TAG = 3


class Taken(NamedTuple):
    """A call that a record of this source was found to be about already."""

    call: UUID
    source: str


def is_unnamed(entry: LedgerEntry) -> bool:
    """Whether an entry carries no id of the answer that another observer would know too."""
    name = ids_in(entry).get("response_id", "")
    return not name or name.startswith(OPAQUE)


def same_calls(entries: Iterable[LedgerEntry], taken: Iterable[Taken]) -> list[list[LedgerEntry]]:
    """Group standing entries that are about one call; the one that stays comes first.

    Every call takes at most one record of each source, so that equal calls stay as many as they
    were. A record joins the nearest one from nearer to the provider, or else one of its trace.
    """
    used = set(taken)
    alike: dict[tuple[int, int], list[LedgerEntry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda each: each.occurred_at):
        if entry.input_tokens + entry.output_tokens > 0:
            alike[entry.input_tokens, entry.output_tokens].append(entry)
    return [group for part in alike.values() if len(part) > 1 for group in _groups(part, used)]


def _groups(part: Sequence[LedgerEntry], used: set[Taken]) -> Iterator[list[LedgerEntry]]:
    joined: dict[UUID, list[LedgerEntry]] = {}
    gone: set[UUID] = set()
    for entry in sorted(part, key=lambda each: -vantage(each.source)):
        if entry.entry_id in joined:
            continue
        homes = [
            home
            for home in part
            if home.entry_id not in gone
            and Taken(first_of(home.entry_id), entry.source) not in used
            and _may_be_one(home, entry)
        ]
        if homes:
            home = min(homes, key=lambda each: _distance(each, entry))
            joined.setdefault(home.entry_id, [home]).append(entry)
            gone.add(entry.entry_id)
            used.add(Taken(first_of(home.entry_id), entry.source))
    yield from joined.values()


def _distance(home: LedgerEntry, entry: LedgerEntry) -> tuple[int, bool, timedelta]:
    apart = abs(home.occurred_at - entry.occurred_at)
    return -vantage(home.source), not _share_trace(home, entry), apart


def _share_trace(one: LedgerEntry, other: LedgerEntry) -> bool:
    trace = ids_in(one).get("trace_id", "")
    return bool(trace) and trace == ids_in(other).get("trace_id", "")


def _may_be_one(home: LedgerEntry, entry: LedgerEntry) -> bool:
    """Whether `home` may be about the same call as `entry`, seen from nearer to the provider."""
    nearer = vantage(home.source) - vantage(entry.source)
    if not vantage(entry.source) or home.source == entry.source or nearer < 0:
        return False
    if not (is_unnamed(home) or is_unnamed(entry)) or not (nearer or _share_trace(home, entry)):
        return False
    return -EARLIER <= home.occurred_at - entry.occurred_at <= LATER and _agree(home, entry)


def _agree(one: LedgerEntry, other: LedgerEntry) -> bool:
    """Nothing that both know contradicts: cached and reasoning tokens, story, authorization."""
    pairs = (
        (one.cache_read_input_tokens, other.cache_read_input_tokens),
        (one.cache_write_input_tokens, other.cache_write_input_tokens),
        (one.reasoning_output_tokens, other.reasoning_output_tokens),
        (one.authorization_id, other.authorization_id),
    )
    if any(mine and theirs and mine != theirs for mine, theirs in pairs):
        return False
    is_told = min(attribution_strength(one), attribution_strength(other)) >= BY_TAG
    return not is_told or one.story_key == other.story_key


def joining(group: Sequence[LedgerEntry], sprint_at: SprintAt) -> list[LedgerEntry]:
    """The entries by which a group becomes one call: the others give way to the first."""
    lines = corrections(group, group[-1], sprint_at)
    home = first_of(group[0].entry_id)
    return [
        line if first_of(line.entry_id) == home else line._replace(attribution=SAME_FIGURES)
        for line in lines
    ]

"""What several records of one call add up to: the better amounts, and a story from any of them."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from integration.ledger.entry import AMOUNTS, LedgerEntry, first_of, replacement_of, reversal_of
from integration.metering.identity import detail_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    SprintAt = Callable[[str, datetime], int]

BETTER_RECORD = "better_record"
SAME_CALL = "same_call"
BY_PERSON = "by:"
"""Attributions that begin so were decided by a person, and no later record overrules a person."""


def detail(entry: LedgerEntry) -> int:
    """How much an entry knows about its call: the same measure as for the event it came from."""
    return detail_of(
        entry.outcome,
        entry.source,
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
        cached_tokens=entry.cache_read_input_tokens + entry.cache_write_input_tokens,
        reasoning_output_tokens=entry.reasoning_output_tokens,
        accelerator_time=entry.accelerator_seconds,
    )


def _worth(entry: LedgerEntry) -> tuple[int, int, int]:
    """Detail first; of two records of one running job the later one, which includes the other."""
    is_job = "accelerator" in ids_in(entry)
    return detail(entry), entry.accelerator_seconds, (entry.energy_uwh or 0) if is_job else 0


def attribution_strength(entry: LedgerEntry) -> int:
    """How firmly an entry's story is known: a person, a tag, a rule, a branch, not at all."""
    if entry.attribution.startswith(BY_PERSON):
        return 4
    if not entry.story_key:
        return 0
    if entry.attribution == "tag":
        return 3
    return 2 if entry.attribution.startswith("rule:") else 1


def corrections(
    standing: Sequence[LedgerEntry], found: LedgerEntry, sprint_at: SprintAt
) -> list[LedgerEntry]:
    """The entries that a further record of a call is worth; often none.

    `standing` are the entries that count for the call now, the most surely recognised first. There
    are several when nobody knew until this record that they were one call: the first one stays.
    Amounts come from the record that knows most (of a running job: that got furthest), the story
    from the one that knows it best, the time from the first entry. At a draw, and where nothing
    would change but who said it, the earlier record stays.
    """
    anchor, *others = standing
    records = (*standing, found)
    best = max(records, key=_worth)
    owner = max((best, *records), key=attribution_strength)
    gone = [_gave_way(other, anchor) for other in others]
    changed = _tells_more(best, anchor) or owner.story_key != anchor.story_key
    if not changed:
        return gone
    if owner is anchor:
        sprint_id = anchor.sprint_id
    else:
        sprint_id = sprint_at(owner.story_key, anchor.occurred_at)
    better = replacement_of(
        anchor,
        **{name: getattr(best, name) for name in _FROM_BEST},
        story_key=owner.story_key,
        attribution=owner.attribution,
        sprint_id=sprint_id,
        team=_first(owner.team, best.team, *(each.team for each in records)),
        feature=_first(owner.feature, best.feature, *(each.feature for each in records)),
        authorization_id=_first(*(each.authorization_id for each in records)),
        attributes=_together([each.attributes for each in (best, *records)]),
    )
    return [*gone, reversal_of(anchor, BETTER_RECORD), better]


def _tells_more(best: LedgerEntry, anchor: LedgerEntry) -> bool:
    """Whether the better record differs in an amount, in what came of the call, or in its cost."""
    if best is anchor:
        return False
    is_first_to_say = anchor.source_cost_nanousd is None and best.source_cost_nanousd is not None
    names = ("outcome", *AMOUNTS)
    return is_first_to_say or any(getattr(best, name) != getattr(anchor, name) for name in names)


_KEPT_FROM_ANCHOR = {
    "entry_id", "occurred_on", "occurred_at", "kind", "reverses", "story_key", "attribution",
    "sprint_id", "team", "feature", "authorization_id", "attributes",
}  # fmt: skip
_FROM_BEST = [name for name in LedgerEntry._fields if name not in _KEPT_FROM_ANCHOR]


def contradicts(standing: LedgerEntry, found: LedgerEntry) -> bool:
    """Whether two records of a call name different amounts, both more than nothing.

    A job that reports itself again has gone on.
    """
    pairs = [
        (standing.input_tokens, found.input_tokens), (standing.output_tokens, found.output_tokens),
    ]  # fmt: skip
    if standing.source != found.source:
        pairs.append((standing.accelerator_seconds, found.accelerator_seconds))
    return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def ids_in(entry: LedgerEntry) -> Mapping[str, str]:
    """The ids of the call that an entry's record carried."""
    found: dict[str, str] = json.loads(entry.attributes)
    return found


def merged_into(history: Sequence[LedgerEntry]) -> tuple[UUID, date] | None:
    """The call that another one turned out to be, if it did; each named by its first entry."""
    pointer = ids_in(history[-1]) if history and history[-1].kind == "reversal" else {}
    if "merged_into" not in pointer:
        return None
    return UUID(pointer["merged_into"]), date.fromisoformat(pointer["merged_on"])


def _gave_way(other: LedgerEntry, anchor: LedgerEntry) -> LedgerEntry:
    pointer = {
        "merged_into": str(first_of(anchor.entry_id)),
        "merged_on": anchor.occurred_on.isoformat(),
    }
    return reversal_of(other, SAME_CALL)._replace(attributes=json.dumps(pointer))


def _first(*texts: str) -> str:
    return next((text for text in texts if text), "")


def _together(attributes: Sequence[str]) -> str:
    """All attributes; where two records name the same one, the earlier in the list holds."""
    held: dict[str, object] = {}
    for each in attributes:
        held = json.loads(each) | held
    return json.dumps(held)

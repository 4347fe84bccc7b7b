"""What changed between two revisions of a Sprint's report: the sums, the stories, all else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from integration.foundation.errors import NotFound
from integration.reconciliation import store as reconciliation
from integration.reconciliation.revision import changes_between, stories_changed
from integration.reports.shapes import SprintReport, StoryLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session


class Moved(msgspec.Struct, frozen=True):
    """A figure in both revisions; None where there was none."""

    before: int | None
    after: int | None

    @property
    def change(self) -> int:
        """After less before, none counting as nothing."""
        return (self.after or 0) - (self.before or 0)


class StoryMoved(msgspec.Struct, frozen=True, kw_only=True):
    """A story in which anything differs. A story in one revision only has None in the other."""

    story_key: str
    summary: str
    list_cost_nanousd: Moved
    calls: Moved
    estimated_nanousd: Moved


class OtherChange(msgspec.Struct, frozen=True):
    """One value that differs: its place, with keys of entries instead of their numbers."""

    path: tuple[str, ...]
    before: Any
    after: Any


class RevisionDiff(msgspec.Struct, frozen=True, kw_only=True):
    """Two revisions of one Sprint. Amounts in nano-USD and µgCO₂e."""

    sprint_id: int
    name: str
    before: int
    after: int
    reason: str
    """Why the later revision was made."""
    list_cost_nanousd: Moved
    calls: Moved
    location_based_ugco2e: Moved
    unattributed_nanousd: Moved
    stories: tuple[StoryMoved, ...]
    """Largest change in cost first."""
    changes: tuple[OtherChange, ...]
    """Every value that differs, for machines."""


def revision_diff(
    session: Session, workspace_id: str, sprint_id: int, before: int | None = None,
    after: int | None = None,
) -> RevisionDiff:  # fmt: skip
    """Compare two revisions: by default the newest with the one before it.

    Raises:
        NotFound: there is no such revision, or nothing to compare with.
    """
    if after is None:
        newest = reconciliation.latest(session, workspace_id, sprint_id)
        after = newest.revision if newest else 0
    before = after - 1 if before is None else before
    bodies = []
    for revision in (before, after):
        saved = reconciliation.find(session, workspace_id, sprint_id, revision)
        if saved is None:
            raise NotFound(f"Sprint {sprint_id} has no revision {revision} to compare")
        bodies.append(saved.body)
    return compared(bodies[0], bodies[1])


def compared(before: dict[str, Any], after: dict[str, Any]) -> RevisionDiff:
    """Compare two saved reports, as JSON values."""
    changes = changes_between(before, after)
    old, new = (msgspec.convert(body, SprintReport, strict=False) for body in (before, after))
    lines = [{line.story_key: line for line in report.stories} for report in (old, new)]
    stories = [_story(key, *(of.get(key) for of in lines)) for key in stories_changed(changes)]

    def moved(figure: Callable[[SprintReport], int]) -> Moved:
        return Moved(figure(old), figure(new))

    return RevisionDiff(
        sprint_id=new.sprint.sprint_id,
        name=new.sprint.name,
        before=old.revision,
        after=new.revision,
        reason=new.reason,
        list_cost_nanousd=moved(lambda report: report.totals.list_cost_nanousd),
        calls=moved(lambda report: report.totals.calls),
        location_based_ugco2e=moved(lambda report: report.totals.location_based_ugco2e.central),
        unattributed_nanousd=moved(lambda report: report.unattributed.list_cost_nanousd),
        stories=tuple(
            sorted(stories, key=lambda s: (-abs(s.list_cost_nanousd.change), s.story_key))
        ),
        changes=tuple(OtherChange(each.path, each.before, each.after) for each in changes),
    )


def _story(key: str, before: StoryLine | None, after: StoryLine | None) -> StoryMoved:
    named = after or before

    def moved(figure: Callable[[StoryLine], int | None]) -> Moved:
        return Moved(figure(before) if before else None, figure(after) if after else None)

    return StoryMoved(
        story_key=key,
        summary=named.summary if named else "",
        list_cost_nanousd=moved(lambda line: line.actual.list_cost_nanousd),
        calls=moved(lambda line: line.actual.calls),
        estimated_nanousd=moved(_central),
    )


def _central(line: StoryLine) -> int | None:
    cost = line.estimate.list_cost_nanousd if line.estimate else None
    return cost.central if cost else None

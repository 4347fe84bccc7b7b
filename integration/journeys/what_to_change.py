"""What a team may change after a Sprint, with the same savings as what-if names. Read only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.journeys.alternatives import alternatives_of_stories
from integration.reports.retrospective import dearest_stories, retrospective

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.journeys.books import Books
    from integration.reports.retrospective import Retrospective
    from integration.reports.shapes import SprintReport


def what_to_change(
    session: Session, workspace_id: str, report: SprintReport, books: Books, *, now: datetime
) -> Retrospective:
    """Assemble the retrospective of a report that has all its stories."""
    dearest = dearest_stories(report)
    tried = alternatives_of_stories(session, workspace_id, dearest, books, now=now)
    alternatives = {key: each.found for key, each in tried.items()}
    return retrospective(session, workspace_id, report, alternatives)

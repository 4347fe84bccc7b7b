"""What is promised to Slack about a spike, and when there is something new to say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from integration.anomalies import store as spikes
from integration.backlog import store as backlog
from integration.foundation.periods import day_in
from integration.mailbox import queries as mailbox_queries
from integration.mailbox import store as mailbox
from integration.reports.spike_figures import spike_figures
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.anomalies.store import Sighting, StoredSpike
    from integration.backlog.story import Sprint
    from integration.workspaces.workspace import Team

KIND = "slack.spike"
WORTH_TELLING = 1.25
"""An open spike's message is edited when its cost over the usual grew by a quarter."""


def has_news(
    session: Session, workspace_id: str, standing: StoredSpike, sighting: Sighting
) -> bool:
    """Tell whether an open spike has grown since it was last told."""
    told = mailbox_queries.promised(session, workspace_id, KIND, f"spike:{standing.spike_id}")
    if told is None:
        return True
    figures = told.body["spike"]
    before = int(figures["amount_nanousd"]) - int(figures["usual_nanousd"])
    return sighting.amount_nanousd - sighting.usual_nanousd >= WORTH_TELLING * before


def promise_spike(session: Session, workspace_id: str, spike_id: int, now: datetime) -> None:
    """Promise that the spike's message shows it as it is recorded now."""
    stored = spikes.spike(session, workspace_id, spike_id)
    if stored is None:
        return
    summary = ""
    if stored.subject_kind == "story":
        known = backlog.stories(session, workspace_id, [stored.subject])
        summary = known[0].summary if known else ""
    team, sprint = _whose(session, workspace_id, stored)
    subject = f"spike:{spike_id}"
    standing = mailbox_queries.promised(session, workspace_id, KIND, subject)
    today = (
        f"{day_in(team.time_zone, now)}:{team.team_id}:{sprint.sprint_id}"
        if team and sprint
        else ""
    )
    body = {
        "team_id": team.team_id if team else "",
        # It stays in the thread it was posted in, whatever day it ends on.
        "digest_subject": standing.body["digest_subject"] if standing else today,
        "spike": msgspec.to_builtins(spike_figures(stored, summary)),
    }
    mailbox.promise(session, workspace_id, KIND, subject, body, now)


def _whose(
    session: Session, workspace_id: str, spike: StoredSpike
) -> tuple[Team | None, Sprint | None]:
    """The team that a spike concerns, and its running Sprint: a story's by its Sprint's board."""
    teams = workspaces.teams(session, workspace_id)
    sprints = backlog.sprints(session, workspace_id)
    if spike.subject_kind == "story":
        sprints = [
            sprint for sprint in sprints
            if spike.subject in backlog.stories_in(session, workspace_id, sprint.sprint_id)
        ]  # fmt: skip
    if spike.subject_kind == "team":
        teams = [team for team in teams if spike.subject in {team.team_id, team.name}] or teams
    for team in teams:
        for sprint in sprints:
            if sprint.board_id == team.board_id:
                return team, sprint
    return (teams[0] if teams else None), None

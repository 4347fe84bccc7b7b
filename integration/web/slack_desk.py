"""What people can ask and decide in Slack, over the same journeys as everyone else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.foundation.errors import NotFound
from integration.journeys.alternatives import alternatives_of_story
from integration.reports.digest_report import daily_digest
from integration.reports.links import Links
from integration.reports.one_story import latest_line
from integration.reports.sprint_report import sprint_report
from integration.turns import store as turns
from integration.web.slack_alternatives import what_if_answer
from integration.web.slack_cap_desk import CapDesk
from integration.web.slack_home_desk import HomeDesk
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.reports.shapes import DailyDigest, SprintReport, StoryLine
    from integration.slack.desk import WhatIfAnswer
    from integration.workspaces.workspace import Team

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Desk(CapDesk, HomeDesk):
    """Implements `integration.slack.desk.SlackDesk`. Each method opens its own session."""

    def first_time(self, workspace_id: str, event_id: str) -> bool:
        """Record an event of Slack's; False when it was recorded before."""
        with self._service.transactions.begin() as session:
            return turns.take_tick(
                session, f"slack:{event_id}", EPOCH, self._service.clock.now(), workspace_id
            )

    def sprint_report(self, workspace_id: str, *, channel_id: str) -> SprintReport | None:
        """Return the running Sprint of the channel's team, else of the workspace."""
        prices = self._service.books.for_workspace(workspace_id).prices
        with self._service.transactions.begin() as session:
            sprint, _ = _running(session, workspace_id, channel_id)
            if sprint is None:
                return None
            report = sprint_report(
                session, workspace_id, sprint.sprint_id, prices,
                now=self._service.clock.now(),
            )  # fmt: skip
            return self._links(session, workspace_id).on_report(report)

    def story_line(self, workspace_id: str, story_key: str) -> StoryLine | None:
        """Return a story as it stands in the Sprint it was in last; None when it is not known."""
        prices = self._service.books.for_workspace(workspace_id).prices
        with self._service.transactions.begin() as session:
            line = latest_line(
                session, workspace_id, story_key.upper(), prices, now=self._service.clock.now()
            )
            return line and self._links(session, workspace_id).on_story(line)

    def digest(self, workspace_id: str, *, channel_id: str) -> DailyDigest | None:
        """Return today's digest as of now; None without a running Sprint."""
        prices = self._service.books.for_workspace(workspace_id).prices
        with self._service.transactions.begin() as session:
            sprint, team = _running(session, workspace_id, channel_id)
            if sprint is None or team is None:
                return None
            digest = daily_digest(
                session, team, sprint.sprint_id, prices,
                now=self._service.clock.now(),
            )  # fmt: skip
            return self._links(session, workspace_id).on_digest(digest)

    def what_if(self, workspace_id: str, story_key: str) -> WhatIfAnswer | None:
        """Return a story's alternatives; None when it is not known."""
        books = self._service.books.for_workspace(workspace_id)
        with self._service.transactions.begin() as session:
            try:
                found = alternatives_of_story(
                    session, workspace_id, story_key.upper(), books,
                    now=self._service.clock.now(),
                )  # fmt: skip
            except NotFound:
                return None
            url = self._links(session, workspace_id).story(found.story_key)
        return what_if_answer(found, url)

    def connection_lost(self, workspace_id: str, event_type: str) -> None:
        """Record that the app was uninstalled or its tokens revoked."""
        now = self._service.clock.now()
        with self._service.transactions.begin() as session:
            workspaces.slack_lost(session, workspace_id, event_type, now)
            workspaces.audit(
                session, workspace_id, at=now, actor="slack",
                action=f"slack.{event_type}", subject="slack",
            )  # fmt: skip

    def _links(self, session: Session, workspace_id: str) -> Links:
        site_url = workspace_queries.site_url(session, workspace_id)
        return Links(workspace_id, self._service.public_url, site_url)


def _running(
    session: Session, workspace_id: str, channel_id: str
) -> tuple[Sprint | None, Team | None]:
    """The running Sprint of the channel's team, else the workspace's first, with its team."""
    teams = workspaces.teams(session, workspace_id)
    sprints = backlog.sprints(session, workspace_id)
    here = [team for team in teams if channel_id and team.channel_id == channel_id] or teams
    for team in here:
        for sprint in sprints:
            if sprint.board_id == team.board_id:
                return sprint, team
    return None, None

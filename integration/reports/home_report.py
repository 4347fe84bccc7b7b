"""What one person sees in the app's Home tab: their team's Sprint, their stories, the settings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from integration.backlog import assignee_store, queries
from integration.backlog import store as backlog
from integration.people import store as people
from integration.reports.cap_report import cap_statuses, header_of
from integration.reports.one_story import latest_line
from integration.reports.sprint_page import sprint_page
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.backlog.story import Sprint
    from integration.people.store import SlackMatch
    from integration.pricing.price_book import PriceBook
    from integration.reports.links import Links
    from integration.reports.shapes import CapStatus, SprintHeader, SprintReport, StoryLine
    from integration.workspaces.workspace import Team

DEAREST = 20
"""Stories of the Sprint that are at hand, the person's own among them."""
OWN = 50


@dataclass(frozen=True, slots=True)
class HomeReport:
    """A person's Home. `mine` is None while we do not know who they are in Jira; `report` has the
    Sprint's dearest stories only.

    `coming` is the team's next Sprint where none runs; `team` None where the workspace has none.
    """

    report: SprintReport | None = None
    coming: SprintHeader | None = None
    mine: tuple[StoryLine, ...] | None = None
    found_by: str = ""
    team: Team | None = None
    teams: tuple[Team, ...] = ()
    caps: tuple[CapStatus, ...] = ()
    settings_url: str = ""
    jira_is_away: bool = False
    """Jira did not answer when it was asked who this is."""


def home_report(
    session: Session, workspace_id: str, slack_user_id: str, prices: PriceBook, *, now: datetime
) -> HomeReport:
    """Assemble somebody's Home.

    Their team is the one they chose, else the one in whose running Sprint they have stories, else
    the first with a running Sprint.
    """
    match = people.slack_match(session, workspace_id, slack_user_id)
    teams = tuple(workspaces.teams(session, workspace_id))
    known = backlog.sprints(session, workspace_id, states=("active", "future"))
    theirs = (
        assignee_store.stories_of(session, workspace_id, match.jira_account_id)
        if match.jira_account_id
        else None
    )
    team = _team_of(session, workspace_id, match, teams, known, theirs or frozenset())
    here = [sprint for sprint in known if team and sprint.board_id == team.board_id]
    running = next((sprint for sprint in here if sprint.state == "active"), None)
    coming = next((sprint for sprint in here if sprint.state == "future"), None)
    report = None
    mine: tuple[StoryLine, ...] = ()
    if running:
        # Everyone opens Home at stand-up: the page's quick report, and lines of their own alone.
        found = sprint_page(
            session, workspace_id, running.sprint_id, prices, shown=DEAREST, now=now
        )
        report = found.report
        here_too = queries.keys_in(session, workspace_id, running.sprint_id)
        keys = sorted((theirs or frozenset()) & here_too)[:OWN]
        lines = (latest_line(session, workspace_id, key, prices, now=now) for key in keys)
        mine = tuple(line for line in lines if line)
    return HomeReport(
        report=report,
        coming=header_of(session, workspace_id, coming) if coming else None,
        mine=None if theirs is None else mine,
        found_by=match.found_by,
        team=team,
        teams=teams,
        caps=_by_scope(cap_statuses(session, workspace_id)),
    )


def with_links(home: HomeReport, links: Links) -> HomeReport:
    """A Home with all addresses."""
    return replace(
        home,
        report=home.report and links.on_report(home.report),
        coming=home.coming and links.on_header(home.coming),
        mine=home.mine if home.mine is None else tuple(map(links.on_story, home.mine)),
        settings_url=links.settings(),
    )


def _by_scope(caps: Sequence[CapStatus]) -> tuple[CapStatus, ...]:
    return tuple(sorted(caps, key=lambda cap: (cap.scope != "sprint", cap.cap_id)))


def _team_of(
    session: Session, workspace_id: str, match: SlackMatch, teams: Sequence[Team],
    known: Sequence[Sprint], theirs: frozenset[str],
) -> Team | None:  # fmt: skip
    chosen = next((team for team in teams if team.team_id == match.team_id), None)
    if chosen is not None:
        return chosen
    running = {each.board_id: each.sprint_id for each in known if each.state == "active"}
    at_work = [team for team in teams if team.board_id in running]
    with_theirs = (
        team for team in at_work
        if theirs & queries.keys_in(session, workspace_id, running[team.board_id])
    )  # fmt: skip
    return next(with_theirs, None) or next(iter((*at_work, *teams)), None)

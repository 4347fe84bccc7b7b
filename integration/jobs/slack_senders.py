"""How promises about Slack are kept: a message is posted once and edited from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from integration.foundation.errors import DeliveryFailed
from integration.jobs.slack_post import Post, Receipt
from integration.mailbox import queries as mailbox
from integration.reports.cap_shapes import CapNotice, PlanNotice, RaiseNotice
from integration.reports.links import Links
from integration.reports.shapes import (
    DailyDigest,
    SpikeFigures,
    SprintHeader,
    SprintReport,
)
from integration.reports.standing import revision_report
from integration.slack.block_kit import slack_wording
from integration.slack.failures import SlackBlocksRefused
from integration.slack.messages import Messages
from integration.workspaces import queries as workspace_queries
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.foundation.wording import Wording
    from integration.jobs.house import House
    from integration.mailbox.claims import Promise
    from integration.workspaces.workspace import Team


def post_digest(house: House, promise: Promise) -> Receipt:
    """Post a team's digest of the day, or edit the one posted before."""
    team = team_of(house, promise.workspace_id, team_id=promise.body["team_id"])
    digest = links_of(house, promise.workspace_id).on_digest(
        msgspec.convert(promise.body["digest"], DailyDigest, strict=False)
    )
    return Post(house, promise, team).send(
        words_of(house, promise.workspace_id, team).daily_digest(digest)
    )


def post_spike(house: House, promise: Promise) -> Receipt:
    """Post a spike in the thread of the day's digest where there is one, else by itself."""
    team = team_of(house, promise.workspace_id, team_id=promise.body["team_id"])
    spike = links_of(house, promise.workspace_id).on_spike(
        msgspec.convert(promise.body["spike"], SpikeFigures, strict=False)
    )
    thread = receipt_of(house, promise.workspace_id, "slack.digest", promise.body["digest_subject"])
    message = words_of(house, promise.workspace_id, team).spike_notice(spike)
    return Post(house, promise, team).send(message, thread.get("ts"))


def post_cap_notice(house: House, promise: Promise) -> Receipt:
    """Post that a cap was reached or denies calls; edit it once somebody has raised the cap."""
    notice = links_of(house, promise.workspace_id).on_notice(
        msgspec.convert(promise.body, CapNotice, strict=False)
    )
    team = team_of(house, promise.workspace_id, name=notice.sprint.team if notice.sprint else "")
    return Post(house, promise, team).send(
        words_of(house, promise.workspace_id, team).cap_notice(notice)
    )


def post_raise_request(house: House, promise: Promise) -> Receipt:
    """Post that somebody asks for a raise of a cap; edit it once that was decided."""
    notice = links_of(house, promise.workspace_id).on_raise(
        msgspec.convert(promise.body, RaiseNotice, strict=False)
    )
    team = team_of(house, promise.workspace_id, name=notice.sprint.team if notice.sprint else "")
    return Post(house, promise, team).send(
        words_of(house, promise.workspace_id, team).raise_request(notice)
    )


def post_sprint_review(house: House, promise: Promise) -> Receipt:
    """Post a closed Sprint's summary, or edit it to the revision that stands by now."""
    report = report_of(house, promise.workspace_id, int(promise.body["sprint_id"]))
    report = links_of(house, promise.workspace_id).on_report(report)
    team = team_of(house, promise.workspace_id, name=report.sprint.team)
    post, words = Post(house, promise, team), words_of(house, promise.workspace_id, team)
    try:
        return post.send(words.sprint_review(report))
    except SlackBlocksRefused:
        return post.send(words.sprint_review(report, with_table=False))


def report_of(
    house: House, workspace_id: str, sprint_id: int, revision: int | None = None
) -> SprintReport:
    """Return a revision, the newest without a number, with what its recount has found by now."""
    with house.transactions.begin() as session:
        report = revision_report(session, workspace_id, sprint_id, revision)
    if report is None:
        said = f"Sprint {sprint_id} has no revision {revision or 1}"
        raise DeliveryFailed(said, permanent=True)
    return report


def post_ledger_alarm(house: House, promise: Promise) -> Receipt:
    """Post that a recount does not agree with a Sprint's report."""
    header = links_of(house, promise.workspace_id).on_header(
        msgspec.convert(promise.body["sprint"], SprintHeader, strict=False)
    )
    team = team_of(house, promise.workspace_id, name=header.team)
    message = words_of(house, promise.workspace_id, team).ledger_alarm(
        header, str(promise.body["note"])
    )
    return Post(house, promise, team).send(message)


def post_planning_notice(house: House, promise: Promise) -> Receipt:
    """Post that a future Sprint's estimates go over a cap; edit it once they do not."""
    plan = links_of(house, promise.workspace_id).on_plan(
        msgspec.convert(promise.body, PlanNotice, strict=False)
    )
    team = team_of(house, promise.workspace_id, name=plan.sprint.team)
    return Post(house, promise, team).send(
        words_of(house, promise.workspace_id, team).planning_notice(plan)
    )


def links_of(house: House, workspace_id: str) -> Links:
    """Where the workspace's stories and Sprints are found."""
    with house.transactions.begin() as session:
        site_url = workspace_queries.site_url(session, workspace_id)
    return Links(workspace_id, house.public_url, site_url)


def team_of(house: House, workspace_id: str, *, team_id: str = "", name: str = "") -> Team | None:
    """Return a team by its id or name; None where the workspace has no such team."""
    with house.transactions.begin() as session:
        teams = workspaces.teams(session, workspace_id)
    return next((team for team in teams if team.team_id == team_id or team.name == name), None)


def receipt_of(house: House, workspace_id: str, kind: str, subject: str) -> dict[str, Any]:
    """Return where a promise was posted; empty while it was not."""
    with house.transactions.begin() as session:
        posted = mailbox.promised(session, workspace_id, kind, subject)
        return posted.receipt if posted else {}


def words_of(house: House, workspace_id: str, team: Team | None) -> Messages:
    """How messages to a team are worded: its workspace's own words first, in its language."""
    return Messages(team.time_zone if team else "UTC", wording_of(house, workspace_id))


def wording_of(house: House, workspace_id: str) -> Wording:
    """A workspace's own words for Slack first, in its language."""
    with house.transactions.begin() as session:
        locale = workspaces.find(session, workspace_id).locale
    return slack_wording(house.wordings.of(workspace_id, locale, "slack", "words"))

"""Somebody's Home tab in Slack: who they are in Jira is found out first, then it is published."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from integration.foundation.errors import DeliveryFailed
from integration.jobs.slack_senders import links_of, wording_of
from integration.journeys.open_home import is_to_be_found
from integration.people import store as people
from integration.reports.home_report import home_report, with_links
from integration.slack.answers import Answers

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.jobs.slack_post import Receipt
    from integration.mailbox.claims import Promise
    from integration.slack.client import SlackGateway

log = structlog.get_logger()


def publish_home(house: House, promise: Promise) -> Receipt:
    """Publish a person's Home as it is now."""
    workspace_id, user_id = promise.workspace_id, promise.subject
    gateway, account = house.outside.slack(workspace_id)
    if account.lost_reason:
        raise DeliveryFailed(f"Connect Slack anew: {account.lost_reason}", permanent=False)
    is_away = not _is_looked_for(house, workspace_id, user_id, gateway)
    prices = house.books.for_workspace(workspace_id).prices
    with house.transactions.begin() as session:
        home = home_report(session, workspace_id, user_id, prices, now=house.clock.now())
    home = replace(with_links(home, links_of(house, workspace_id)), jira_is_away=is_away)
    answers = Answers(home.team.time_zone if home.team else "UTC", wording_of(house, workspace_id))
    gateway.publish_home(user_id, answers.home_view(home))
    return {}


def _is_looked_for(house: House, workspace_id: str, user_id: str, gateway: SlackGateway) -> bool:
    """Find somebody's Jira account by their address, where it is not known; False: not now.

    The address is asked of Slack, shown to Jira, and not kept.
    """
    now = house.clock.now()
    with house.transactions.begin() as session:
        match = people.slack_match(session, workspace_id, user_id)
    if not is_to_be_found(match, now):
        return True
    email = gateway.email_of(user_id)
    try:
        account_id = house.outside.jira(workspace_id).account_id_by_email(email) if email else ""
    except DeliveryFailed as failure:
        log.info("home.jira_away", workspace_id=workspace_id, reason=failure.message)
        return False
    with house.transactions.begin() as session:
        people.note_jira_account(session, workspace_id, user_id, account_id, by="email", now=now)
    return True

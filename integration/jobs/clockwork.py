"""The jobs that only wait for their time: digests, expiring holds, housekeeping."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy.exc import DBAPIError

from integration.foundation.row_wall import across, only
from integration.journeys.check_caps import check_caps
from integration.journeys.check_plan import check_plan
from integration.journeys.compose_digest import compose_digest, refresh_digest
from integration.journeys.end_holds import expire_holds
from integration.journeys.forget_usage import forget_usage
from integration.journeys.keep_partitions import keep_partitions
from integration.journeys.match_calls import match_calls
from integration.journeys.turn_caps import turn_caps
from integration.metering import store as metering
from integration.people import store as people
from integration.turns import store as turns
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.workspaces.workspace import Team

log = structlog.get_logger()

TICKS_KEPT = timedelta(days=8)
TOTALS_KEPT = timedelta(days=35)
LATEST_DIGEST = timedelta(hours=6)
"""A digest that is later than this after an outage helps nobody at stand-up any more."""
MATCHED_WITHIN = timedelta(minutes=15)
MATCHED_LATE = timedelta(hours=30)
"""Gateways that were cut off report late; the other record has long been there then."""
REFRESHED_EVERY = timedelta(minutes=10)
REFRESHED_FOR = timedelta(hours=10)


def compose_due_digests(house: House) -> None:
    """Compose the digest of each team whose time has come today, then keep it up to date."""
    now = house.clock.now()
    for workspace_id in house.workspace_ids():
        _compose_digests(house.within(workspace_id), workspace_id, now)


def _compose_digests(house: House, workspace_id: str, now: datetime) -> None:
    with house.transactions.begin() as session:
        teams = workspaces.teams(session, workspace_id)
    for team in teams:
        due = digest_due(team, now)
        if due is None:
            continue
        books = house.books.for_workspace(workspace_id)
        if now - due <= LATEST_DIGEST:
            compose_digest(house.transactions, team, books, now=now, slot=due)
        refreshes = (now - due) // REFRESHED_EVERY
        if refreshes and now - due <= REFRESHED_FOR:
            slot = due + refreshes * REFRESHED_EVERY
            refresh_digest(house.transactions, team, books, now=now, slot=slot)


def digest_due(team: Team, now: datetime) -> datetime | None:
    """When today's digest was due, once that time has come on a workday of the team; else None."""
    zone = ZoneInfo(team.time_zone)
    today = now.astimezone(zone).date()
    due = datetime.combine(today, team.digest_at, zone)
    return due if due <= now and today.isoweekday() in team.workdays else None


def check_all_caps(house: House) -> None:
    """Compare what caps hold with their open holds; say loudly where a cap had drifted."""
    for drift in check_caps(house.transactions, now=house.clock.now()):
        log.error("caps.drift", workspace_id=drift.workspace_id, cap_id=drift.cap_id)


def turn_all_caps(house: House) -> None:
    """End raises whose time is over and carry over what closed windows left."""
    turn_caps(house.transactions, now=house.clock.now())


def check_all_plans(house: House) -> None:
    """Compare each future Sprint's estimates with its caps, and tell the team where it is over."""
    for workspace_id in house.workspace_ids():
        transactions = only(house.transactions, workspace_id)
        check_plan(transactions, workspace_id, now=house.clock.now())


def expire_due_holds(house: House) -> None:
    """Turn holds whose time is up into estimated spend."""
    expire_holds(house.transactions, house.books, now=house.clock.now())


def match_recent_calls(house: House) -> None:
    """Recognise calls whose records share no id, among what came in lately."""
    _match_calls(house, MATCHED_WITHIN)


def _match_calls(house: House, within: timedelta) -> None:
    now = house.clock.now()
    for workspace_id in house.workspace_ids():
        transactions = only(house.transactions, workspace_id)
        try:
            match_calls(transactions, workspace_id, since=now - within, now=now)
        except DBAPIError:  # Usage corrected one of these calls at the same moment.
            log.warning("match_calls.failed", workspace_id=workspace_id, exc_info=True)


def keep_house(house: House) -> None:
    """Make the book's partitions ahead, forget what nobody keeps, match calls reported late."""
    now = house.clock.now()
    keep_partitions(house.transactions, now=now)
    forget_usage(house.transactions, now=now)
    _match_calls(house, MATCHED_LATE)
    with across(house.transactions).begin() as session:
        people.forget_sign_ins(session, now)
        turns.forget_ticks(session, now - TICKS_KEPT)
        metering.forget_totals(session, (now - TOTALS_KEPT).date())

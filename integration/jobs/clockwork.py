"""The jobs that only wait for their time: digests, expiring holds, housekeeping."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from integration.journeys.compose_digest import compose_digest
from integration.journeys.end_holds import expire_holds
from integration.journeys.keep_partitions import keep_partitions
from integration.mailbox import store as mailbox
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.workspaces.workspace import Team

TICKS_KEPT = timedelta(days=8)


def compose_due_digests(house: House) -> None:
    """Compose the digest of each team whose time has come today, once per team and day."""
    now = house.clock.now()
    with house.transactions.begin() as session:
        teams = [
            team
            for workspace_id in workspaces.all_ids(session)
            for team in workspaces.teams(session, workspace_id)
        ]
    for team in teams:
        slot = digest_due(team, now)
        if slot is None:
            continue
        with house.transactions.begin() as session:
            is_mine = mailbox.take_tick(
                session, f"digest:{team.team_id}", slot, now, team.workspace_id
            )
        if is_mine:
            books = house.books.for_workspace(team.workspace_id)
            compose_digest(house.transactions, team, books, now=now)


def digest_due(team: Team, now: datetime) -> datetime | None:
    """When today's digest was due, once that time has come on a workday of the team; else None."""
    zone = ZoneInfo(team.time_zone)
    today = now.astimezone(zone).date()
    due = datetime.combine(today, team.digest_at, zone)
    return due if due <= now and today.isoweekday() in team.workdays else None


def expire_due_holds(house: House) -> None:
    """Turn holds whose time is up into estimated spend."""
    expire_holds(house.transactions, house.books, now=house.clock.now())


def keep_house(house: House) -> None:
    """Make the book's partitions ahead and forget ticks that nobody can take again."""
    now = house.clock.now()
    keep_partitions(house.transactions, now=now)
    with house.transactions.begin() as session:
        mailbox.forget_ticks(session, now - TICKS_KEPT)

"""When a team does not want to be reached, in its own time zone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from integration.workspaces.workspace import Team


def quiet_for(team: Team, now: datetime) -> timedelta:
    """How long from now the team's quiet hours last; zero outside them or where none are set."""
    start, end = team.quiet_from, team.quiet_until
    if start is None or end is None or start == end:
        return timedelta(0)
    zone = ZoneInfo(team.time_zone)
    local = now.astimezone(zone)
    at = local.time()
    is_quiet = start <= at < end if start < end else at >= start or at < end
    if not is_quiet:
        return timedelta(0)
    day = local.date() if at < end else local.date() + timedelta(days=1)
    # By instants: a night in which clocks change is an hour longer or shorter.
    return datetime.combine(day, end, zone).astimezone(now.tzinfo) - now

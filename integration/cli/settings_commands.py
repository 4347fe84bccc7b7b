"""`storymeter workspace set`, `set-team` and `show`: how a workspace and its teams are served."""

from __future__ import annotations

import getpass
import json
from typing import TYPE_CHECKING, Any

import click

from integration.cli.start_up import database
from integration.cli.workspace_commands import parts

if TYPE_CHECKING:
    from integration.workspaces.workspace import Team, Workspace

FOR_EVER = "for-ever"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _workdays(_: click.Context, __: click.Parameter, written: str | None) -> Any:
    """Read `mon-fri`, `mon,tue,thu` or `1-5` as ISO weekdays."""
    if written is None:
        return None
    found: set[int] = set()
    for part in written.lower().replace(" ", "").split(","):
        ends = [_weekday(end) for end in part.split("-")]
        found |= set(range(ends[0], ends[-1] + 1))
    return tuple(sorted(found))


def _weekday(written: str) -> int:
    if written.isdigit():
        return int(written)
    if written[:3] not in DAYS:
        raise click.BadParameter(f"{written!r} is no weekday; write mon-fri or mon,wed,fri")
    return DAYS.index(written[:3]) + 1


def _quiet_hours(_: click.Context, __: click.Parameter, written: str | None) -> Any:
    """Read `18:00-08:00`, or `none`, as both ends."""
    if written is None or written == "none":
        return written
    start, dash, end = written.partition("-")
    if not dash:
        raise click.BadParameter("write the beginning and the end, as 18:00-08:00, or none")
    return start.strip(), end.strip()


def _kept_days(_: click.Context, __: click.Parameter, written: str | None) -> Any:
    """Read a number of days, or `for-ever`."""
    if written is None or written == FOR_EVER:
        return written
    if not written.isdecimal():
        raise click.BadParameter(f"{written!r} is no number of days; write 400, or {FOR_EVER}")
    return int(written)


@click.command("set")
@click.argument("workspace_id")
@click.option("--name")
@click.option("--time-zone", help="IANA name, such as Europe/Berlin.")
@click.option("--default-region", help="Cloud region where usage names none.")
@click.option("--locale", help="How figures and dates are written, such as de_DE.")
@click.option(
    "--allocation-rule", type=click.Choice(["none", "even", "by_tokens"]),
    help="How reports share unattributed spend out over the stories.",
)  # fmt: skip
@click.option(
    "--keep-usage-days",
    "usage_kept_days",
    callback=_kept_days,
    help="How long single calls are kept, such as 400, or for-ever. Sums stay.",
)
@click.option(
    "--over-cap-stories", type=click.Choice(["stay", "move_back"]),
    help="Whether stories by which a planned Sprint is over its cap go back to the Backlog.",
)  # fmt: skip
def set_workspace(workspace_id: str, **given: Any) -> None:
    """Change a workspace's settings; what is not named stays. Who changed what is kept."""
    from integration.journeys.change_settings import change_workspace
    from integration.workspaces.changes import WorkspaceChange

    given = {name: value for name, value in given.items() if value is not None}
    if given.get("usage_kept_days") == FOR_EVER:
        given["usage_kept_days"] = None
    change = WorkspaceChange(**given)
    with database() as settings:
        transactions, now, _ = parts(settings)
        changed = change_workspace(transactions, workspace_id, change, actor=_who(), now=now)
    _tell_workspace(changed)


@click.command("set-team")
@click.argument("workspace_id")
@click.argument("team_id")
@click.option("--name")
@click.option("--board", "board_id", type=int, help="The team's Scrum board in Jira.")
@click.option("--channel-id", help="C…; an empty one takes the workspace's default channel.")
@click.option("--time-zone", help="IANA name; times of day are local to it.")
@click.option("--digest-at", help="When the stand-up digest is posted, as 09:15.")
@click.option("--workdays", callback=_workdays, help="Days with a digest: mon-fri, or mon,wed.")
@click.option(
    "--quiet-hours", callback=_quiet_hours,
    help="When nothing new is posted, as 18:00-08:00, or none.",
)  # fmt: skip
@click.option(
    "--silent-on-quiet-days/--told-of-quiet-days", "quiet_days_are_silent", default=None,
    help="Whether a day on which nothing happened has a digest.",
)  # fmt: skip
@click.option("--product-owner")
def set_team(workspace_id: str, team_id: str, quiet_hours: Any, **given: Any) -> None:
    """Change a team's board, channel, digest or quiet hours; what is not named stays."""
    from integration.journeys.change_settings import change_team
    from integration.workspaces.changes import TeamChange

    if quiet_hours is not None:
        ends = (None, None) if quiet_hours == "none" else quiet_hours
        given |= {"quiet_from": ends[0], "quiet_until": ends[1]}
    named = {name: v for name, v in given.items() if v is not None or name.startswith("quiet_")}
    if named.get("quiet_days_are_silent", "") is None:
        del named["quiet_days_are_silent"]
    with database() as settings:
        transactions, now, _ = parts(settings)
        changed = change_team(
            transactions, workspace_id, team_id, TeamChange(**named), actor=_who(), now=now
        )
    _tell_team(changed)


@click.command("show")
@click.argument("workspace_id")
@click.option("--json", "as_json", is_flag=True)
def show(workspace_id: str, as_json: bool) -> None:
    """Show a workspace's settings and its teams'."""
    from dataclasses import asdict

    import msgspec

    from integration.workspaces import store

    with database() as settings:
        transactions, _, _ = parts(settings)
        with transactions.begin() as session:
            found = store.find(session, workspace_id)
            teams = store.teams(session, workspace_id)
    if as_json:
        plain = msgspec.to_builtins(
            {**asdict(found), "teams": [asdict(each) for each in teams]}, str_keys=True
        )
        click.echo(json.dumps(plain, default=sorted))
        return
    _tell_workspace(found)
    for each in teams:
        _tell_team(each)


def _who() -> str:
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # A container's user need not have a name.
        return "cli"


def _tell_workspace(found: Workspace) -> None:
    click.echo(
        f"Workspace {found.workspace_id} ({found.name}): time zone {found.time_zone}, "
        f"region {found.default_region or 'not set'}, unattributed spend shared: "
        f"{found.allocation_rule.replace('_', ' ')}, figures as in {found.locale}, "
        f"stories over a planned cap: {found.over_cap_stories.replace('_', ' ')}."
    )


def _tell_team(team: Team) -> None:
    days = ", ".join(DAYS[day - 1] for day in team.workdays)
    quiet = (
        f"quiet from {team.quiet_from:%H:%M} to {team.quiet_until:%H:%M}"
        if team.quiet_from and team.quiet_until
        else "no quiet hours"
    )
    silent = "nothing" if team.quiet_days_are_silent else "a short line"
    click.echo(
        f"Team {team.team_id} ({team.name}): board {team.board_id or 'not set'}, channel "
        f"{team.channel_id or 'the default one'}, digest at {team.digest_at:%H:%M} "
        f"{team.time_zone} on {days}, {silent} on a quiet day, {quiet}."
    )

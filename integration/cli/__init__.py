"""The `storymeter` command: running the service, setting it up, and asking it things.

Owns: arguments, progress bars, tables, exit codes (0 done, 1 it did not work, 2 wrong usage).
Does not own: what the commands do; each calls a journey, an adapter or an HTTP door.

Commands import what they need when they run, so that `storymeter --help` answers at once.
"""

from __future__ import annotations

import sys

import click

from integration.cli.attribute_commands import attribute, reprice
from integration.cli.backup_commands import backup, restore
from integration.cli.cap_commands import cap
from integration.cli.carbon_commands import carbon
from integration.cli.check_command import check
from integration.cli.demo_command import demo
from integration.cli.doctor_command import doctor
from integration.cli.estimate_command import estimate
from integration.cli.import_commands import export_file, import_file
from integration.cli.inbox_commands import inbox
from integration.cli.jira_commands import jira
from integration.cli.keys_commands import keys
from integration.cli.leave_commands import erase, export, forget
from integration.cli.people_commands import people
from integration.cli.prices_commands import prices
from integration.cli.report_commands import report
from integration.cli.retraining_commands import retraining
from integration.cli.run_commands import migrate, run, web, worker
from integration.cli.settings_commands import set_team, set_workspace, show
from integration.cli.slack_commands import slack
from integration.cli.spikes_commands import spikes
from integration.cli.usage_commands import usage
from integration.cli.whatif_command import whatif
from integration.cli.workspace_commands import workspace
from integration.foundation.errors import StoryMeterError


@click.group()
@click.version_option(package_name="storymeter")
def commands() -> None:
    """Every AI dollar and every gram of CO₂e on the story that spent it."""


for command in (
    run, web, worker, migrate, demo, doctor, backup, restore,
    workspace, people, keys, jira, inbox, usage, estimate, report,
    slack, spikes,
    cap,
    prices, carbon, whatif, retraining, attribute, reprice,
):  # fmt: skip
    commands.add_command(command)
for command in (set_workspace, set_team, show, export, erase):
    workspace.add_command(command)
people.add_command(forget)
usage.add_command(import_file)
usage.add_command(export_file)
usage.add_command(check)


def main() -> None:
    """Run a command; an error of ours is told in a sentence, without a trace."""
    try:
        commands(prog_name="storymeter")
    except StoryMeterError as error:
        click.echo(f"storymeter: {error.message}", err=True)
        for each in error.errors:
            click.echo(f"  {each.pointer}: {each.message}", err=True)
        sys.exit(1)

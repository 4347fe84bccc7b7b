"""`storymeter demo`: watch a Sprint happen."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import click

from integration.assembly import set_up_logs
from integration.settings import read_settings

if TYPE_CHECKING:
    from rich.console import Console

    from integration.cli.demo.play import Sprint
    from integration.cli.demo.world import World


@click.command()
@click.option("--once", is_flag=True, help="Stop when the Sprint is over, instead of staying up.")
def demo(once: bool) -> None:
    """Play a two-week Sprint of a fictional team against a local Jira and a local Slack."""
    from rich.console import Console

    from integration.cli.demo.narrator import Narrator
    from integration.cli.demo.play import play
    from integration.cli.demo.world import world

    settings = read_settings()
    set_up_logs(settings.model_copy(update={"log_level": "WARNING"}))
    console = Console(highlight=False)
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    console.print("Starting a local Jira, a local Slack, PostgreSQL and StoryMeter …")
    try:
        with world(settings, fixed_ports=not once) as acme:
            sprint = play(acme, Narrator(console))
            addresses = settings.data_dir / "demo.json"
            acme.write_addresses(addresses, sprint.sprint_id, sprint.next_sprint_id)
            _show(console, acme, sprint)
            console.print(f"  Addresses and keys for other programs: {addresses}")
            if not once:
                console.print("\nEverything stays up until Ctrl-C.")
                asked_to_stop.wait()
    except KeyboardInterrupt:
        console.print("\nStopped.")


def _interrupt() -> None:
    raise KeyboardInterrupt


def _show(console: Console, acme: World, sprint: Sprint) -> None:
    """Print the Sprint's table and where to look."""
    from rich.table import Table

    from integration.foundation.wording import co2e, usd

    report = acme.gateway.ask("GET", f"/v1/sprints/{sprint.sprint_id}", "read").json()
    table = Table(title=f"\n{report['sprint']['name']}, revision {report['revision']}")
    for column in ("Story", "", "Estimate", "Actual", "Error", "CO₂e (location-based)"):
        table.add_column(column, justify="left" if column in {"Story", ""} else "right")
    for line in report["stories"]:
        cost = (line["estimate"] or {}).get("list_cost_nanousd")
        actual = line["actual"]
        unpriced = actual["calls"] and actual["unpriced_calls"] == actual["calls"]
        unknown = actual["calls"] and actual["calls_without_factor"] == actual["calls"]
        table.add_row(
            line["story_key"],
            line["summary"],
            f"{usd(cost['low'])} – {usd(cost['high'])}" if cost else "–",
            "unpriced" if unpriced else usd(actual["list_cost_nanousd"]),
            "–" if line["error_pct"] is None else f"{line['error_pct']:+z.0f} %",
            "no factor" if unknown else co2e(actual["location_based_ugco2e"]["central"]),
        )
    console.print(table)
    console.print(f"\n  Jira        {acme.jira_url}")
    console.print(f"  Slack       {acme.slack_url}")
    console.print(f"  StoryMeter  {acme.settings.url}")

"""`storymeter attribute …` and `reprice`: which story a call belongs to; corrections by hand."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

import click

from integration.cli.start_up import database
from integration.cli.workspace_choice import chosen, connected
from integration.metering.attribution import AttributionRule, RuleKind

if TYPE_CHECKING:
    from integration.journeys.correct_entries import Correction
    from integration.metering.usage import UsageEvent

DAY = click.DateTime(["%Y-%m-%d"])
WORKSPACE = click.option("--workspace", "workspace_id", default="", help="Needed among several.")
FROM = click.option("--from", "first", type=DAY, required=True, help="First UTC day.")
TO = click.option("--to", "last", type=DAY, default=None, help="Last UTC day; today if left out.")
APPLY = click.option(
    "--apply/--dry-run", "is_applied", default=False, help="Write, or only show (the default)."
)
REASON = click.option("--reason", default="", help="Why; kept in the audit log.")
AS_JSON = click.option("--json", "as_json", is_flag=True)


@click.group(invoke_without_command=True)
@click.option("--explain", "event", default="", help="The same as the command `explain`.")
@WORKSPACE
@AS_JSON
@click.pass_context
def attribute(context: click.Context, event: str, workspace_id: str, as_json: bool) -> None:
    """Which story a call belongs to: rules, explanations, corrections."""
    if event:
        context.invoke(explain, event=event, workspace_id=workspace_id, as_json=as_json)
    elif context.invoked_subcommand is None:
        click.echo(context.get_help())


@attribute.command()
@click.argument("event")
@WORKSPACE
@AS_JSON
def explain(event: str, workspace_id: str, as_json: bool) -> None:
    """Say which story EVENT belongs to, and why.

    EVENT is an event in our JSON, which need not have happened, or the id of a booked call: of its
    entry, or the sender's.
    """
    import msgspec

    from integration.foundation.wording import environment
    from integration.journeys.explain_attribution import Decided, explain_call, explain_event

    with (
        database() as settings,
        connected(settings) as transactions,
        transactions.begin() as session,
    ):
        workspace_id = chosen(session, workspace_id)
        is_event = event.lstrip().startswith("{")
        told = (
            explain_event(session, workspace_id, _event(event))
            if is_event
            else explain_call(session, workspace_id, event)
        )
    if as_json:
        click.echo(msgspec.json.encode(told))
        return
    name = "attribution.txt.j2" if isinstance(told, Decided) else "call_history.txt.j2"
    click.echo(environment("cli").get_template(name).render(found=told, booked=told).strip())


def _event(written: str) -> UsageEvent:
    from integration.sources import usage_events

    batch = usage_events.read(written.encode(), now=datetime.now(UTC))
    if batch.rejected:
        raise click.UsageError(batch.rejected[0].message)
    return batch.events[0][1]


@attribute.command("add-rule")
@click.argument("rule_id")
@click.option("--kind", type=click.Choice(get_args(RuleKind)), required=True)
@click.option("--pattern", required=True, help="Compared without case; * and ? stand for any.")
@click.option("--story", required=True)
@click.option("--valid-from", type=DAY, default=None)
@WORKSPACE
def add_rule(
    rule_id: str, kind: Any, pattern: str, story: str, valid_from: datetime | None,
    workspace_id: str,
) -> None:  # fmt: skip
    """Add a rule. It holds for calls from --valid-from on, or for all."""
    from integration.metering import store as metering

    start = valid_from.replace(tzinfo=UTC) if valid_from else None
    rule = AttributionRule(kind, pattern, story, start, None, rule_id)
    with (
        database() as settings,
        connected(settings) as transactions,
        transactions.begin() as session,
    ):
        workspace_id = chosen(session, workspace_id)
        metering.add_rule(session, workspace_id, rule, by=_me(), now=datetime.now(UTC))
    click.echo(f"Rule {rule_id} holds for usage from now on; `attribute apply-rules` for the past.")


@attribute.command("rules")
@WORKSPACE
@AS_JSON
def list_rules(workspace_id: str, as_json: bool) -> None:
    """List the rules, ended ones too."""
    import msgspec

    from integration.metering import store as metering

    with (
        database() as settings,
        connected(settings) as transactions,
        transactions.begin() as session,
    ):
        found = metering.rules(session, chosen(session, workspace_id))
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for rule in found:
        days = [at.date().isoformat() if at else "…" for at in (rule.valid_from, rule.valid_to)]
        click.echo(
            f"{rule.rule_id}: {rule.kind} {rule.pattern} -> {rule.story_key}   {' to '.join(days)}"
        )


@attribute.command("end-rule")
@click.argument("rule_id")
@WORKSPACE
def end_rule(rule_id: str, workspace_id: str) -> None:
    """Let a rule hold for no call made from now on."""
    from integration.metering import store as metering

    with (
        database() as settings,
        connected(settings) as transactions,
        transactions.begin() as session,
    ):
        workspace_id = chosen(session, workspace_id)
        metering.end_rule(session, workspace_id, rule_id, datetime.now(UTC))
    click.echo(f"Rule {rule_id} has ended.")


@attribute.command("apply-rules")
@FROM
@TO
@APPLY
@REASON
@WORKSPACE
@AS_JSON
def apply_rules(workspace_id: str, **asked: Any) -> None:
    """Attribute anew what is unattributed or was attributed by a rule."""
    from integration.journeys import correct_entries

    _correct(correct_entries.apply_rules, workspace_id, {}, **asked)


@attribute.command("move")
@click.argument("from_story")
@click.argument("to_story")
@click.option("--team", default="", help="Only calls of this team.")
@click.option("--feature", default="", help="Only calls of this feature.")
@FROM
@TO
@APPLY
@REASON
@WORKSPACE
@AS_JSON
def move(
    from_story: str, to_story: str, team: str, feature: str, workspace_id: str, **asked: Any
) -> None:
    """Put calls of FROM_STORY on TO_STORY; "unattributed" names what is on no story."""
    from integration.journeys import correct_entries

    ends = {
        "from_story": "" if from_story == "unattributed" else from_story,
        "to_story": "" if to_story == "unattributed" else to_story,
        "team": team, "feature": feature,
    }  # fmt: skip
    _correct(correct_entries.move_spend, workspace_id, ends, **asked)


@click.command()
@FROM
@TO
@APPLY
@REASON
@WORKSPACE
@AS_JSON
def reprice(workspace_id: str, **asked: Any) -> None:
    """Value booked calls with the prices and factors of now."""
    from integration.assembly import book_shelf
    from integration.journeys import correct_entries

    def with_books(transactions: Any, workspace: str, **rest: Any) -> Correction:
        books = book_shelf(rest.pop("settings"), transactions).for_workspace(workspace)
        return correct_entries.reprice(transactions, workspace, books, **rest)

    _correct(with_books, workspace_id, {"settings": True}, **asked)


def _correct(
    journey: Any, workspace_id: str, more: dict[str, Any], *, first: datetime,
    last: datetime | None, is_applied: bool, reason: str, as_json: bool,
) -> None:  # fmt: skip
    now = datetime.now(UTC)
    if is_applied and not reason and "settings" not in more:
        raise click.UsageError("Say with --reason why this spend changes its story")
    with database() as settings, connected(settings) as transactions:
        with transactions.begin() as session:
            workspace_id = chosen(session, workspace_id)
        if "settings" in more:
            more = {"settings": settings}
        found: Correction = journey(
            transactions, workspace_id, first=first.date(),
            last=last.date() if last else now.date(), is_applied=is_applied, actor=_me(),
            reason=reason, now=now, **more,
        )  # fmt: skip
    _say(found, is_applied=is_applied, as_json=as_json)


def _say(found: Correction, *, is_applied: bool, as_json: bool) -> None:
    from integration.foundation.money import usd

    before, after = usd(found.list_cost_before_nanousd), usd(found.list_cost_after_nanousd)
    if as_json:
        told = {
            "applied": is_applied, "entries": found.entries,
            "list_cost_usd_before": f"{before:f}", "list_cost_usd_after": f"{after:f}",
            "location_based_ugco2e_before": found.emissions_before_ugco2e,
            "location_based_ugco2e_after": found.emissions_after_ugco2e,
        }  # fmt: skip
        click.echo(json.dumps(told))
        return
    click.echo(f"{found.entries} entries: {before:f} USD before, {after:f} USD after.")
    for model, (was, is_now) in sorted(found.by_model.items()):
        click.echo(f"  {model}: {usd(was):f} -> {usd(is_now):f} USD")
    if not is_applied:
        click.echo("Nothing was written; add --apply to write reversing and new entries.")


def _me() -> str:
    return f"cli:{getpass.getuser()}"

"""`storymeter cap …`: what may be spent, from the command line."""

from __future__ import annotations

import getpass
import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from integration.caps.policy import CarryOver, FailurePolicy, Mode, ScopeKind, Unit
from integration.cli.literals import choice_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

    from integration.caps.policy import Balance
    from integration.foundation.database import Transactions
    from integration.journeys.raise_cap import RaiseOutcome, Who

WORKSPACE = click.option("--workspace", "asked_for", default="", help="The only one when left out.")
REASON = click.option("--reason", required=True, help="Kept in the audit log.")
AS_JSON = click.option("--json", "as_json", is_flag=True)


@click.group()
def cap() -> None:
    """Caps: what may be spent by a Sprint, team, story, model or Product Owner."""


@dataclass(frozen=True, slots=True)
class _Here:
    """What a command works on."""

    transactions: Transactions
    workspace_id: str
    now: datetime

    def balances(self, session: Session, *cap_ids: str) -> dict[str, Balance]:
        """How caps stand; all when none are named."""
        from integration.caps.queries import balances

        return balances(session, self.workspace_id, cap_ids or None)

    def standing(self, cap_id: str) -> Balance:
        """How one cap stands; NotFound when there is none."""
        from integration.foundation.errors import NotFound

        with self.transactions.begin() as session:
            found = self.balances(session, cap_id)
        if cap_id not in found:
            raise NotFound(f"There is no cap {cap_id!r}")
        return found[cap_id]


@contextmanager
def _here(asked_for: str) -> Iterator[_Here]:
    from integration.cli.start_up import database
    from integration.cli.workspace_choice import chosen, connected
    from integration.foundation.clock import clock_from

    with database() as settings, connected(settings) as transactions:
        with transactions.begin() as session:
            workspace_id = chosen(session, asked_for)
        yield _Here(transactions, workspace_id, clock_from(settings.clock_file).now())


def _me() -> Who:
    from integration.journeys.raise_cap import Who

    user = getpass.getuser()
    return Who(f"cli:{user}", f"{user}, at the command line")


@cap.command("list")
@WORKSPACE
@AS_JSON
def list_caps(asked_for: str, as_json: bool) -> None:
    """List the caps in force, with what is spent, held and available."""
    with _here(asked_for) as here, here.transactions.begin() as session:
        found = list(here.balances(session).values())
    _say_caps(found, as_json=as_json)


@cap.command("show")
@click.argument("cap_id")
@WORKSPACE
def show_cap(cap_id: str, asked_for: str) -> None:
    """Show a cap with all its settings, as JSON."""
    from integration.caps.written import described

    with _here(asked_for) as here:
        found = here.standing(cap_id)
    click.echo(json.dumps(described(found), indent=2))


@cap.command("set")
@click.argument("scope_kind", metavar="SCOPE", type=choice_of(ScopeKind))
@click.argument("scope_value", metavar="OF")
@click.argument("limit")
@click.option("--id", "cap_id", default="", help="Made from scope and unit when left out.")
@click.option("--unit", type=choice_of(Unit), default="usd", show_default=True)
@click.option("--mode", type=choice_of(Mode), help="What reaching it does. [default: block]")
@click.option("--sprint", "sprint_id", type=int, help="Count only spend in this Sprint.")
@click.option("--from", "period_start", type=click.DateTime(), help="Count spend from here, UTC.")
@click.option("--until", "period_end", type=click.DateTime(), help="And before here, UTC.")
@click.option("--threshold", "thresholds", type=int, multiple=True, help="Percent; repeat.")
@click.option("--when-away", "failure_policy", type=choice_of(FailurePolicy),
              help="For gateways, while StoryMeter is away. [default: fail_closed]")  # fmt: skip
@click.option("--max-tokens", "max_tokens_per_request", type=int, help="In one request.")
@click.option("--model", "approved_models", multiple=True, help="An approved model; repeat.")
@click.option("--approver", "approvers", multiple=True, help="Such as slack:U0ADA; repeat.")
@click.option("--separate-approver/--own-approver", "separate_approver", default=None,
              help="Whether who asks for a raise may agree to it.")  # fmt: skip
@click.option("--carry-over", type=choice_of(CarryOver), help="What the window before leaves.")
@click.option("--reserve", "reserve_pct", type=int, help="Percent for optimisation work.")
@click.option("--reason", default="", help="Kept in the audit log.")
@WORKSPACE
@AS_JSON
def set_cap(asked_for: str, as_json: bool, **given: Any) -> None:
    """Set a cap; of one that is there, what is not given stays as it is.

    \b
    storymeter cap set sprint 14 300
    storymeter cap set team assist 5 --unit kgco2e --sprint 14 --mode warn
    """
    from integration.caps.written import cap_of
    from integration.journeys import set_cap as journeys

    with _here(asked_for) as here:
        written = _written(here, given)
        balance = journeys.set_cap(
            here.transactions, cap_of(written, here.workspace_id), actor=_me().actor,
            actor_name=_me().name, reason=given["reason"], now=here.now,
        )  # fmt: skip
    _say_caps([balance], as_json=as_json)


def _written(here: _Here, given: dict[str, Any]) -> Any:
    """The settings that were given, over those of the cap that is there."""
    import msgspec

    from integration.caps.written import WrittenCap, WrittenScope, cap_of, settings_of

    said: dict[str, Any] = {
        name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
        for name, value in given.items()
        if value not in (None, (), "") and name not in {"scope_kind", "scope_value", "cap_id"}
    }
    scope = WrittenScope(given["scope_kind"], given["scope_value"])
    new = WrittenCap(scope=scope, id=given["cap_id"], **said)
    cap_id = cap_of(new, here.workspace_id).cap_id
    with here.transactions.begin() as session:
        standing = here.balances(session, cap_id).get(cap_id)
    if standing is None:
        return new
    settings = settings_of(standing.cap) | {"scope": scope, "id": cap_id}
    return msgspec.convert(settings | msgspec.to_builtins(said), WrittenCap)


@cap.command("remove")
@click.argument("cap_id")
@REASON
@WORKSPACE
def remove_cap(cap_id: str, reason: str, asked_for: str) -> None:
    """Take a cap out of force; what happened under it stays in the books."""
    from integration.journeys import set_cap as journeys

    with _here(asked_for) as here:
        journeys.remove_cap(
            here.transactions, here.workspace_id, cap_id, actor=_me().actor,
            actor_name=_me().name, reason=reason, now=here.now,
        )  # fmt: skip
    click.echo(f"The cap {cap_id} is removed.")


@cap.command("raise")
@click.argument("cap_id")
@click.argument("limit")
@REASON
@click.option("--until", type=click.DateTime(), help="When the raise ends, UTC; for good without.")
@WORKSPACE
def raise_cap(cap_id: str, limit: str, reason: str, until: datetime | None, asked_for: str) -> None:
    """Raise a cap to a new limit, or ask its approvers."""
    from integration.caps.amounts import amount_of_text
    from integration.caps.raising.terms import Terms
    from integration.journeys import raise_cap as journeys

    with _here(asked_for) as here:
        amount = amount_of_text(here.standing(cap_id).cap.unit, limit, "/limit")
        terms = Terms(amount, reason, until and until.replace(tzinfo=UTC))
        outcome = journeys.raise_cap(
            here.transactions, here.workspace_id, cap_id, terms, who=_me(), now=here.now
        )
    _say_outcome(outcome)


@cap.command("requests")
@WORKSPACE
def list_requests(asked_for: str) -> None:
    """List the raises that wait for somebody to agree."""
    from integration.caps.amounts import amount_text
    from integration.caps.raising.store import requests

    with _here(asked_for) as here, here.transactions.begin() as session:
        found = requests(session, here.workspace_id, ["waiting"])
        units = {name: each.cap.unit for name, each in here.balances(session).items()}
    for each in found:
        unit = units.get(each.cap_id, "usd")
        until = f" until {each.terms.until:%Y-%m-%d %H:%M} UTC" if each.terms.until else ""
        click.echo(
            f"{each.request_id}  {each.cap_id} to {amount_text(unit, each.terms.limit)} {unit}"
            f"{until}: {each.asked_by_name or each.asked_by}, {each.terms.reason!r}"
        )
    click.echo(f"{len(found)} waiting.")


def _decision(name: str, *, is_granted: bool, said: str) -> None:
    @cap.command(name, help=said)
    @click.argument("request_id")
    @click.option("--reason", default="", help="Kept in the audit log.")
    @WORKSPACE
    def decide(request_id: str, reason: str, asked_for: str) -> None:
        from integration.journeys import raise_cap as journeys

        with _here(asked_for) as here:
            outcome = journeys.decide_raise(
                here.transactions, here.workspace_id, request_id, is_granted=is_granted,
                who=_me(), now=here.now, reason=reason,
            )  # fmt: skip
        _say_outcome(outcome)


_decision("grant", is_granted=True, said="Agree to a raise that waits.")
_decision("decline", is_granted=False, said="Decline a raise that waits, or withdraw one's own.")


def _say_caps(found: list[Balance], *, as_json: bool) -> None:
    from integration.caps.written import described

    if as_json:
        click.echo(json.dumps([described(each) for each in found]))
        return
    from integration.foundation.wording import environment

    template = environment("cli").get_template("caps.txt.j2")
    click.echo(template.render(caps=found).strip())


def _say_outcome(outcome: RaiseOutcome) -> None:
    asked = outcome.request
    if asked.state == "waiting":
        click.echo(f"Asked for, as {asked.request_id}: others must agree.")
    else:
        click.echo(f"The request is {asked.state}.")
    _say_caps([outcome.balance], as_json=False)

"""How promises about Jira are kept: one write of a story's fields, one comment edited in place."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from integration.backlog import store as backlog
from integration.estimation.advice import Advice
from integration.estimation.change import EstimateChange
from integration.estimation.workload import Estimate
from integration.jira.comment import comment
from integration.jira.failures import JiraFailure
from integration.jira.fields import Actual, StoryFigures, property_value, story_values
from integration.jira.story_template import append_section
from integration.reports.shapes import Totals

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.mailbox.claims import Promise

Shape = TypeVar("Shape")


def write_story(house: House, promise: Promise) -> dict[str, object]:
    """Write fields, property and, where wanted and absent, the template section: one PUT.

    The section is added once: whoever takes it out does not find it back.
    """
    gateway = house.outside.jira(promise.workspace_id)
    figures = _figures(house, promise.body)
    was_added = bool(promise.receipt.get("section"))
    description = None
    try:
        if promise.body["add_section"] and not was_added:
            description = append_section(gateway.story(promise.subject).description)
        gateway.write_story(
            promise.subject,
            story_values(figures, gateway.connection.fields_of(promise.subject)),
            property_value(figures),
            description=description,
        )
    except JiraFailure as failure:
        return gone(house, promise, failure)
    return {"version": promise.version, "section": was_added or description is not None}


def write_comment(house: House, promise: Promise) -> dict[str, object]:
    """Write a story's comment, or edit the one written before."""
    gateway = house.outside.jira(promise.workspace_id)
    known = promise.receipt.get("comment_id")
    try:
        comment_id = gateway.write_comment(
            promise.subject, comment(_figures(house, promise.body)), known
        )
    except JiraFailure as failure:
        return gone(house, promise, failure)
    return {"comment_id": comment_id}


def gone(house: House, promise: Promise, failure: JiraFailure) -> dict[str, object]:
    """A story that was deleted meanwhile needs no more writes; any other failure is raised."""
    if failure.status == 404:
        with house.transactions.begin() as session:
            is_known = backlog.story(session, promise.workspace_id, promise.subject) is not None
        if not is_known:
            return promise.receipt | {"gone": True}
    raise failure


def _figures(house: House, body: dict[str, Any]) -> StoryFigures:
    estimate = body["estimate"] and msgspec.convert(body["estimate"], Estimate)
    actual = body["actual"] and msgspec.convert(body["actual"], Totals)
    return StoryFigures(
        as_of=house.clock.now(),
        estimate=estimate or None,
        actual=_actual(actual) if actual else None,
        variance_pct=_variance_pct(estimate, actual) if estimate and actual else None,
        estimate_version=body["estimate_version"],
        change=_read(body.get("change"), EstimateChange),
        advice=_read(body.get("advice"), Advice),
    )


def _read(stored: object, shape: type[Shape]) -> Shape | None:
    return None if stored is None else msgspec.convert(stored, shape)


def _actual(totals: Totals) -> Actual:
    """A story's actual; dollars or grams of which no call is known stay unknown, not 0."""
    unpriced = totals.calls > 0 and totals.unpriced_calls >= totals.calls
    no_factor = totals.calls > 0 and totals.calls_without_factor >= totals.calls
    return Actual(
        tokens=totals.tokens,
        list_cost_nanousd=None if unpriced else totals.list_cost_nanousd,
        energy_uwh=None if no_factor else totals.energy_uwh,
        location_based_ugco2e=None if no_factor else totals.location_based_ugco2e.central,
    )


def _variance_pct(estimate: Estimate, totals: Totals) -> Decimal | None:
    cost = estimate.list_cost_nanousd
    if cost is None or cost.central == 0:
        return None
    return Decimal(100) * (totals.list_cost_nanousd - cost.central) / cost.central

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
from integration.jira.fields import KEPT, Actual, StoryFigures, property_value, story_values
from integration.jira.story_template import append_section, digest_of
from integration.reports.cap_shapes import PlanNote
from integration.reports.links import Links
from integration.reports.shapes import Totals
from integration.workspaces import store as workspaces

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.mailbox.claims import Promise

Shape = TypeVar("Shape")
MOST_COMMENTS = 2


def write_story(house: House, promise: Promise) -> dict[str, object]:
    """Write fields, property and, where wanted and absent, the template section: one PUT.

    The receipt remembers what was written, and to which description the section was added.
    """
    gateway = house.outside.jira(promise.workspace_id)
    figures = _figures(house, promise.body)
    added = int(promise.receipt.get("section") or 0)
    wanted = int(promise.body.get("section", 0))
    described = promise.receipt.get("described", "")
    description = None
    try:
        if wanted > added:
            # Read at the last moment: between here and the write somebody's edit would be lost.
            before = gateway.description(promise.subject)
            description, described = append_section(before), digest_of(before)
        written = gateway.write_story(
            promise.subject,
            story_values(figures, gateway.connection.fields_of(promise.subject)),
            property_value(figures),
            description=description,
        )
    except JiraFailure as failure:
        return gone(house, promise, failure)
    return {
        "version": promise.version, "section": wanted, "described": described, "fields": written,
        "restored": promise.receipt.get("restored", 0),
    }  # fmt: skip


def write_comment(house: House, promise: Promise) -> dict[str, object]:
    """Write a story's comment, or edit the one written before.

    Whoever deletes it gets another one once, with the next news; after that there is none.
    """
    gateway = house.outside.jira(promise.workspace_id)
    known = promise.receipt.get("comment_id")
    made = int(promise.receipt.get("made", known is not None))
    with house.transactions.begin() as session:
        workspace = workspaces.find(session, promise.workspace_id)
    wording = house.wordings.of(promise.workspace_id, workspace.locale, "jira", "words")
    page = Links(promise.workspace_id, house.public_url).story_page(promise.subject)
    body = comment(
        _figures(house, promise.body), zone=workspace.time_zone, story_url=page, wording=wording
    )
    try:
        comment_id = gateway.write_comment(
            promise.subject, body, known, may_make=made < MOST_COMMENTS
        )
    except JiraFailure as failure:
        return gone(house, promise, failure)
    is_new = comment_id is not None and comment_id != known
    return {"comment_id": comment_id, "made": made + is_new}


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
        workload_class=body.get("workload_class"),
        estimate_version=body["estimate_version"],
        change=_read(body.get("change"), EstimateChange),
        advice=_read(body.get("advice"), Advice),
        plan=_read(body.get("plan"), PlanNote),
        plan_flag=body.get("plan_flag", KEPT),
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


def move_to_backlog(house: House, promise: Promise) -> dict[str, object]:
    """Move stories out of a Sprint that was planned over its cap; those that left it stay put."""
    gateway = house.outside.jira(promise.workspace_id)
    sprint_id = promise.body["sprint_id"]
    there = []
    for story_key in sorted(promise.body["stories"]):
        try:
            story = gateway.story(story_key)
        except JiraFailure as failure:
            if failure.status != 404:
                raise
            continue
        if any(each.sprint_id == sprint_id and not each.left_at for each in story.memberships):
            there.append(story_key)
    if there:
        gateway.move_to_backlog(there)
    return {"moved": there}

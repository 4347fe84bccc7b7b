"""/v1/stories/{key}/whatif, /v1/sprints/{id}/whatif and what alternatives may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from flask import Blueprint, Response

from integration.backlog import store as backlog
from integration.caps.amounts import amount_text
from integration.estimation import store as estimates
from integration.estimation.whatif import Alternative, Options
from integration.foundation.errors import FieldError, InvalidInput, NotFound
from integration.journeys.alternatives import alternatives_of_stories, alternatives_of_story
from integration.web.access import caller, needs
from integration.web.bodies import sent_json
from integration.web.service import service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integration.estimation.workload import Estimate, Range

what_if = Blueprint("what_if", __name__)
RANGES = {"tokens": "tokens", "usd": "list_cost_nanousd", "kgco2e": "location_based_ugco2e"}


@what_if.get("/v1/stories/<story_key>/whatif")
@needs("read")
def get_story(story_key: str) -> Response:
    """Show a story's alternatives: those that save money, and those that save CO₂e, best first."""
    here, workspace_id = service(), caller().workspace_id
    books = here.books.for_workspace(workspace_id)
    with here.transactions.begin() as session:
        found = alternatives_of_story(session, workspace_id, story_key, books, now=here.clock.now())
    return _json(
        {
            "key": found.story_key,
            "estimate_version": found.version.version,
            "as_estimated": _figures(found.version.estimate),
            "today": _figures(found.today),
            "cheapest": [_with_estimate(each) for each in found.found.cheapest],
            "greenest": [_with_estimate(each) for each in found.found.greenest],
        }
    )


@what_if.get("/v1/sprints/<int:sprint_id>/whatif")
@needs("read")
def get_sprint(sprint_id: int) -> Response:
    """Show, for each estimated story of a Sprint, its cheapest and its greenest alternative."""
    here, workspace_id = service(), caller().workspace_id
    books = here.books.for_workspace(workspace_id)
    with here.transactions.begin() as session:
        if backlog.sprint(session, workspace_id, sprint_id) is None:
            raise NotFound(f"There is no Sprint {sprint_id}")
        story_keys = backlog.stories_in(session, workspace_id, sprint_id)
        tried = alternatives_of_stories(
            session, workspace_id, story_keys, books, now=here.clock.now()
        )
    return _json(
        {
            "sprint_id": sprint_id,
            "stories": [
                {
                    "key": story_key,
                    "cheapest": _best(each.found.cheapest),
                    "greenest": _best(each.found.greenest),
                }
                for story_key, each in tried.items()
            ],
        }
    )


@what_if.get("/v1/whatif-options")
@needs("read")
def get_options() -> Response:
    """Show what alternatives may change: approved models by tier, regions, accelerators."""
    with service().transactions.begin() as session:
        return _json(estimates.options_of(session, caller().workspace_id))


@what_if.put("/v1/whatif-options")
@needs("admin")
def put_options() -> Response:
    """Replace what alternatives may change."""
    sent = sent_json(Options)
    errors = tuple(
        FieldError(f"/{name}", "out_of_range", f"{name} is 0 to 1")
        for name in ("cached_share", "input_tokens_kept")
        if (share := getattr(sent, name)) is not None and not 0 <= share <= 1
    )
    if errors:
        raise InvalidInput("The options need mending", errors=errors)
    here = service()
    with here.transactions.begin() as session:
        estimates.set_options(session, caller().workspace_id, sent, here.clock.now())
    return _json(sent)


def _best(found: Sequence[Alternative]) -> dict[str, Any] | None:
    return _described(found[0]) if found else None


def _described(found: Alternative) -> dict[str, Any]:
    """An alternative as JSON; savings are of the central figures, null where one has no figure."""
    return {
        "workload": found.workload,
        "change": found.change,
        "to": found.to,
        "saving_usd": amount_text("usd", found.saving_nanousd),
        "saving_kgco2e": amount_text("kgco2e", found.saving_ugco2e),
        "caveat": found.caveat,
    }


def _with_estimate(found: Alternative) -> dict[str, Any]:
    return _described(found) | {"estimate": _figures(found.estimate)}


def _figures(estimate: Estimate) -> dict[str, Any]:
    def ends(unit: Any, found: Range | None) -> dict[str, str | None] | None:
        names = ("low", "central", "high")
        if found is None:
            return None
        return {end: amount_text(unit, getattr(found, end)) for end in names}

    return {unit: ends(unit, getattr(estimate, name)) for unit, name in RANGES.items()}


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")

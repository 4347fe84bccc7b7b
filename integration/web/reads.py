"""/v1/sprints, /v1/stories, /v1/workspaces: what is known, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec
from flask import Blueprint, Response, request

from integration.backlog import store as backlog
from integration.estimation import store as estimates
from integration.foundation.errors import NotFound
from integration.ledger import queries as ledger
from integration.mailbox import queries as mailbox
from integration.reconciliation import queries as revisions
from integration.reports.epic import epic_spend
from integration.reports.revision_diff import revision_diff
from integration.reports.spend import totals_of
from integration.reports.standing import standing_report
from integration.web.access import caller, needs
from integration.web.own_settings import described
from integration.web.service import service
from integration.workspaces import store as workspaces

reads = Blueprint("reads", __name__)


@reads.get("/v1/workspaces/current")
@needs("read")
def get_workspace() -> Response:
    """Show the key's workspace: settings, teams, and what waits or failed."""
    here, workspace_id = service(), caller().workspace_id
    with here.transactions.begin() as session:
        workspace = workspaces.find(session, workspace_id)
        body = {
            **described(workspace),
            "teams": [asdict(team) for team in workspaces.teams(session, workspace_id)],
            "inbox": mailbox.inbox_counts(session, workspace_id),
            "outbox_waiting": mailbox.open_promises(session, workspace_id),
            "outbox_failed": len(mailbox.failed_promises(session, workspace_id)),
        }
    return _json(body)


@reads.get("/v1/sprints")
@needs("read")
def get_sprints() -> Response:
    """List the Sprints that we have met."""
    with service().transactions.begin() as session:
        found = backlog.sprints(
            session, caller().workspace_id, states=("future", "active", "closed")
        )
    return _json({"sprints": [asdict(sprint) for sprint in found]})


@reads.get("/v1/sprints/<int:sprint_id>")
@needs("read")
def get_sprint(sprint_id: int) -> Response:
    """Show a Sprint's report: the saved revision once it has closed, else as it stands now."""
    here, workspace_id = service(), caller().workspace_id
    prices = here.books.for_workspace(workspace_id).prices
    with here.transactions.begin() as session:
        report = standing_report(session, workspace_id, sprint_id, prices, now=here.clock.now())
    return _json(report)


@reads.get("/v1/sprints/<int:sprint_id>/revisions")
@needs("read")
def get_revisions(sprint_id: int) -> Response:
    """List the revisions of a Sprint's report, oldest first."""
    with service().transactions.begin() as session:
        found = revisions.revision_heads(session, caller().workspace_id, sprint_id)
    return _json({"revisions": [asdict(head) for head in found]})


@reads.get("/v1/sprints/<int:sprint_id>/diff")
@needs("read")
def get_diff(sprint_id: int) -> Response:
    """Say what changed between two revisions: by default the newest and the one before it."""
    before, after = (request.args.get(name, type=int) for name in ("from", "to"))
    with service().transactions.begin() as session:
        found = revision_diff(session, caller().workspace_id, sprint_id, before, after)
    return _json(found)


@reads.get("/v1/stories/<story_key>")
@needs("read")
def get_story(story_key: str) -> Response:
    """Show a story: its estimate with inputs and assumptions, what it spent, on which models."""
    workspace_id = caller().workspace_id
    with service().transactions.begin() as session:
        story = backlog.story(session, workspace_id, story_key)
        spend = ledger.spend_of_stories(session, workspace_id, [story_key]).get(story_key)
        version = estimates.latest(session, workspace_id, story_key)
        models = ledger.models_of_story(session, workspace_id, story_key)
        epic = epic_spend(session, workspace_id, story_key)
    if story is None and spend is None and epic is None:
        raise NotFound(f"There is no story {story_key!r}")
    return _json(
        {
            "key": story_key,
            "summary": story.summary if story else None,
            "is_ai_work": story.is_ai_work if story else None,
            "estimate": version and version.estimate,
            "estimate_version": version and version.version,
            "actual": totals_of(spend),
            "models": [
                {
                    "provider_name": row.provider_name,
                    "model": row.model,
                    "actual": totals_of(row.spend),
                }
                for row in models
            ],
            "epic": epic,
        }
    )


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")

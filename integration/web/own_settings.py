"""PATCH /v1/workspaces/current and /v1/teams/<id>: how a workspace and its teams are served."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec
from flask import Blueprint, Response

from integration.journeys.change_settings import change_team, change_workspace
from integration.web.access import caller, needs
from integration.web.bodies import sent_json
from integration.web.service import service
from integration.workspaces.changes import TeamChange, WorkspaceChange

if TYPE_CHECKING:
    from integration.workspaces.workspace import Workspace

own_settings = Blueprint("own_settings", __name__)


@own_settings.patch("/v1/workspaces/current")
@needs("admin")
def patch_workspace() -> Response:
    """Change the workspace's settings; fields that are left out stay as they are."""
    here = service()
    changed = change_workspace(
        here.transactions, caller().workspace_id, sent_json(WorkspaceChange),
        actor=f"key:{caller().key_id}", now=here.clock.now(),
    )  # fmt: skip
    return _json(described(changed))


@own_settings.patch("/v1/teams/<team_id>")
@needs("admin")
def patch_team(team_id: str) -> Response:
    """Change a team: its channel, digest, workdays, quiet hours; the rest stays as it is."""
    here = service()
    changed = change_team(
        here.transactions, caller().workspace_id, team_id, sent_json(TeamChange),
        actor=f"key:{caller().key_id}", now=here.clock.now(),
    )  # fmt: skip
    return _json(asdict(changed))


def described(workspace: Workspace) -> dict[str, str | list[str]]:
    """A workspace's settings as JSON."""
    return {
        "id": workspace.workspace_id,
        "name": workspace.name,
        "time_zone": workspace.time_zone,
        "default_region": workspace.default_region,
        "allocation_rule": workspace.allocation_rule,
        "locale": workspace.locale,
        "over_cap_stories": workspace.over_cap_stories,
        "ai_labels": sorted(workspace.ai_labels),
        "ai_components": sorted(workspace.ai_components),
        "ai_issue_types": sorted(workspace.ai_issue_types),
        "ai_keywords": sorted(workspace.ai_keywords),
    }


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), content_type="application/json")

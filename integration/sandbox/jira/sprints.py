"""The life of a Sprint: future, active, closed; re-opened only from the interface.

Decisions where Atlassian's pages are silent or clients depend on kindness:

* PUT without dates clears them on a future Sprint, as documented; an active one keeps them, because
  an active Sprint without dates does not exist. A name or state left out stays.
* Asking for the state that a Sprint already has changes nothing and is accepted.
* Closing by REST sends unfinished stories to the backlog; the interface's choice of a next Sprint
  is the control endpoint's `moveUnfinishedTo`. The closed Sprint stays listed on its stories.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from integration.sandbox.jira.announcements import announce_sprint, sprint_bean
from integration.sandbox.jira.issues import Actor, move_to_sprint
from integration.sandbox.jira.refusals import bad_request, not_found
from integration.sandbox.jira.state import Sprint
from integration.sandbox.jira.workflow import is_done

if TYPE_CHECKING:
    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Board, Site

NO_SPRINT = "Sprint does not exist or you do not have permission to view it."


def find_sprint(site: Site, sprint_id: int) -> Sprint:
    """Find a Sprint; raises 404."""
    found = site.sprints.get(sprint_id)
    if found is None:
        raise not_found(NO_SPRINT)
    return found


def _instant(given: Json, name: str) -> datetime | None:
    if given is None or given == "":
        return None
    try:
        parsed = datetime.fromisoformat(str(given))
    except ValueError:
        raise bad_request(f"The {name} is not a valid ISO 8601 date and time.") from None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def _name(given: Json) -> str:
    name = str(given or "").strip()
    if not name:
        raise bad_request(name="The Sprint name is required.")
    if len(name) > 30:
        raise bad_request(name="The Sprint name must be shorter than 30 characters.")
    return name


def create_sprint(site: Site, board: Board, payload: JsonObject) -> Sprint:
    """Create a future Sprint; raises 400 without a name or with dates in the wrong order."""
    if board.kind != "scrum":
        raise bad_request("The board does not support sprints.")
    sprint = Sprint(site.next_id("sprint", 1), board.id, _name(payload.get("name")), site.now())
    sprint.goal = payload.get("goal")
    sprint.start = _instant(payload.get("startDate"), "startDate")
    sprint.end = _instant(payload.get("endDate"), "endDate")
    _check_dates(sprint)
    site.sprints[sprint.id] = sprint
    announce_sprint(site, "created", sprint)
    return sprint


def _check_dates(sprint: Sprint) -> None:
    if sprint.start and sprint.end and sprint.end <= sprint.start:
        raise bad_request("The start date of a sprint must be before the end date.")


def _check_startable(sprint: Sprint, asked: str) -> None:
    if asked == "active" and not (sprint.start and sprint.end):
        raise bad_request("The sprint needs a start date and an end date to be started.")


def update_sprint(
    site: Site, actor: Actor, sprint: Sprint, payload: JsonObject, *, full: bool
) -> None:
    """Change a Sprint and move it along its life; raises 400 for a step that is not allowed."""
    old = sprint_bean(site, sprint)
    asked = payload.get("state") or sprint.state
    was = sprint.state
    _check_step(was, asked)
    before = (sprint.name, sprint.goal, sprint.start, sprint.end)
    try:
        _set_fields(sprint, payload, asked, full=full)
        _check_dates(sprint)
        _check_startable(sprint, asked)
    except Exception:
        sprint.name, sprint.goal, sprint.start, sprint.end = before
        raise
    if asked == "active" and was == "future":
        sprint.state = "active"
        announce_sprint(site, "started", sprint)
    elif asked == "closed" and was == "active":
        close_sprint(site, actor, sprint, None)
    elif sprint_bean(site, sprint) != old:
        announce_sprint(site, "updated", sprint, old)


def _check_step(was: str, asked: str) -> None:
    allowed = {("future", "active"), ("active", "closed")}
    if asked not in ("future", "active", "closed"):
        raise bad_request(f"'{asked}' is not a valid sprint state.")
    if asked != was and (was, asked) not in allowed:
        raise bad_request(f"A sprint cannot go from state '{was}' to state '{asked}'.")


def _set_fields(sprint: Sprint, payload: JsonObject, asked: str, *, full: bool) -> None:
    """Take over the fields; a closed Sprint only takes name and goal."""
    if payload.get("name") is not None:
        sprint.name = _name(payload["name"])
    if "goal" in payload or full:
        sprint.goal = payload.get("goal")
    if sprint.state == "closed":
        return
    forget = full and asked == "future"
    if payload.get("startDate") is not None or forget:
        sprint.start = _instant(payload.get("startDate"), "startDate")
    if payload.get("endDate") is not None or forget:
        sprint.end = _instant(payload.get("endDate"), "endDate")


def close_sprint(site: Site, actor: Actor, sprint: Sprint, move_to: int | None) -> None:
    """Close a Sprint and move what is not finished to another Sprint or the backlog."""
    sprint.state = "closed"
    sprint.completed = site.now()
    announce_sprint(site, "closed", sprint)
    if move_to is None:
        return
    for number in sorted(site.ids_by_sprint[sprint.id]):
        issue = site.issues[number]
        if issue.sprint_ids[-1] == sprint.id and not is_done(issue.status_id):
            move_to_sprint(site, actor, issue, move_to)


def next_sprint(site: Site, sprint: Sprint) -> Sprint | None:
    """Return the first future Sprint of the same board."""
    found = [s for s in site.sprints.values() if s.board_id == sprint.board_id]
    return next((s for s in sorted(found, key=lambda s: s.id) if s.state == "future"), None)


def reopen_sprint(site: Site, sprint: Sprint) -> None:
    """Make a closed Sprint active again: what only the interface can do."""
    if sprint.state != "closed":
        raise bad_request("Only a closed sprint can be re-opened.")
    old = sprint_bean(site, sprint)
    sprint.state = "active"
    sprint.completed = None
    announce_sprint(site, "updated", sprint, old)


def delete_sprint(site: Site, actor: Actor, sprint: Sprint) -> None:
    """Delete a Sprint; its open stories go to the backlog."""
    for number in sorted(site.ids_by_sprint[sprint.id]):
        issue = site.issues[number]
        if sprint.state != "closed" and issue.sprint_ids[-1:] == [sprint.id]:
            move_to_sprint(site, actor, issue, None)
        issue.sprint_ids = [i for i in issue.sprint_ids if i != sprint.id]
    del site.sprints[sprint.id]
    site.ids_by_sprint.pop(sprint.id, None)
    announce_sprint(site, "deleted", sprint)

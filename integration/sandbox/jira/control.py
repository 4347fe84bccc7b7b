"""Control endpoints: weather, chaos and logs. JSON, no sign-in, only from this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Blueprint, current_app, jsonify, render_template, request

from integration.sandbox.jira.issues import Actor
from integration.sandbox.jira.refusals import JiraRefusalError, bad_request
from integration.sandbox.jira.seed import seed_issues, seed_project, seed_team_field
from integration.sandbox.jira.sprints import close_sprint, find_sprint, next_sprint, reopen_sprint
from integration.sandbox.jira.webhooks_api import webhooks
from integration.sandbox.jira.wire import body, only, site, stamp

if TYPE_CHECKING:
    from flask import Response

    from integration.sandbox.jira.config import JsonObject
    from integration.sandbox.jira.gate import Gate

control = Blueprint("control", __name__, url_prefix="/_sandbox")


@control.before_request
def loopback_only() -> None:
    """Refuse whoever asks from another machine."""
    # Whoever comes from the address that is listened on sits at this machine, too.
    if request.remote_addr not in (None, "127.0.0.1", "::1", request.environ["SERVER_NAME"]):
        raise JiraRefusalError(403, "The control endpoints answer on this machine only.")


def _gate() -> Gate:
    return cast("Gate", current_app.extensions["jira-gate"])


@control.get("/")
def index() -> str:
    """Show the switches and the last deliveries and requests."""
    deliveries = [delivery.summary() for delivery in list(webhooks().courier.log)[-50:]]
    return render_template(
        "sandbox/jira/control.html",
        site=site(),
        now=stamp(site().now()),
        hooks=list(webhooks().hooks.values()),
        weather=site().weather,
        webhook_weather=webhooks().courier.weather,
        deliveries=list(reversed(deliveries)),
        counts=sorted(_gate().log.counts().items(), key=lambda row: -row[1])[:30],
    )


@control.post("/limits")
def limits() -> Response:
    """Refuse the next requests with 429, or switch the per-issue write limits.

    `{"requests": N, "retry_after": seconds | null, "reason": "jira-…" | null, "per_issue": bool}`
    """
    payload = only(body(), "requests", "retry_after", "reason", "per_issue")
    weather = site().weather
    if "requests" in payload:
        weather.refuse_next = int(payload["requests"])
        after = payload.get("retry_after", 5)
        weather.retry_after = None if after is None else str(after)
        weather.reason = payload.get("reason", "jira-burst-based")
    weather.per_issue_limits = bool(payload.get("per_issue", weather.per_issue_limits))
    return jsonify(
        {
            "requests": weather.refuse_next,
            "retry_after": weather.retry_after,
            "reason": weather.reason,
            "per_issue": weather.per_issue_limits,
        }
    )


@control.post("/webhooks")
def webhook_weather() -> Response:
    """Switch webhooks off, double, delay (`delay` in seconds) or reorder them."""
    payload = only(body(), "enabled", "duplicate", "delay", "reorder", "retry_delay")
    weather = webhooks().courier.weather
    weather.enabled = bool(payload.get("enabled", weather.enabled))
    weather.duplicate = bool(payload.get("duplicate", weather.duplicate))
    weather.reorder = bool(payload.get("reorder", weather.reorder))
    weather.delay_s = float(payload.get("delay", weather.delay_s))
    weather.retry_delay_s = float(payload.get("retry_delay", weather.retry_delay_s))
    return jsonify(
        {
            "enabled": weather.enabled,
            "duplicate": weather.duplicate,
            "delay": weather.delay_s,
            "reorder": weather.reorder,
            "retry_delay": weather.retry_delay_s,
        }
    )


@control.post("/outage")
def outage() -> Response:
    """Answer every REST call with 503 until switched off: `{"on": bool}`."""
    site().weather.outage = bool(only(body(), "on").get("on"))
    return jsonify({"on": site().weather.outage})


@control.post("/search-lag")
def search_lag() -> Response:
    """Let search see changes only after some seconds on the site's clock: `{"seconds": N}`."""
    site().weather.search_lag_s = float(only(body(), "seconds").get("seconds") or 0)
    return jsonify({"seconds": site().weather.search_lag_s})


@control.post("/sprints/<int:sprint_id>/reopen")
def reopen(sprint_id: int) -> Response:
    """Re-open a closed Sprint, as a person may in the interface."""
    reopen_sprint(site(), find_sprint(site(), sprint_id))
    return jsonify({"id": sprint_id, "state": "active"})


@control.post("/sprints/<int:sprint_id>/close")
def close(sprint_id: int) -> Response:
    """Close an active Sprint as a person does, saying where unfinished stories go.

    `{"moveUnfinishedTo": "backlog" | "next" | sprint id}`; with "next" and no future Sprint they go
    to the backlog.
    """
    sprint = find_sprint(site(), sprint_id)
    if sprint.state != "active":
        raise bad_request("Only an active sprint can be closed.")
    wanted = only(body(), "moveUnfinishedTo").get("moveUnfinishedTo", "backlog")
    target = None if wanted == "backlog" else sprint
    if wanted == "next":
        target = next_sprint(site(), sprint)
    elif target is not None:
        target = find_sprint(site(), int(wanted))
    actor = Actor(next(iter(site().people)), "3")
    close_sprint(site(), actor, sprint, target.id if target else None)
    return jsonify({"id": sprint_id, "state": "closed", "movedTo": target.id if target else None})


@control.get("/deliveries")
def deliveries() -> Response:
    """List webhook deliveries, oldest first, with every attempt."""
    courier = webhooks().courier
    listed = [delivery.summary() for delivery in list(courier.log)]
    return jsonify({"waiting": courier.waiting(), "deliveries": listed})


@control.route("/requests", methods=["GET", "DELETE"])
def requests_log() -> Response:
    """Show (or forget) what was asked of the REST API: in total, per route, and one by one."""
    log = _gate().log
    if request.method == "DELETE":
        log.entries.clear()
        log.total = 0
    shown = {"total": log.total, "counts": log.counts(), "requests": list(log.entries)}
    return jsonify(shown)


@control.get("/adf")
def adf() -> Response:
    """List every ADF document that was received, also those that were refused."""
    return jsonify(site().adf_received)


@control.post("/seed")
def seed() -> Response:
    """Create many stories at once, without events.

    `{"issues": N, "project": key, "labels": [...], "sprint": id}`; a project that is not there yet
    is made first.
    """
    payload = only(body(), "issues", "project", "name", "style", "labels", "sprint")
    key = str(payload.get("project") or "BULK")
    project = site().find_project(key)
    if project is None:
        style = str(payload.get("style") or "classic")
        project = seed_project(site(), key, str(payload.get("name") or key), style=style)
    made = seed_issues(
        site(),
        project,
        int(payload.get("issues") or 0),
        labels=tuple(payload.get("labels") or ()),
        sprint_id=payload.get("sprint"),
    )
    board = next((b for b in site().boards.values() if b.project_id == project.id), None)
    answer: JsonObject = {
        "project": project.key,
        "project_id": str(project.id),
        "board_id": board.id if board else None,
        "issues": len(made),
    }
    return jsonify(answer)


@control.post("/team-fields")
def team_fields() -> Response:
    """Add a field to a team-managed project, as only its settings page can.

    `{"project": key, "name": …, "type": "com.atlassian.jira.plugin.system.customfieldtypes:…"}`
    """
    payload = only(body(), "project", "name", "type")
    project = site().project(str(payload.get("project")))
    field = seed_team_field(site(), project, str(payload.get("name")), str(payload.get("type")))
    return jsonify({"id": field.id, "name": field.name})

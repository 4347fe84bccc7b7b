"""The `/_sandbox` endpoints: tests and the demo drive people, faults and time-outs through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, request

from integration.sandbox.slack import people, submission
from integration.sandbox.slack.control_reads import add_reads
from integration.sandbox.slack.modals import top_view
from integration.sandbox.slack.people import Stage
from integration.sandbox.slack.wire import Json, SlackRefusal

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from integration.sandbox.slack.outgoing import Outgoing
    from integration.sandbox.slack.workspace import Workspace

LONGEST_WAIT_S = 10.0


def control_door(workspace: Workspace, outgoing: Outgoing) -> Blueprint:
    """Return the control endpoints."""
    door = Blueprint("slack_control", __name__, url_prefix="/_sandbox")

    @door.errorhandler(SlackRefusal)
    def refused(refusal: SlackRefusal) -> ResponseReturnValue:
        return jsonify(refusal.body()), 404 if refusal.error.endswith("not_found") else 400

    @door.errorhandler(KeyError)
    def missing(error: KeyError) -> ResponseReturnValue:
        return jsonify({"ok": False, "error": "missing_field", "field": error.args[0]}), 400

    add_reads(door, workspace)
    _add_people(door, workspace, outgoing)
    _add_modals(door, workspace, outgoing)
    _add_app_side(door, workspace, outgoing)
    _add_faults(door, workspace, outgoing)
    return door


def _body() -> Json:
    body = request.get_json(force=True, silent=True)
    return body if isinstance(body, dict) else {}


def stage_of(workspace: Workspace, outgoing: Outgoing) -> Stage:
    """Return where people act, as the present request reached it."""
    return Stage(workspace, outgoing, request.host_url.rstrip("/"))


def _with_view(workspace: Workspace, person: str, before: str | None, done: Json) -> Json:
    """Add the modal that is open now; with `wait_for_view_s`, wait until a new one is."""
    wait_s = min(float(_body().get("wait_for_view_s") or 0), LONGEST_WAIT_S)
    with workspace.lock:
        if wait_s:
            workspace.news.wait_for(
                lambda: _top_id(workspace, person) not in {before, None}, wait_s
            )
        view = top_view(workspace, person)
        opened = view.id if view and view.id != before else None
        wired = view.wire(workspace.config) if view else None
        return done | {"view_id": done.get("view_id") or opened, "view": wired}


def _top_id(workspace: Workspace, person: str) -> str | None:
    view = top_view(workspace, person)
    return view.id if view else None


def _add_people(door: Blueprint, workspace: Workspace, outgoing: Outgoing) -> None:
    @door.post("/click")
    def click() -> ResponseReturnValue:
        body = _body()
        before = _top_id(workspace, body["user"])
        done = people.click(stage_of(workspace, outgoing), body["user"], body, body.get("value"))
        return jsonify(_with_view(workspace, body["user"], before, done))

    @door.post("/command")
    def command() -> ResponseReturnValue:
        body = _body()
        person, before = body["user"], _top_id(workspace, body["user"])
        stage = stage_of(workspace, outgoing)
        text = body.get("text", "")
        done = people.run_command(stage, body["channel"], person, body["command"], text)
        return jsonify(_with_view(workspace, person, before, done))

    @door.post("/shortcut")
    def shortcut() -> ResponseReturnValue:
        body = _body()
        before = _top_id(workspace, body["user"])
        done = people.run_shortcut(stage_of(workspace, outgoing), body["user"], body["callback_id"])
        return jsonify(_with_view(workspace, body["user"], before, done))

    @door.post("/say")
    def say() -> ResponseReturnValue:
        body = _body()
        stage = stage_of(workspace, outgoing)
        said = people.say(stage, body["channel"], body["user"], body["text"], body.get("thread_ts"))
        return jsonify(said)

    @door.post("/home")
    def home() -> ResponseReturnValue:
        people.open_home(stage_of(workspace, outgoing), _body()["user"])
        return jsonify({"ok": True})


def _add_modals(door: Blueprint, workspace: Workspace, outgoing: Outgoing) -> None:
    @door.post("/submit")
    def submit() -> ResponseReturnValue:
        body = _body()
        person, view_id = body["user"], body["view_id"]
        done = submission.submit(
            stage_of(workspace, outgoing), person, view_id, body.get("values") or {}
        )
        return jsonify(_with_view(workspace, person, view_id, done))

    @door.post("/close")
    def close() -> ResponseReturnValue:
        body = _body()
        stage = stage_of(workspace, outgoing)
        everything = bool(body.get("all"))
        return jsonify(
            submission.close(stage, body["user"], body["view_id"], everything=everything)
        )


def _add_app_side(door: Blueprint, workspace: Workspace, outgoing: Outgoing) -> None:
    @door.post("/event")
    def event() -> ResponseReturnValue:
        event_id, answer = outgoing.send_event(_body()["event"])
        return jsonify(people.outcome(answer, event_id=event_id))

    @door.post("/request_url")
    def request_url() -> ResponseReturnValue:
        body = _body()
        url = body["url"]
        if url and body.get("verify", True) and not outgoing.verify_url(url):
            return jsonify({"ok": False, "error": "challenge_failed"}), 400
        with workspace.lock:
            workspace.request_url = url
        return jsonify({"ok": True, "request_url": url})


def _add_faults(door: Blueprint, workspace: Workspace, outgoing: Outgoing) -> None:
    @door.post("/limits")
    def limits() -> ResponseReturnValue:
        body = _body()
        with workspace.lock:
            if "method" in body:
                times, wait_s = int(body.get("times", 1)), int(body.get("retry_after", 1))
                workspace.limits.refusals[body["method"]] = [wait_s] * times
            if "one_post_per_second" in body:
                workspace.limits.one_post_per_second = bool(body["one_post_per_second"])
        return jsonify({"ok": True})

    @door.post("/outage")
    def outage() -> ResponseReturnValue:
        with workspace.lock:
            workspace.limits.outage = bool(_body()["on"])
            workspace.changed()
        return jsonify({"ok": True, "on": workspace.limits.outage})

    @door.post("/archive")
    def archive() -> ResponseReturnValue:
        body = _body()
        with workspace.lock:
            channel = workspace.channel(body["channel"])
            channel.is_archived = bool(body.get("archived", True))
            workspace.changed()
        kind = "channel_archive" if channel.is_archived else "channel_unarchive"
        outgoing.queue_event({"type": kind, "channel": channel.id, "user": body.get("user", "")})
        return jsonify({"ok": True})

    @door.post("/remove_from_channel")
    def remove() -> ResponseReturnValue:
        with workspace.lock:
            channel = workspace.channel(_body()["channel"])
            channel.members.discard(workspace.config.bot_user_id)
            workspace.changed()
        return jsonify({"ok": True})

    @door.post("/revoke")
    def revoke() -> ResponseReturnValue:
        reason = str(_body().get("error", "token_revoked"))
        with workspace.lock:
            workspace.dead_tokens |= dict.fromkeys(workspace.tokens, reason)
            workspace.tokens.clear()
        bot = workspace.config.bot_user_id
        outgoing.queue_event({"type": "tokens_revoked", "tokens": {"oauth": [], "bot": [bot]}})
        return jsonify({"ok": True})

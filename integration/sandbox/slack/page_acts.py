"""What the page's forms do: say, click, open the Home tab, submit or close a modal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, redirect, request

from integration.sandbox.slack import people, submission
from integration.sandbox.slack.people import Stage
from integration.sandbox.slack.posted_values import posted_values
from integration.sandbox.slack.wire import Json, SlackRefusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.typing import ResponseReturnValue

    from integration.sandbox.slack.outgoing import Outgoing
    from integration.sandbox.slack.workspace import Workspace


def add_acts(door: Blueprint, workspace: Workspace, outgoing: Outgoing) -> None:
    """Add the routes to which the page's forms post; each leads back to the page."""

    def act(name: str, done_by: Callable[[Stage], Json]) -> None:
        def acted() -> ResponseReturnValue:
            stage = Stage(workspace, outgoing, request.host_url.rstrip("/"))
            try:
                done = done_by(stage)
            except SlackRefusal as refusal:
                done = {"ok": False, "reason": refusal.error}
            return redirect(f"/?{urlencode(_place(done, home=name == 'home'))}")

        door.add_url_rule(f"/page/{name}", name, acted, methods=["POST"])

    act("say", _say)
    act("click", _click)
    act("home", _open_home)
    act("modal", _use_modal)


def _place(done: Json, *, home: bool) -> dict[str, str]:
    form = request.form
    failed = not (done.get("ok") or done.get("errors"))
    where = {
        "channel": form.get("channel"),
        "as": form.get("user"),
        "tab": "home" if home else form.get("tab"),
        "thread": form.get("thread"),
        "notice": str(done.get("problem") or done.get("reason") or "failed") if failed else "",
    }
    return {key: value for key, value in where.items() if value}


def _say(stage: Stage) -> Json:
    form = request.form
    text, channel, person = form.get("text", "").strip(), form["channel"], form["user"]
    if not text:
        return {"ok": True}
    if text.startswith("/"):
        command, _space, rest = text.partition(" ")
        return people.run_command(stage, channel, person, command, rest)
    config = stage.workspace.config
    typed = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    typed = typed.replace(f"@{config.app_name}", f"<@{config.bot_user_id}>")
    return people.say(stage, channel, person, typed, form.get("thread") or None)


def _click(stage: Stage) -> Json:
    form = request.form
    where = {**form.to_dict(), "channel": form.get("in_channel", "")}
    choice: object = form.getlist("value") if form.get("many") else form.get("value")
    return people.click(stage, form["user"], where, choice)


def _open_home(stage: Stage) -> Json:
    people.open_home(stage, request.form["user"])
    return {"ok": True}


def _use_modal(stage: Stage) -> Json:
    person, view_id = request.form["user"], request.form["view_id"]
    if "close" in request.form:
        return submission.close(stage, person, view_id)
    values = posted_values(stage.workspace, view_id, request.form)
    clicked = next((one for one in request.form.getlist("click") if one), None)
    if clicked is None:
        return submission.submit(stage, person, view_id, values)
    submission.fill_in(stage.workspace, person, view_id, values)
    block_id, action_id, *option = json.loads(clicked)
    where = {"view_id": view_id, "block_id": block_id, "action_id": action_id}
    choice = option[0] if option else values.get(block_id, {}).get(action_id)
    return people.click(stage, person, where, choice)

"""The page at `/`: channels, messages, the Home tab and modals, seen as one of the people."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    current_app,
    redirect,
    render_template,
    request,
    send_from_directory,
)
from jinja2 import pass_context

from integration.sandbox.slack.modals import top_view
from integration.sandbox.slack.mrkdwn import as_html, as_plain, markdown_as_html
from integration.sandbox.slack.page_acts import add_acts
from integration.sandbox.slack.posted_values import alignment, field_name, held, initially
from integration.sandbox.slack.scene import clock_time, scene_of

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue
    from jinja2.runtime import Context
    from markupsafe import Markup

    from integration.sandbox.slack.outgoing import Outgoing
    from integration.sandbox.slack.workspace import Workspace

SHOWN_INLINE = {"image/png", "image/jpeg", "image/gif", "image/webp"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http: data:; "
    "connect-src 'self'; base-uri 'none'; frame-ancestors 'self'"
)


def page_door(workspace: Workspace, outgoing: Outgoing) -> Blueprint:
    """Return the routes of the page."""
    door = Blueprint("slack_page", __name__)
    door.after_app_request(_guarded)
    _add_filters(door, workspace)
    _add_looks(door, workspace)
    add_acts(door, workspace, outgoing)
    return door


def _guarded(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if response.mimetype == "text/html":
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-store"
    return response


def _add_filters(door: Blueprint, workspace: Workspace) -> None:
    def name_of(kind: str, key: str) -> str:
        if kind == "#":
            channel = workspace.channels.get(key)
            return channel.name if channel else key
        if key == workspace.config.bot_user_id:
            return workspace.config.app_name
        user = workspace.users.get(key)
        return user.real_name if user else key

    @pass_context
    def mrkdwn(context: Context, text: object) -> Markup:
        return as_html(str(text or ""), name_of, context["scene"].zone)

    door.add_app_template_filter(mrkdwn, "mrkdwn")
    door.add_app_template_filter(lambda text: as_plain(str(text or "")), "plain")
    door.add_app_template_filter(lambda text: markdown_as_html(str(text or "")), "markdown")
    for shown in (clock_time, field_name, held, initially, alignment):
        door.add_app_template_filter(shown, shown.__name__)


def _add_looks(door: Blueprint, workspace: Workspace) -> None:
    @door.get("/")
    def look() -> ResponseReturnValue:
        with workspace.lock:
            workspace.post_what_is_due()
            scene = scene_of(workspace, request.args)
            return render_template(
                "page.html",
                scene=scene,
                workspace=workspace,
                config=workspace.config,
                modal=top_view(workspace, scene.person),
                home=workspace.views.get(workspace.homes.get(scene.person, "")),
                notice=request.args.get("notice", ""),
            )

    @door.get("/archives/<channel_id>/<_place>")
    def permalink(channel_id: str, _place: str) -> ResponseReturnValue:
        asked = {"channel": channel_id, "thread": request.args.get("thread_ts", "")}
        return redirect(f"/?{urlencode(asked)}")

    @door.get("/page/<any('page.css', 'page.js'):name>")
    def asset(name: str) -> ResponseReturnValue:
        return send_from_directory(str(current_app.template_folder), name, max_age=0)

    @door.get("/page/files/<file_id>")
    def file(file_id: str) -> ResponseReturnValue:
        with workspace.lock:
            stored = workspace.files.get(file_id)
        if stored is None or stored.content is None:
            return Response("not found", 404)
        inline = stored.mimetype in SHOWN_INLINE
        mimetype = stored.mimetype if inline else "application/octet-stream"
        headers = {} if inline else {"Content-Disposition": "attachment"}
        return Response(stored.content, mimetype=mimetype, headers=headers)

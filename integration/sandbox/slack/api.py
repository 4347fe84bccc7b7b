"""The Web API's door: tokens, rate limits and outages, then one method, then Slack's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, redirect, render_template, request

from integration.sandbox.slack.methods import METHODS, NEED_NO_TOKEN
from integration.sandbox.slack.responses import use_response_url
from integration.sandbox.slack.wire import Call, Json, RateLimited, SlackRefusal

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from integration.sandbox.slack.workspace import Workspace


def api_door(workspace: Workspace) -> Blueprint:
    """Return the routes that an app calls."""
    door = Blueprint("slack_api", __name__)

    @door.route("/api/<method>", methods=["GET", "POST"])
    def call(method: str) -> ResponseReturnValue:
        with workspace.lock:
            workspace.calls[method] += 1
            workspace.post_what_is_due()
            if workspace.limits.outage:
                return jsonify({"ok": False, "error": "service_unavailable"}), 503
            try:
                headers = {"X-OAuth-Scopes": ",".join(workspace.config.scopes)}
                return jsonify(_called(workspace, method)), headers
            except RateLimited as limited:
                headers = {"Retry-After": str(limited.retry_after_s)}
                return jsonify(limited.body()), 429, headers
            except SlackRefusal as refusal:
                return jsonify(refusal.body())

    @door.post("/response/<secret>")
    def respond(secret: str) -> ResponseReturnValue:
        body = request.get_json(force=True, silent=True)
        with workspace.lock:
            workspace.calls["response_url"] += 1
            try:
                use_response_url(workspace, secret, body if isinstance(body, dict) else {})
            except SlackRefusal as refusal:
                status = 404 if refusal.error in {"expired_url", "used_url"} else 400
                return jsonify(refusal.body()), status
        return Response("ok")

    _add_files(door, workspace)
    _add_authorization(door, workspace)
    return door


def _add_files(door: Blueprint, workspace: Workspace) -> None:
    @door.post("/upload/v1/<file_id>")
    def upload(file_id: str) -> ResponseReturnValue:
        content = _uploaded()
        with workspace.lock:
            stored = workspace.files.get(file_id)
            if stored is None or stored.completed:
                return Response("file_not_found", 404)
            stored.content = content
        return Response(f"OK - {len(content)}")

    @door.get("/files-pri/<key>/<name>")
    def file(key: str, name: str) -> ResponseReturnValue:
        with workspace.lock:
            stored = workspace.files.get(key.rpartition("-")[2])
            if _token() not in workspace.tokens or stored is None or stored.name != name:
                return Response("not found", 404)
            return Response(stored.content or b"", mimetype=stored.mimetype)


def _uploaded() -> bytes:
    """Return the bytes sent; urllib declares them a form, so they are read before any parsing."""
    if request.mimetype == "multipart/form-data":
        return b"".join(file.read() for file in request.files.values())
    return request.get_data()


def _add_authorization(door: Blueprint, workspace: Workspace) -> None:
    @door.get("/oauth/v2/authorize")
    def authorize() -> ResponseReturnValue:
        if request.args.get("client_id") != workspace.config.client_id:
            return Response("invalid_client_id", 400)
        return render_template("authorize.html", config=workspace.config, asked=request.args)

    @door.post("/oauth/v2/authorize")
    def allow() -> ResponseReturnValue:
        back = request.form.get("redirect_uri", "")
        if not back.startswith(("http://", "https://")):
            return Response("bad_redirect_uri", 400)
        with workspace.lock:
            code = workspace.new_id("code")
            workspace.oauth_codes[code] = (back, False)
        answer = {"state": request.form.get("state", "")}
        answer |= {"code": code} if "allow" in request.form else {"error": "access_denied"}
        separator = "&" if "?" in back else "?"
        return redirect(f"{back}{separator}{urlencode(answer)}")


def _called(workspace: Workspace, method: str) -> Json:
    args = _arguments()
    _be_limited(workspace, method)
    if method not in METHODS:
        raise SlackRefusal("unknown_method", req_method=method)
    if method not in NEED_NO_TOKEN:
        _check_token(workspace, args)
    if method == "oauth.v2.access" and request.authorization is not None:
        given = request.authorization
        args |= {"client_id": given.username, "client_secret": given.password}
    args.pop("token", None)
    return METHODS[method](Call(workspace, method, args, request.host_url.rstrip("/")))


def _arguments() -> Json:
    args: Json = {**request.args.to_dict(), **request.form.to_dict()}
    if request.is_json and request.get_data():
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            raise SlackRefusal("invalid_json" if body is None else "json_not_object")
        args |= body
    return args


def _token() -> str:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ").strip()
    return request.values.get("token", "")


def _check_token(workspace: Workspace, args: Json) -> None:
    token = _token() or str(args.get("token") or "")
    if not token:
        raise SlackRefusal("not_authed")
    if token in workspace.dead_tokens:
        raise SlackRefusal(workspace.dead_tokens[token])
    if token not in workspace.tokens:
        raise SlackRefusal("invalid_auth")


def _be_limited(workspace: Workspace, method: str) -> None:
    for name in (method, "*"):
        waiting = workspace.limits.refusals.get(name)
        if waiting:
            raise RateLimited(waiting.pop(0))

"""OAuth 2.0 (3LO): consent, tokens with rotating refresh, accessible resources, `/ex/jira/…`."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, current_app, jsonify, redirect, request

from integration.sandbox.jira.wire import body, site

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

    from integration.sandbox.jira.config import Person
    from integration.sandbox.jira.state import Site

oauth_api = Blueprint("oauth", __name__)
ACCESS_LIFE = timedelta(hours=1)
_PREFIX = re.compile(r"/ex/jira/([^/]+)(/.*)")


@dataclass(slots=True)
class Grant:
    """What a token stands for."""

    account_id: str
    scope: str
    expires: datetime | None = None


@dataclass(slots=True)
class OAuth:
    """The codes and tokens that were handed out; codes and refresh tokens work once."""

    site: Site
    codes: dict[str, Grant] = field(default_factory=dict)
    access: dict[str, Grant] = field(default_factory=dict)
    refresh: dict[str, Grant] = field(default_factory=dict)

    def person_of(self, token: str) -> Person | None:
        """Return whose access token this is, unless it ran out."""
        grant = self.access.get(token)
        if grant is None or (grant.expires and grant.expires <= self.site.now()):
            return None
        return self.site.people.get(grant.account_id)

    def issue_tokens(self, grant: Grant) -> dict[str, str | int]:
        """Hand out an access token and, for `offline_access`, a new refresh token."""
        token = secrets.token_urlsafe(24)
        self.access[token] = Grant(grant.account_id, grant.scope, self.site.now() + ACCESS_LIFE)
        answer: dict[str, str | int] = {
            "access_token": token,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "Bearer",
            "scope": grant.scope,
        }
        if "offline_access" in grant.scope.split():
            again = secrets.token_urlsafe(24)
            self.refresh[again] = Grant(grant.account_id, grant.scope)
            answer["refresh_token"] = again
        return answer


def _oauth() -> OAuth:
    found: OAuth = current_app.extensions["jira-oauth"]
    return found


def _refused(status: int, error: str, text: str) -> tuple[Response, int]:
    return jsonify({"error": error, "error_description": text}), status


@oauth_api.get("/authorize")
def authorize() -> AnyResponse | tuple[Response, int]:
    """Consent at once in the name of the integration's account and send the code back."""
    target, state = request.args.get("redirect_uri", ""), request.args.get("state", "")
    if request.args.get("client_id") != site().config.oauth_client_id:
        return _refused(400, "invalid_request", "Unknown client.")
    if not target.startswith(("http://", "https://")) or not state:
        return _refused(400, "invalid_request", "redirect_uri and state are required.")
    code = secrets.token_urlsafe(16)
    scope = request.args.get("scope", "")
    _oauth().codes[code] = Grant(site().config.account_id, scope)
    joint = "&" if "?" in target else "?"
    return redirect(target + joint + urlencode({"state": state, "code": code}))


@oauth_api.post("/oauth/token")
def token() -> Response | tuple[Response, int]:
    """Exchange a code or a refresh token; the old refresh token is worth nothing afterwards."""
    payload = request.form.to_dict() or body()
    config = site().config
    given = (payload.get("client_id"), payload.get("client_secret"))
    if given != (config.oauth_client_id, config.oauth_client_secret):
        return _refused(401, "access_denied", "Unauthorized")
    kind = payload.get("grant_type")
    if kind == "authorization_code":
        grant = _oauth().codes.pop(str(payload.get("code")), None)
    elif kind == "refresh_token":
        grant = _oauth().refresh.pop(str(payload.get("refresh_token")), None)
    else:
        return _refused(400, "unsupported_grant_type", "Unknown grant type.")
    if grant is None:
        return _refused(403, "invalid_grant", "Unknown or invalid refresh token.")
    return jsonify(_oauth().issue_tokens(grant))


@oauth_api.get("/oauth/token/accessible-resources")
def accessible_resources() -> Response | tuple[Response, int]:
    """List the one site that a token reaches."""
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    grant = _oauth().access.get(bearer)
    if grant is None or _oauth().person_of(bearer) is None:
        return _refused(401, "unauthorized", "Unauthorized")
    here = site()
    return jsonify(
        [
            {
                "id": here.config.cloud_id,
                "url": here.base_url,
                "name": here.config.site_name.lower(),
                "scopes": grant.scope.split(),
                "avatarUrl": f"{here.base_url}/avatars/site",
            }
        ]
    )


class ApiGateway:
    """Strips `/ex/jira/{cloudId}` off the path, as Atlassian's API gateway does."""

    def __init__(self, inner: WSGIApplication, cloud_id: str) -> None:
        self._inner = inner
        self._cloud_id = cloud_id

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Pass the request on; an unknown cloud id becomes a path that does not exist."""
        found = _PREFIX.fullmatch(environ.get("PATH_INFO", ""))
        if found and found[1] == self._cloud_id:
            environ["PATH_INFO"] = found[2]
        return self._inner(environ, start)

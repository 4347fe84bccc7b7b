"""Puts the local Jira together: one Flask application around one site."""

from __future__ import annotations

from collections import defaultdict
from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, g, jsonify, request
from werkzeug.exceptions import HTTPException

from integration.sandbox.jira.agile_api import agile_api
from integration.sandbox.jira.agile_lists_api import agile_lists_api
from integration.sandbox.jira.bulk_api import bulk_api
from integration.sandbox.jira.comments_api import comments_api
from integration.sandbox.jira.contexts_api import contexts_api
from integration.sandbox.jira.control import control
from integration.sandbox.jira.fields_api import fields_api
from integration.sandbox.jira.gate import Gate
from integration.sandbox.jira.issues_api import issues_api
from integration.sandbox.jira.links_api import links_api
from integration.sandbox.jira.oauth import ApiGateway, OAuth, oauth_api
from integration.sandbox.jira.pages import pages
from integration.sandbox.jira.properties_api import properties_api
from integration.sandbox.jira.refusals import JiraRefusalError, not_found
from integration.sandbox.jira.screens_api import screens_api
from integration.sandbox.jira.search_api import Results, search_api
from integration.sandbox.jira.seed import new_site
from integration.sandbox.jira.site_api import site_api
from integration.sandbox.jira.webhooks import Webhooks
from integration.sandbox.jira.webhooks_api import admin_webhooks_api, dynamic_webhooks_api
from integration.sandbox.jira.wire import refusal, site

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from flask.typing import ResponseReturnValue

    from integration.foundation.clock import Clock
    from integration.sandbox.jira.config import JiraConfig

_PACKAGE = Path(__file__).resolve().parents[2]
_ROUTES = (
    site_api, issues_api, comments_api, properties_api, search_api, fields_api, contexts_api,
    screens_api, links_api, dynamic_webhooks_api, bulk_api,
)  # fmt: skip
CLOUD_ONLY = (
    contexts_api.name, dynamic_webhooks_api.name, "search.search_post", "search.search_get",
    "search.count", "search.parse", "fields.add_association", "fields.remove_association",
)  # fmt: skip


def templates_folder() -> Path:
    """Return where the page templates are: beside the package, or inside an installed one."""
    inside = _PACKAGE / "_data" / "templates"
    return inside if inside.is_dir() else _PACKAGE.parent / "templates"


class JiraApp(Flask):
    """A Flask application in which a request holds the site's lock, so that it sees it whole."""

    def full_dispatch_request(self) -> Any:
        """Answer one request under the lock."""
        with self.extensions["jira-site"].lock:
            return super().full_dispatch_request()


def create_jira(config: JiraConfig, clock: Clock) -> Flask:
    """Make the application of an empty site; `app.extensions["jira-site"]` is its state."""
    app = copy(_routed(config.deployment))
    app.extensions = {}
    app.before_request_funcs = defaultdict(list, _copied(app.before_request_funcs))
    app.after_request_funcs = defaultdict(list, _copied(app.after_request_funcs))
    fresh = new_site(config, clock)
    app.extensions["jira-site"] = fresh
    app.extensions["jira-webhooks"] = Webhooks(fresh)
    app.extensions["jira-results"] = Results()
    app.extensions["jira-oauth"] = OAuth(fresh)
    app.extensions["jira-gate"] = Gate(app, app.extensions["jira-oauth"])
    app.wsgi_app = ApiGateway(app.wsgi_app, config.cloud_id).answer  # type: ignore[assignment,method-assign]
    return app


@cache
def _routed(deployment: str) -> JiraApp:
    """Make the application without a site, once: compiling its routes is what takes time."""
    app = JiraApp("sandbox-jira", template_folder=str(templates_folder()), static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # The default provider has it.
    app.url_map.strict_slashes = False
    versions = "'2','latest'" if deployment == "Server" else "'2','3','latest'"
    rest = Blueprint("rest", __name__, url_prefix=f"/rest/api/<any({versions}):rest_version>")
    rest.url_value_preprocessor(_take_version)
    rest.before_request(_refuse_cloud_only)
    for routes in _ROUTES:
        rest.register_blueprint(routes)
    for routes in (rest, agile_api, agile_lists_api, admin_webhooks_api, oauth_api, control, pages):
        app.register_blueprint(routes)
    app.register_blueprint(agile_lists_api, name="software", url_prefix="/rest/software/1.0")
    app.register_error_handler(JiraRefusalError, refusal)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _copied(functions: Mapping[Any, list[Any]]) -> dict[Any, list[Any]]:
    return {scope: list(those) for scope, those in functions.items()}


def _take_version(_endpoint: str | None, values: dict[str, Any] | None) -> None:
    given = (values or {}).pop("rest_version", "3")
    latest = "2" if site().config.deployment == "Server" else "3"
    g.version = latest if given == "latest" else given


def _refuse_cloud_only() -> None:
    """Answer 404 on Data Center for what only Cloud has."""
    if site().config.deployment == "Server":
        endpoint = (request.endpoint or "").removeprefix("rest.")
        if endpoint.startswith(CLOUD_ONLY):
            raise not_found("null for uri: " + request.path)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    answer = jsonify({"errorMessages": [error.description or error.name], "errors": {}})
    answer.status_code = error.code or 500
    if error.code == 405:
        answer.headers.extend(error.get_headers())
        answer.headers["Content-Type"] = "application/json"
    return answer

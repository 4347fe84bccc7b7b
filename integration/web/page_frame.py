"""What all pages share: the frame around them, their errors, the stylesheet."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, redirect, request
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from integration.foundation.errors import StoryMeterError, Unavailable
from integration.foundation.wording import Wording, environment, templates_folder
from integration.people.role import covers
from integration.web.access import open_to_all
from integration.web.errors import STATUS, answer_database_away, answer_fault, answer_http
from integration.web.forms import READS, form_token, sayings
from integration.web.login import NotSignedIn, OpenId
from integration.web.service import service
from integration.workspaces import queries as workspace_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session
    from werkzeug.wrappers import Response as AnyResponse

    from integration.people.role import Role
    from integration.workspaces.workspace import Workspace

assets = Blueprint("assets", __name__)

YEAR_S = 31_536_000


def page_blueprint(name: str) -> Blueprint:
    """Make a blueprint whose errors are pages too."""
    made = Blueprint(name, name)
    made.register_error_handler(StoryMeterError, refused)
    made.register_error_handler(OperationalError, database_away)
    made.register_error_handler(PoolTimeout, database_away)
    made.register_error_handler(HTTPException, not_understood)
    made.register_error_handler(Exception, broken)
    return made


def render(
    template: str, status: int = 200, wording: Wording | None = None, **values: Any
) -> Response:
    """Fill in a page's template, in a workspace's wording where it is one's page."""
    words = wording or Wording(environment("web", "words"))
    text = words.render(
        template,
        str,
        stylesheet=stylesheet_address(),
        person=g.get("person"),
        can_sign_out=isinstance(service().login, OpenId),
        may=may,
        form_token=form_token,
        sayings=sayings,
        here=request.path,
        **values,
    )
    return Response(text, status, content_type="text/html; charset=utf-8")


def may(needed: Role) -> bool:
    """Whether the current person's role in this workspace is enough."""
    return covers(g.get("role"), needed)


def page(
    template: str, session: Session, workspace: Workspace, as_of: datetime, *, status: int = 200,
    **values: Any,
) -> Response:  # fmt: skip
    """Fill in a page of a workspace, with the way to its other pages."""
    words = service().wordings
    return render(
        template,
        status,
        words.of(workspace.workspace_id, workspace.locale, "web", "words"),
        workspace=workspace,
        base=f"/{workspace.workspace_id}",
        zone=workspace.time_zone,
        as_of=as_of,
        site_url=workspace_queries.site_url(session, workspace.workspace_id),
        **values,
    )


def refused(error: StoryMeterError) -> AnyResponse:
    """Answer an error of ours as a page that says what to do; strangers sign in first."""
    if isinstance(error, NotSignedIn) and request.method in READS:
        wanted = request.full_path if request.query_string else request.path
        return redirect(f"/sign-in?{urlencode({'next': wanted})}")
    status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
    return render("refused.html", status, code=error.code, message=error.message)


def database_away(error: Exception) -> Response:
    """Answer that the database is away as a page."""
    headers = answer_database_away(error).headers
    response = render(
        "refused.html", 503, code=Unavailable.code, message="The database cannot be reached"
    )
    response.headers["Retry-After"] = headers["Retry-After"]
    return response


def not_understood(error: HTTPException) -> Response:
    """Answer what Flask refuses by itself as a page."""
    answer = answer_http(error)
    code = "not_found" if answer.status_code == 404 else "not_understood"
    return render("refused.html", answer.status_code, code=code, message=error.name)


def broken(error: Exception) -> Response:
    """Answer a fault of ours as a page; the log has its trace."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return database_away(error)
    answer_fault(error)
    return render("refused.html", 500, code="internal_error", message="StoryMeter failed")


def unknown_address(error: HTTPException) -> Response:
    """Answer an address that leads nowhere: to a browser as a page, to machines as JSON."""
    wants_page = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return not_understood(error) if wants_page == "text/html" else answer_http(error)


@assets.get("/assets/storymeter.css")
@open_to_all
def get_stylesheet() -> Response:
    """The stylesheet of all pages; its address changes with it, so browsers may keep it."""
    response = Response(stylesheet(), content_type="text/css; charset=utf-8")
    if request.args.get("v") == _digest(stylesheet()):
        response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    return response


@cache
def stylesheet() -> str:
    """The text of the stylesheet."""
    return (templates_folder() / "web" / "storymeter.css").read_text(encoding="utf-8")


def stylesheet_address() -> str:
    """Where browsers find the stylesheet."""
    return f"/assets/storymeter.css?v={_digest(stylesheet())}"


def style_hash(text: str) -> str:
    """The hash by which a content security policy allows an embedded stylesheet.

    >>> style_hash("")
    'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='
    """
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]


def now() -> datetime:
    """The instant that the page is "as of"."""
    return service().clock.now()

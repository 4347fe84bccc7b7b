"""What all pages share: the frame around them, their errors, the stylesheet."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from integration.foundation.errors import StoryMeterError, Unavailable
from integration.foundation.wording import environment, templates_folder
from integration.web.access import open_to_all
from integration.web.errors import STATUS, answer_database_away
from integration.web.service import service
from integration.workspaces import queries as workspace_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.workspaces.workspace import Workspace

assets = Blueprint("assets", __name__)

YEAR_S = 31_536_000


def page_blueprint(name: str) -> Blueprint:
    """Make a blueprint whose errors are pages too."""
    made = Blueprint(name, name)
    made.register_error_handler(StoryMeterError, refused)
    made.register_error_handler(OperationalError, database_away)
    made.register_error_handler(PoolTimeout, database_away)
    return made


def render(template: str, status: int = 200, **values: Any) -> Response:
    """Fill in a page's template."""
    found = environment("web", "words").get_template(template)
    text = found.render(stylesheet=stylesheet_address(), **values)
    return Response(text, status, content_type="text/html; charset=utf-8")


def page(
    template: str, session: Session, workspace: Workspace, as_of: datetime, **values: Any
) -> Response:
    """Fill in a page of a workspace, with the way to its other pages."""
    return render(
        template,
        workspace=workspace,
        base=f"/{workspace.workspace_id}",
        zone=workspace.time_zone,
        as_of=as_of,
        site_url=workspace_queries.site_url(session, workspace.workspace_id),
        **values,
    )


def refused(error: StoryMeterError) -> Response:
    """Answer an error of ours as a page that says what to do."""
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

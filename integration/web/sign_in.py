"""/sign-in, /sign-out: people prove who they are to an OpenID Connect provider."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from flask import redirect, request, session

from integration.foundation.errors import NotFound
from integration.journeys.keep_sign_in import begin_sign_in, end_sign_in
from integration.web.access import open_to_all, people
from integration.web.login import SECRET, OpenId, remember
from integration.web.page_frame import page_blueprint, render
from integration.web.service import service

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as AnyResponse

sign_in_pages = page_blueprint("sign_in_pages")
log = structlog.get_logger()

NEXT = "next"


@sign_in_pages.get("/sign-in")
@open_to_all
def begin() -> AnyResponse:
    """Send the visitor to the provider."""
    login = service().login
    if not isinstance(login, OpenId):
        return redirect("/")
    from integration.web.openid import way_to_provider  # Loaded once somebody signs in.

    session[NEXT] = own_path(request.args.get(NEXT, ""))
    return way_to_provider(login, _callback())


@sign_in_pages.get("/sign-in/callback")
@open_to_all
def finish() -> AnyResponse:
    """Take in what the provider says, and lead on to where the visitor wanted to go."""
    login = service().login
    if not isinstance(login, OpenId):
        raise NotFound("This deployment has no sign-in")
    from integration.web.openid import person_from_provider

    wanted = own_path(str(session.get(NEXT, "")))
    person = person_from_provider(login)
    now = service().clock.now()
    secret = begin_sign_in(
        service().across, person.email, now + timedelta(seconds=login.lasts_s)
    )  # fmt: skip
    remember(session, person, login, secret, now)
    log.info("sign_in.done", email=person.email)
    return redirect(wanted)


@sign_in_pages.post("/sign-out")
@people()
def sign_out() -> AnyResponse:
    """End the sign-in, in this browser and for every copy of its cookie."""
    end_sign_in(service().across, str(session.get(SECRET, "")))
    session.clear()
    return redirect("/signed-out", 303)


@sign_in_pages.get("/signed-out")
@open_to_all
def signed_out() -> Response:
    """Say so, and offer to sign out at the provider too."""
    login = service().login
    return render("signed_out.html", provider=login.issuer if isinstance(login, OpenId) else "")


def own_path(wanted: str) -> str:
    r"""A path on this site, or its first page: nobody is led elsewhere after signing in.

    >>> own_path("/acme/caps?x=1"), own_path("//evil.example"), own_path("/\\evil"), own_path("")
    ('/acme/caps?x=1', '/', '/', '/')
    """
    is_ours = wanted.startswith("/") and wanted[1:2] not in {"/", "\\"} and wanted.isprintable()
    return wanted if is_ours else "/"


def _callback() -> str:
    return f"{service().public_url}/sign-in/callback"

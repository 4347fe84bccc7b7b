"""Forms on pages: proof that a form is our own, and what is said on the page after it.

A form carries a secret that only our page and the visitor's signed cookie know. Pages without
sign-in need it too: another site's page in the same browser can send forms to this machine.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask import flash, get_flashed_messages, redirect, request, session

from integration.foundation.errors import NotPermitted
from integration.web.errors import STATUS
from integration.web.service import service

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from integration.foundation.errors import StoryMeterError

TOKEN = "form_token"  # noqa: S105  # The field's name.
READS = {"GET", "HEAD", "OPTIONS"}


class FormRefused(NotPermitted):
    """A form did not come from a page of ours that this browser was shown."""

    code = "form_refused"


def form_token() -> str:
    """The secret of this browser's forms; made when a page first shows a form."""
    if TOKEN not in session:
        session[TOKEN] = secrets.token_urlsafe(32)
    return str(session[TOKEN])


def check_form() -> None:
    """Check the form in the current request; reading needs none.

    Raises:
        FormRefused: it came from elsewhere, or its page is from before the last sign-in.
    """
    if request.method in READS:
        return
    origin = request.headers.get("Origin", "")
    ours = {request.host, urlsplit(service().public_url).netloc}
    if origin and urlsplit(origin).netloc not in ours:
        raise FormRefused("The form was sent from another site")
    sent, kept = request.form.get(TOKEN, ""), str(session.get(TOKEN, ""))
    if not kept or not secrets.compare_digest(sent.encode(), kept.encode()):
        raise FormRefused("The form is from an older visit")


def done(address: str, saying: str, **details: str | int) -> AnyResponse:
    """Lead on to a page after a form was carried out; the page says so, in its template's words."""
    flash(json.dumps({"saying": saying, **details}))
    return redirect(address, 303)


def sayings() -> list[dict[str, Any]]:
    """What the page has to say about forms that were carried out before it."""
    return [json.loads(str(each)) for each in get_flashed_messages()]


def status_of(refusal: StoryMeterError | None) -> int:
    """The status of a page that shows a form: 200, or why the form was refused."""
    if refusal is None:
        return 200
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)

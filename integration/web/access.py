"""Who may enter: every route carries one of these marks, and a test holds that none is without."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from flask import current_app, g, request

from integration.foundation.errors import NotPermitted, Unauthenticated
from integration.web import login
from integration.web.key_memory import KeyMemory
from integration.web.service import service
from integration.workspaces.workspace import KEY_PREFIX, Caller, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    View = Callable[..., Any]

MARK = "storymeter_access"
KEYS = "storymeter.keys"


def needs(scope: Scope) -> Callable[[View], View]:
    """Let in who holds an API key with this scope; `admin` keys hold every scope."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.caller = check_key(scope)
            return view(*args, **kwargs)

        setattr(guarded, MARK, f"key:{scope}")
        return guarded

    return mark


def signed_by(sender: str) -> Callable[[View], View]:
    """Mark a route whose view checks the sender's signature over the raw body itself."""

    def mark(view: View) -> View:
        setattr(view, MARK, f"signature:{sender}")
        return view

    return mark


def people(view: View) -> View:
    """Mark a page: let in a person who may look at it, as `login.py` decides."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        login.admit(request, service().login)
        return view(*args, **kwargs)

    setattr(guarded, MARK, "people")
    return guarded


def open_to_all(view: View) -> View:
    """Mark a route that tells nothing about any workspace."""
    setattr(view, MARK, "open")
    return view


def check_key(scope: Scope) -> Caller:
    """Return who sent the request.

    Raises:
        Unauthenticated: no key, or one that is unknown or revoked.
        NotPermitted: the key lacks the scope.
    """
    sent = _sent_key()
    if not sent.startswith(KEY_PREFIX):
        raise Unauthenticated("Send an API key: Authorization: Bearer smk_…")
    caller = _keys().caller_with(sent)
    if caller is None:
        raise Unauthenticated("This API key is unknown or revoked")
    if scope not in caller.scopes and "admin" not in caller.scopes:
        raise NotPermitted(f"This API key lacks the scope {scope!r}")
    return caller


def _keys() -> KeyMemory:
    held = current_app.extensions
    if KEYS not in held:
        held[KEYS] = KeyMemory(service().transactions)
    return cast("KeyMemory", held[KEYS])


def caller() -> Caller:
    """Return who sent the current request, as `needs` found out."""
    return cast("Caller", g.caller)


def _sent_key() -> str:
    """The key, from where OTLP exporters, gateways and people put it."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    return request.headers.get("x-api-key", "").strip()

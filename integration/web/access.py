"""Who may enter: every route carries one of these marks, and a test holds that none is without."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from flask import current_app, g, request, session

from integration.foundation.errors import NotFound, NotPermitted, Unauthenticated
from integration.journeys.keep_sign_in import is_signed_in
from integration.people import store as members
from integration.people.role import covers, highest, roles_in_groups
from integration.web.forms import check_form
from integration.web.key_memory import KeyMemory
from integration.web.login import person_of
from integration.web.service import service
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import KEY_PREFIX, Caller, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from integration.people.role import Person, Role

    View = Callable[..., Any]

MARK = "storymeter_access"
KEYS = "storymeter.keys"


class RoleTooSmall(NotPermitted):
    """The person is known, and may look, but not do this."""

    code = "role_too_small"


def needs(scope: Scope) -> Callable[[View], View]:
    """Let in who holds an API key with this scope; `admin` keys hold every scope."""

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            g.caller = check_key(scope)
            g.workspace_id = g.caller.workspace_id
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


def people(needed: Role = "viewer") -> Callable[[View], View]:
    """Mark a page: let in a person with this role in the address's workspace.

    A page that names no workspace lets in whoever is known. Forms are checked to be our own.
    """

    def mark(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            here = service()
            g.person = person_of(request, session, here.login, here.clock.now(), _is_open)
            check_form()
            if "workspace_id" in kwargs:
                g.role = require(kwargs["workspace_id"], needed)
                g.workspace_id = kwargs["workspace_id"]
            return view(*args, **kwargs)

        setattr(guarded, MARK, f"people:{needed}")
        return guarded

    return mark


def _is_open(secret: str) -> bool:
    here = service()
    return is_signed_in(here.across, secret, here.clock.now())


def person() -> Person:
    """Return who looks at the current page, as `people` found out."""
    return cast("Person", g.person)


def require(workspace_id: str, needed: Role) -> Role:
    """Return the current person's role in a workspace.

    Raises:
        NotFound: they have none, and shall not learn whether there is such a workspace.
        NotPermitted: their role is not enough.
    """
    held = _role_in(workspace_id)
    if held is None:
        raise NotFound(f"There is no workspace {workspace_id!r}")
    if not covers(held, needed):
        raise RoleTooSmall(f"This needs the role {needed}; yours is {held}")
    return held


def visible_workspaces(session: Session) -> list[str]:
    """Return the workspaces in which the current person has a role, sorted."""
    known = workspaces.all_ids(session)
    if person().is_deployment_admin:
        return known
    theirs = (
        members.workspaces_of(session, person().email) | roles_in_groups(person().groups).keys()
    )
    return [workspace_id for workspace_id in known if workspace_id in theirs]


def _role_in(workspace_id: str) -> Role | None:
    asking = person()
    if asking.is_deployment_admin:
        return "admin"
    with service().transactions.begin() as session:
        named = members.role_of(session, workspace_id, asking.email)
    return highest(named, roles_in_groups(asking.groups).get(workspace_id))


def open_to_all(view: View) -> View:
    """Mark a route that tells nothing about any workspace."""
    setattr(view, MARK, "open")
    return view


def check_key(scope: Scope) -> Caller:
    """Return who sent the request.

    Raises:
        Unauthenticated: no key, or one that is unknown or revoked.
        NotPermitted: the key lacks the scope.
        TooManyRequests: the key sends faster than it may.
    """
    sent = _sent_key()
    if not sent.startswith(KEY_PREFIX):
        raise Unauthenticated("Send an API key: Authorization: Bearer smk_…")
    caller = _keys().caller_with(sent)
    if caller is None:
        raise Unauthenticated("This API key is unknown or revoked")
    service().key_pace.take(caller.key_id)
    if scope not in caller.scopes and "admin" not in caller.scopes:
        raise NotPermitted(f"This API key lacks the scope {scope!r}")
    return caller


def _keys() -> KeyMemory:
    held = current_app.extensions
    if KEYS not in held:
        held[KEYS] = KeyMemory(service().across, service().clock)
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

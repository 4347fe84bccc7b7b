"""What we say to an OpenID Connect provider, and what we believe of its answer.

The authorization code flow with PKCE, state and nonce. Authlib checks the ID token: its signature
by the published keys, issuer, audience, times and nonce.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import current_app
from joserfc.errors import JoseError
from requests import RequestException

from integration.foundation.errors import NotPermitted, Unavailable
from integration.people.role import Person, groups_of_ours, plain_email

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Response as AnyResponse

    from integration.web.login import OpenId

log = structlog.get_logger()

CLIENT = "storymeter.openid"
TIMEOUT_S = 10


class SignInFailed(NotPermitted):
    """The provider did not say, in a way that holds, who this is."""

    code = "sign_in_failed"


def way_to_provider(login: OpenId, callback: str) -> AnyResponse:
    """Redirect to the provider, with what ties its answer to this browser in the signed cookie.

    Raises:
        Unavailable: the provider does not describe itself as it should.
    """
    with _failures():
        return cast("AnyResponse", _client(login).authorize_redirect(callback))


def person_from_provider(login: OpenId) -> Person:
    """Trade the code in the current request for who it is.

    Raises:
        SignInFailed: the answer was not asked for by this browser, or does not hold.
        Unavailable: the provider does not answer as it should.
    """
    with _failures():
        return _person_in(_claims(_client(login)), login)


def _person_in(claims: dict[str, Any], login: OpenId) -> Person:
    email = plain_email(str(claims.get("email") or ""))
    if not email:
        raise SignInFailed("The sign-in provider names no e-mail address")
    if claims.get("email_verified") is not True and not login.trusts_email:
        raise SignInFailed(f"The sign-in provider does not vouch for {email}")
    name = str(claims.get("name") or email)
    return Person(email, name, groups_of_ours(claims.get(login.groups_claim)))


def _claims(client: Any) -> dict[str, Any]:
    """What the ID token says; where it names no address, what the provider says of its subject."""
    token = client.authorize_access_token()
    claims = dict(token.get("userinfo") or {})
    if not claims:
        raise SignInFailed("The sign-in provider sent no ID token")
    if "email" not in claims and client.load_server_metadata().get("userinfo_endpoint"):
        more = dict(client.userinfo(token=token))
        if more.get("sub") == claims["sub"]:
            claims = more | claims
    return claims


def _client(login: OpenId) -> Any:
    """The provider's client of this app. It reads the provider's description once.

    Raises:
        ValueError: the description is of another issuer.
    """
    if CLIENT not in current_app.extensions:
        current_app.extensions[CLIENT] = OAuth(current_app).register(
            "provider",
            client_id=login.client_id,
            client_secret=login.client_secret,
            server_metadata_url=f"{login.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile email", "code_challenge_method": "S256",
                "default_timeout": TIMEOUT_S,
            },
        )  # fmt: skip
    client = current_app.extensions[CLIENT]
    if client.load_server_metadata().get("issuer") != login.issuer:
        message = "the provider describes itself as another issuer"
        raise ValueError(message)
    return client


@contextmanager
def _failures() -> Iterator[None]:
    """Turn what goes wrong into our errors; the reason is for the log alone."""
    try:
        yield
    except (OAuthError, JoseError) as error:
        log.warning("sign_in.refused", error=type(error).__name__, reason=str(error))
        raise SignInFailed("The sign-in did not work") from error
    except (RequestException, ValueError) as error:
        log.error("sign_in.provider_away", error=type(error).__name__, reason=str(error))  # noqa: TRY400
        raise Unavailable("The sign-in provider does not answer as it should") from error

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from integration.foundation.errors import Unauthenticated
from integration.jira.signature import check_bearer, check_hmac

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)

# From https://developer.atlassian.com/cloud/jira/platform/webhooks/
SECRET = "It's a Secret to Everybody"
BODY = b"Hello World!"
SIGNATURE = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"


def test_atlassians_own_example_is_accepted() -> None:
    check_hmac(SECRET, BODY, SIGNATURE)


@pytest.mark.parametrize(
    ("secret", "body", "header"),
    [
        (SECRET, b"Hello World?", SIGNATURE),
        ("another secret", BODY, SIGNATURE),
        (SECRET, BODY, SIGNATURE[:-1] + "8"),
        (SECRET, BODY, None),
        (SECRET, BODY, ""),
        (SECRET, BODY, SIGNATURE.removeprefix("sha256=")),
        (SECRET, BODY, "sha1=" + hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()),
        (SECRET, BODY, "sha256=é"),
    ],
)
def test_a_wrong_signature_is_refused(secret: str, body: bytes, header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        check_hmac(secret, body, header)


def test_an_empty_secret_signs_nothing() -> None:
    signed_with_nothing = "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest()

    with pytest.raises(Unauthenticated):
        check_hmac("", BODY, signed_with_nothing)


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _bearer(claims: object, secret: str = "client-secret", alg: str = "HS256") -> str:
    signed = f"{_part({'alg': alg, 'typ': 'JWT'})}.{_part(claims)}"
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"Bearer {signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@pytest.mark.parametrize("claims", [{}, {"iss": "anything"}, {"exp": NOW.timestamp() + 1}])
def test_a_bearer_token_needs_a_good_signature_and_no_particular_claims(claims: object) -> None:
    check_bearer("client-secret", _bearer(claims), NOW)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic abc",
        "Bearer a.b",
        "Bearer !.!.!",
        _bearer({}, secret="another"),
        _bearer({}, alg="none"),
        _bearer({"exp": NOW.timestamp()}),
        _bearer([]),
        _bearer({}).rpartition(".")[0] + ".",
    ],
)
def test_any_other_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        check_bearer("client-secret", header, NOW)

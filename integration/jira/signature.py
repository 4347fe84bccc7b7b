"""Who sent a webhook: HMAC of an admin webhook, or the bearer JWT of an OAuth app's webhook."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from integration.foundation.errors import Unauthenticated

if TYPE_CHECKING:
    from datetime import datetime


def check_hmac(secret: str, body: bytes, header: str | None) -> None:
    """Check `X-Hub-Signature: sha256=<hex>` over the raw body; raises Unauthenticated.

    An empty secret never matches: without one, anybody could sign.
    """
    method, _, signature = (header or "").partition("=")
    if method != "sha256":
        raise Unauthenticated("The X-Hub-Signature header with a sha256 signature is missing.")
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    matches = hmac.compare_digest(expected.encode(), signature.strip().lower().encode())
    if not (secret and matches):
        raise Unauthenticated("The webhook's signature does not match the workspace's secret.")


def check_bearer(client_secret: str, header: str | None, now: datetime) -> None:
    """Check `Authorization: Bearer <JWT>`, HS256 with the app's client secret.

    Atlassian documents neither claims nor algorithm, so only the signature is required, and `exp`
    where present. The body is not covered by it. Raises Unauthenticated.
    """
    scheme, _, token = (header or "").partition(" ")
    parts = token.strip().split(".")
    if scheme.lower() != "bearer" or len(parts) != 3:
        raise Unauthenticated("The Authorization header with a bearer JWT is missing.")
    claims = _json_part(parts[1])
    if _json_part(parts[0]).get("alg") != "HS256":
        raise Unauthenticated("The webhook's JWT is not signed with HS256.")
    signed = f"{parts[0]}.{parts[1]}".encode()
    expected = hmac.new(client_secret.encode(), signed, hashlib.sha256).digest()
    if not (client_secret and hmac.compare_digest(expected, _bytes_part(parts[2]))):
        raise Unauthenticated("The webhook's JWT is not signed with the app's client secret.")
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires <= now.timestamp():
        raise Unauthenticated("The webhook's JWT has expired.")


def _json_part(text: str) -> dict[str, Any]:
    try:
        value = json.loads(_bytes_part(text))
    except ValueError as error:
        raise Unauthenticated("The webhook's JWT cannot be read.") from error
    if not isinstance(value, dict):
        raise Unauthenticated("The webhook's JWT cannot be read.")
    return value


def _bytes_part(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated("The webhook's JWT cannot be read.") from error

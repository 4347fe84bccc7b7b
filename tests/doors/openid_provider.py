"""A small OpenID Connect provider on loopback: real HTTP, RS256, PKCE, one key set.

It signs in whoever the test names without asking, and can be told to lie in one respect.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from base64 import urlsafe_b64encode
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Flask, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from integration.sandbox.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Response

CLIENT_ID, CLIENT_SECRET = "storymeter-test", "a-secret-between-two"


@dataclass(slots=True)
class Provider:
    """The provider's state, which tests read and change."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Who signs in: `sub`, `email` and so on."""
    lies: dict[str, Any] = field(default_factory=dict)
    """Claims of the ID token that are not what they should be."""
    described_issuer: str = ""
    """What its description calls it, where not its own issuer."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    signs_with: RSAKey | OctKey | None = None
    """Another key than the published one."""
    refuses: str = ""
    """The error it answers instead of a code."""
    grants: dict[str, dict[str, str]] = field(default_factory=dict)

    def id_token(self, granted: dict[str, str]) -> str:
        """Sign what the client is told."""
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": granted["client_id"], "iat": now, "exp": now + 300,
            "nonce": granted["nonce"], **self.claims, **self.lies,
        }  # fmt: skip
        key = self.signs_with or self.key
        algorithm = "HS256" if isinstance(key, OctKey) else "RS256"
        header = {"alg": algorithm, "kid": key.kid or "one"}
        return jwt.encode(header, claims, key, algorithms=[algorithm])


def app_of(provider: Provider) -> Flask:
    """The provider's endpoints."""
    app = Flask("provider")

    @app.get("/.well-known/openid-configuration")
    def describe() -> Any:
        base = provider.issuer
        return jsonify(
            issuer=provider.described_issuer or base,
            authorization_endpoint=f"{base}/authorize", token_endpoint=f"{base}/token",
            jwks_uri=f"{base}/jwks", response_types_supported=["code"],
            id_token_signing_alg_values_supported=["RS256"], subject_types_supported=["public"],
        )  # fmt: skip

    @app.get("/jwks")
    def keys() -> Any:
        return jsonify(KeySet([provider.key]).as_dict(private=False))

    @app.get("/authorize")
    def authorize() -> Response:
        asked = request.args
        if provider.refuses:
            answer = {"error": provider.refuses}
        else:
            code = secrets.token_urlsafe(16)
            provider.grants[code] = asked.to_dict()
            answer = {"code": code}
        query = urlencode(answer | {"state": asked["state"]})
        return redirect(f"{asked['redirect_uri']}?{query}")

    @app.post("/token")
    def token() -> Any:
        sent = request.form
        granted = provider.grants.pop(sent.get("code", ""), None)
        who = request.authorization
        is_client = who and (who.username, who.password) == (CLIENT_ID, CLIENT_SECRET)
        if granted is None or not is_client or not _proves(granted, sent.get("code_verifier", "")):
            return jsonify(error="invalid_grant"), 400
        return jsonify(
            access_token=secrets.token_urlsafe(16), token_type="Bearer", expires_in=300,
            id_token=provider.id_token(granted),
        )  # fmt: skip

    return app


def _proves(granted: dict[str, str], verifier: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()
    return granted["code_challenge_method"] == "S256" and granted["code_challenge"] == challenge


@contextmanager
def running_provider() -> Iterator[Provider]:
    """Serve a provider for the length of the block."""
    provider = Provider()
    with serve(app_of(provider), provider) as running:
        provider.issuer = running.base_url
        yield provider

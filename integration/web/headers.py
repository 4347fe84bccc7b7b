"""What every answer tells browsers: our pages load from us alone and run no script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import request

from integration.web.service import service

if TYPE_CHECKING:
    from flask import Flask, Response

POLICY = (
    "default-src 'none'; style-src 'self'{style}; img-src 'self' data:; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "private, no-cache",
}
HTTPS_ONLY = "max-age=31536000"


def content_policy(style_hash: str = "") -> str:
    """The content security policy; a page that carries its stylesheet names its hash."""
    return POLICY.format(style=f" '{style_hash}'" if style_hash else "")


def register(app: Flask) -> None:
    """Let the app send these headers with every answer that does not set its own."""
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Add the headers that are not there yet."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Content-Security-Policy", content_policy())
    if request.is_secure or service().public_url.startswith("https://"):
        response.headers.setdefault("Strict-Transport-Security", HTTPS_ONLY)
    return response

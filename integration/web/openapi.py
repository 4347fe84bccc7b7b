"""GET /openapi.json: what every JSON door takes and answers."""

from __future__ import annotations

from functools import cache

import msgspec
from flask import Blueprint, Response

from integration.web.access import open_to_all
from integration.web.described_doors import DOORS
from integration.web.door_description import JSON, description

openapi = Blueprint("openapi", __name__)


@openapi.get("/openapi.json")
@open_to_all
def get_openapi() -> Response:
    """The description of the HTTP API, in OpenAPI 3.1."""
    return Response(_document(), content_type=JSON)


@cache
def _document() -> bytes:
    return msgspec.json.encode(description(DOORS))

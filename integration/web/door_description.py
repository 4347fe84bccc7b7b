"""How doors are described in OpenAPI 3.1; their shapes are the ones that decode and answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from integration.web import answers

if TYPE_CHECKING:
    from collections.abc import Mapping

REF = "#/components/schemas/{name}"
JSON = "application/json"
PROBLEM = "application/problem+json"
PROTOBUF = "application/x-protobuf"

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """One method of one door; its problems are those of the one table in `errors.py`."""

    summary: str
    tag: str
    scope: str = ""
    """The scope of the API key; empty when no key is asked for."""
    signature: str = ""
    """Whose signature is asked for instead."""
    takes: Mapping[str, Any] = field(default_factory=dict)
    """Content type to shape or schema of the body."""
    answers: Mapping[int, tuple[str, Any, str]] = field(default_factory=dict)
    """Status to content type, shape or schema, and what it means."""
    also: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    """Further content types of an answer, each with its shape or schema."""
    problems: tuple[int, ...] = ()
    headers: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    """What may stand in the query, as text."""
    shapes: tuple[type, ...] = ()
    """Shapes that its schemas refer to by name."""


def description(doors: Mapping[tuple[str, str], Door]) -> Json:
    """Return the whole document about these doors, by method and path."""
    shapes = [answers.Problem, *_shapes(doors)]
    _, components = msgspec.json.schema_components(shapes, ref_template=REF)
    paths: Json = {}
    for (method, path), door in doors.items():
        paths.setdefault(path, {})[method] = _operation(method, path, door)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "StoryMeter",
            "version": "1",
            "description": (
                "Every AI dollar and every gram of CO₂e on the story that spent it. Amounts are "
                "Decimal strings, or integers whose unit ends their name: `_nanousd` 10⁻⁹ US "
                "dollar, `_uwh` 10⁻⁶ watt-hour, `_ugco2e` 10⁻⁶ gram CO₂e. null is unknown."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _security_schemes()},
    }


def _shapes(doors: Mapping[tuple[str, str], Door]) -> list[type]:
    found: dict[type, None] = {}
    for door in doors.values():
        answered = (answer[1] for answer in door.answers.values())
        further = (body for kinds in door.also.values() for body in kinds.values())
        bodies = [*door.shapes, *door.takes.values(), *answered, *further]
        found |= dict.fromkeys(body for body in bodies if isinstance(body, type))
    return list(found)


def _operation(method: str, path: str, door: Door) -> Json:
    operation: Json = {
        "operationId": _operation_id(method, path),
        "summary": door.summary,
        "tags": [door.tag],
        "security": _security(door),
        "responses": _responses(door),
    }
    asked: list[Json] = [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}}
        for name in door.query
    ]
    headers = (HEADER_PARAMETERS[name] for name in door.headers)
    parameters = [*_path_parameters(path), *headers, *asked]
    if parameters:
        operation["parameters"] = parameters
    if door.takes:
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": _schema(body)} for kind, body in door.takes.items()},
        }
    return operation


def _responses(door: Door) -> Json:
    responses: Json = {}
    for status, (kind, body, meaning) in door.answers.items():
        kinds = ({kind: body} if kind else {}) | dict(door.also.get(status, {}))
        content = {each: {"schema": _schema(shape)} for each, shape in kinds.items()}
        responses[str(status)] = {"description": meaning} | (
            {"content": content} if content else {}
        )
    keyed = (401, 403, 429) if door.scope else ()
    for status in sorted({*keyed, *door.problems, 503}):
        if str(status) not in responses:
            responses[str(status)] = {
                "description": MEANINGS[status],
                "content": {PROBLEM: {"schema": _schema(answers.Problem)}},
            }
    return responses


def _schema(body: Any) -> Json:
    if isinstance(body, type):
        return {"$ref": REF.format(name=body.__name__)}
    return dict(body)


def _security(door: Door) -> list[Json]:
    if door.scope:
        return [{"bearer": [door.scope]}, {"header": [door.scope]}]
    return [{door.signature: []}] if door.signature else []


def _path_parameters(path: str) -> list[Json]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    kinds = {"sprint_id": {"type": "integer"}}
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": kinds.get(name, {"type": "string"}),
        }
        for name in names
    ]


def _operation_id(method: str, path: str) -> str:
    words = [part.strip("{}").replace(".", "_").replace("-", "_") for part in path.split("/")]
    return "_".join([method, *(word for word in words if word)])


def _security_schemes() -> Json:
    return {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, `smk_…`, bound to one workspace.",
        },
        "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
        "jira": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Hub-Signature",
            "description": "HMAC-SHA256 of the raw body under the webhook's secret.",
        },
        "slack": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Slack-Signature",
            "description": "Slack's signature over timestamp and raw body.",
        },
    }


MEANINGS = {
    400: "Something in the request needs mending; `errors` names it",
    401: "No API key, an unknown or revoked one, or a wrong signature",
    403: "The API key lacks the scope",
    404: "There is no such thing in this workspace",
    409: "The request contradicts what is already recorded",
    413: "The body is over the limit of this door",
    429: "Too many requests with this API key; send it again after `Retry-After`",
    503: "Send it again after `Retry-After`; nothing was stored",
}
HEADER_PARAMETERS: dict[str, Json] = {
    name: {"name": name, "in": "header", "required": False, "schema": {"type": kind}}
    for name, kind in (
        ("X-StoryMeter-Authorization-Id", "string"),
        ("X-StoryMeter-Model", "string"),
        ("X-StoryMeter-Provider", "string"),
        ("X-StoryMeter-Input-Tokens", "integer"),
        ("X-StoryMeter-Max-Output-Tokens", "integer"),
        ("X-StoryMeter-Story", "string"),
        ("X-StoryMeter-Team", "string"),
        ("X-StoryMeter-Feature", "string"),
        ("X-StoryMeter-Branch", "string"),
        ("X-StoryMeter-Key-Alias", "string"),
        ("X-StoryMeter-Environment", "string"),
        ("X-StoryMeter-Workload-Class", "string"),
    )
}

"""How requests are read and answers are written: pages, dates, lists, error collections."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar, cast

from flask import current_app, g, jsonify, request

from integration.sandbox.jira.refusals import JiraRefusalError, bad_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from integration.sandbox.jira.config import Json, JsonObject, Person
    from integration.sandbox.jira.state import Site

ItemT = TypeVar("ItemT")


def site() -> Site:
    """Return the site that the running application serves."""
    return cast("Site", current_app.extensions["jira-site"])


def me() -> Person:
    """Return who signed in."""
    return cast("Person", g.person)


def version() -> str:
    """Return the REST version of the path: "2" or "3"."""
    return cast("str", g.get("version", "3"))


def require_admin() -> None:
    """Refuse whoever may not administer Jira."""
    if not me().admin:
        raise JiraRefusalError(
            403,
            "You are not authorized to perform this action. Administrator privileges are required.",
        )


def stamp(instant: datetime) -> str:
    """Write an instant as Jira's REST API does."""
    moment = instant.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def stamp_or_none(instant: datetime | None) -> str | None:
    """Write an instant that may be missing."""
    return stamp(instant) if instant else None


def millis(instant: datetime) -> int:
    """Write an instant as epoch milliseconds."""
    return int(instant.timestamp() * 1000)


def body() -> JsonObject:
    """Return the request's JSON object; raises 400 for anything else."""
    found = request.get_json(silent=True, force=True)
    if not isinstance(found, dict):
        raise bad_request("There was an error parsing JSON. Check that your request body is valid.")
    return found


def any_body() -> Json:
    """Return the request's JSON of any kind; raises 400 when it is none."""
    if not request.data:
        raise bad_request("The request body is empty.")
    try:
        return request.get_json(force=True)
    except Exception as error:
        raise bad_request("Property value should be valid JSON.") from error


def only(payload: JsonObject, *allowed: str) -> JsonObject:
    """Return the payload; raises 400 when it has keys that the operation does not know."""
    unknown = sorted(set(payload) - set(allowed))
    if unknown:
        raise bad_request(f'Invalid request payload: unknown property "{unknown[0]}".')
    return payload


def flag(name: str, *, default: bool = False) -> bool:
    """Read a boolean query parameter."""
    given = request.args.get(name)
    return default if given is None else given.lower() == "true"


def number(name: str, default: int) -> int:
    """Read a whole number from the query; raises 400 when it is none or negative."""
    given = request.args.get(name)
    if given is None or given == "":
        return default
    if not given.isdecimal():
        raise bad_request(f"Invalid value '{given}' for query parameter '{name}'.")
    return int(given)


def listed(name: str) -> list[str]:
    """Read a query parameter that may be repeated or hold values with commas."""
    return [part for given in request.args.getlist(name) for part in given.split(",") if part]


def comma(value: Json) -> list[str]:
    """Split a list or a comma-separated string of a request body."""
    given = value.split(",") if isinstance(value, str) else value or []
    return [str(part).strip() for part in given if str(part).strip()]


def window(items: Sequence[ItemT], most: int = 50, top: int = 1000) -> tuple[list[ItemT], int, int]:
    """Cut the asked page out of the items; return it with startAt and maxResults."""
    start = number("startAt", 0)
    size = min(number("maxResults", most), top)
    return list(items[start : start + size]), start, size


def page(items: Sequence[Json], most: int = 50, top: int = 1000) -> Response:
    """Answer with a page bean; the items are whole, the page is cut here."""
    cut, start, size = window(items, most, top)
    is_last = start + len(cut) >= len(items)
    answer: JsonObject = {
        "self": request.url,
        "maxResults": size,
        "startAt": start,
        "total": len(items),
        "isLast": is_last,
        "values": cut,
    }
    if not is_last:
        answer["nextPage"] = f"{request.base_url}?startAt={start + size}&maxResults={size}"
    return jsonify(answer)


def rest_url(path: str) -> str:
    """Return the address of a REST resource in the version that was asked."""
    return f"{site().base_url}/rest/api/{version()}/{path}"


def nothing(status: int = 204) -> Response:
    """Answer without a body, with the content type that Jira sends even then."""
    return current_app.response_class(status=status, mimetype="application/json")


def refusal(error: JiraRefusalError) -> Response:
    """Answer with Jira's error collection."""
    answer = jsonify({"errorMessages": error.messages, "errors": error.errors})
    answer.status_code = error.status
    return answer

"""Search over REST: `search/jql` with page tokens, counts, parsing; the old search is gone."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, current_app, jsonify, request

from integration.sandbox.jira.issue_view import IssueView
from integration.sandbox.jira.jql import JqlError, parse_jql
from integration.sandbox.jira.jql_match import Matcher, candidates, in_order
from integration.sandbox.jira.jql_structure import order_structure, where_structure
from integration.sandbox.jira.refusals import JiraRefusalError, bad_request
from integration.sandbox.jira.wire import body, comma, flag, listed, me, only, site, version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from integration.sandbox.jira.config import Json, JsonObject
    from integration.sandbox.jira.state import Issue

search_api = Blueprint("search", __name__)
GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full "
    "migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
UNBOUNDED = (
    "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
)
_KEYS = (
    "jql", "maxResults", "fields", "fieldsByKeys", "expand", "properties", "nextPageToken",
    "reconcileIssues",
)  # fmt: skip
_REMEMBERED = 200


class _Place(NamedTuple):
    """Where a page token points: into the result of one query."""

    query: str
    start: int


class Results:
    """The results of the last queries, so that their pages stay whole while issues change."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, list[int]] = OrderedDict()

    def keep(self, name: str, ids: list[int]) -> None:
        """Remember a result; the oldest is forgotten."""
        self._ids[name] = ids
        self._ids.move_to_end(name)
        if len(self._ids) > _REMEMBERED:
            self._ids.popitem(last=False)

    def get(self, name: str) -> list[int] | None:
        """Return a result that is still remembered."""
        return self._ids.get(name)


def find_issues(jql: str, reconcile: Sequence[int] = (), *, bounded: bool = True) -> list[Issue]:
    """Return the matching issues in order; raises 400 for bad or unbounded JQL."""
    try:
        query = parse_jql(jql)
        if bounded and query.where is None:
            raise bad_request(UNBOUNDED)
        test = Matcher(site(), me().account_id).test(query.where)
        pool = candidates(site(), query, me().account_id)
        if site().weather.search_lag_s:
            pool = _as_indexed(list(site().issues.values()), set(reconcile))
        return in_order(site(), [issue for issue in pool if test(issue)], query.order)
    except JqlError as error:
        raise bad_request(str(error)) from error


def _as_indexed(pool: list[Issue], reconcile: set[int]) -> list[Issue]:
    """Show each issue as the lagging index knows it, but the reconciled ones as they are."""
    lag, now = site().weather.search_lag_s, site().now()
    seen: list[Issue] = []
    for issue in pool:
        if issue.id in reconcile or (now - issue.updated).total_seconds() >= lag:
            seen.append(issue)
        elif issue.before is not None:
            seen.append(issue.before)
    return seen


@search_api.post("/search/jql")
def search_post() -> Response:
    """Search with a JSON body; unknown keys are refused."""
    payload = {key: value for key, value in body().items() if value is not None}
    return _search(only(payload, *_KEYS))


@search_api.get("/search/jql")
def search_get() -> Response:
    """Search with query parameters."""
    args: JsonObject = {
        "jql": request.args.get("jql", ""),
        "fields": listed("fields"),
        "expand": request.args.get("expand", ""),
        "properties": listed("properties"),
        "reconcileIssues": listed("reconcileIssues"),
        "fieldsByKeys": flag("fieldsByKeys"),
    }
    for name in ("maxResults", "nextPageToken"):
        if request.args.get(name):
            args[name] = request.args[name]
    return _search(args)


def _whole(value: Json, name: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_request(f"The value of {name} must be a whole number.") from None


def _search(asked: JsonObject) -> Response:
    jql = asked.get("jql") or ""
    reconcile = [_whole(entry, "reconcileIssues") for entry in asked.get("reconcileIssues") or []]
    properties = comma(asked.get("properties"))
    size = _whole(asked.get("maxResults", 50), "maxResults")
    if len(reconcile) > 50:
        raise bad_request("A maximum of 50 issue ids can be reconciled.")
    if len(properties) > 5:
        raise bad_request("A maximum of 5 issue property keys can be specified.")
    if not 0 <= size <= 5000 or not isinstance(jql, str):
        raise bad_request("The maxResults parameter must be between 0 and 5000.")
    fields = comma(asked.get("fields"))
    view = IssueView(site(), version(), fields, comma(asked.get("expand")), properties)
    if not view.ids_only:
        size = min(size, 100 if view.choice.everything or view.choice.navigable else 1000)
    name, start, ids = _result(jql, asked.get("nextPageToken"), reconcile)
    cut = [site().issues[number] for number in ids[start : start + size] if number in site().issues]
    is_last = start + size >= len(ids)
    answer: JsonObject = {"issues": [view.bean(issue) for issue in cut], "isLast": is_last}
    if not is_last and size:
        answer["nextPageToken"] = _token(_Place(name, start + size))
    _names_and_schema(view, cut, answer)
    return jsonify(answer)


def _names_and_schema(view: IssueView, cut: list[Issue], answer: JsonObject) -> None:
    if {"names", "schema"} & view.expand:
        fields = {field.id: field for issue in cut for field in view.choice.fields(issue)}
        if "names" in view.expand:
            answer["names"] = view.names(fields.values())
        if "schema" in view.expand:
            answer["schema"] = view.schema(fields.values())


def _result(jql: str, token: Json, reconcile: list[int]) -> tuple[str, int, list[int]]:
    """Return the result's name, where the page starts, and the ids of the whole result."""
    results: Results = current_app.extensions["jira-results"]
    digest = hashlib.sha256(f"{me().account_id} {jql}".encode()).hexdigest()[:16]
    if token:
        place = _place(str(token))
        if not place.query.startswith(digest):
            raise bad_request("The provided next page token is invalid or expired.")
        known = results.get(place.query)
        if known is not None:
            return place.query, place.start, known
        return place.query, place.start, [issue.id for issue in find_issues(jql, reconcile)]
    name = f"{digest}-{site().next_id('result')}"
    ids = [issue.id for issue in find_issues(jql, reconcile)]
    results.keep(name, ids)
    return name, 0, ids


def _token(place: _Place) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(token: str) -> _Place:
    try:
        query, start = json.loads(base64.urlsafe_b64decode(token))
        return _Place(str(query), int(start))
    except (ValueError, TypeError, binascii.Error) as error:
        raise bad_request("The provided next page token is invalid or expired.") from error


@search_api.post("/search/approximate-count")
def count() -> Response:
    """Count what a query finds."""
    return jsonify({"count": len(find_issues(only(body(), "jql").get("jql") or ""))})


@search_api.route("/search", methods=["GET", "POST"])
def old_search() -> Response:
    """Say that this search is gone on Cloud; Data Center still has it."""
    if site().config.deployment != "Server":
        raise JiraRefusalError(410, GONE)
    asked = body() if request.method == "POST" else dict(request.args)
    found = find_issues(str(asked.get("jql") or ""), bounded=False)
    start = _whole(asked.get("startAt", 0), "startAt")
    size = min(_whole(asked.get("maxResults", 50), "maxResults"), 1000)
    fields = comma(asked.get("fields")) or ["*navigable"]
    view = IssueView(site(), version(), fields, comma(asked.get("expand")))
    return jsonify(
        {
            "expand": "schema,names",
            "startAt": start,
            "maxResults": size,
            "total": len(found),
            "issues": [view.bean(issue) for issue in found[start : start + size]],
        }
    )


@search_api.post("/jql/parse")
def parse() -> Response:
    """Parse queries; strict validation also checks fields and values."""
    validation = request.args.get("validation", "strict")
    answers = []
    for text in only(body(), "queries").get("queries") or []:
        entry: JsonObject = {"query": text}
        try:
            query = parse_jql(str(text))
            structure: JsonObject = {}
            if query.where is not None:
                structure["where"] = where_structure(query.where)
            if query.order:
                structure["orderBy"] = order_structure(query.order)
            if validation != "none":
                Matcher(site(), me().account_id).test(query.where)
                in_order(site(), [], query.order)
            entry["structure"] = structure
        except JqlError as error:
            entry["warnings" if validation == "warn" else "errors"] = [str(error)]
        answers.append(entry)
    return jsonify({"queries": answers})

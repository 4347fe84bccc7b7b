"""Search: ids by default, pages by token, refusals, and an index that lags on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.jira.steps import MovingClock, Rest

SEARCH = "/rest/api/3/search/jql"


def test_only_ids_come_unless_fields_are_asked_for(rest: Rest) -> None:
    key = rest.story(labels=["ai"])
    rest("PUT", f"/rest/api/3/issue/{key}/properties/storymeter", {"v": 1})
    plain = rest("POST", SEARCH, {"jql": "project = SHOP"})
    assert plain == {"issues": [{"id": "10000"}], "isLast": True}
    asked = {"jql": "labels = ai", "fields": ["labels"], "properties": ["storymeter"]}
    (shown,) = rest("POST", SEARCH, asked)["issues"]
    assert shown["key"] == key
    assert shown["fields"] == {"labels": ["ai"]}
    assert shown["properties"] == {"storymeter": {"v": 1}}


def test_five_thousand_issues_come_whole_in_ten_requests_per_thousand(rest: Rest) -> None:
    rest("POST", "/_sandbox/seed", {"issues": 5000, "project": "SHOP"})
    ids: list[str] = []
    asked: dict[str, Any] = {
        "jql": "project = SHOP ORDER BY updated", "fields": ["*navigable"], "maxResults": 100
    }  # fmt: skip
    requests = 0
    while True:
        found = rest("POST", SEARCH, asked)
        requests += 1
        ids += [issue["id"] for issue in found["issues"]]
        if found["isLast"]:
            break
        asked["nextPageToken"] = found["nextPageToken"]
    assert len(ids) == len(set(ids)) == 5000
    assert requests == 50
    assert rest("POST", "/rest/api/3/search/approximate-count", {"jql": "project = SHOP"}) == {
        "count": 5000
    }


def test_issues_that_change_while_pages_are_read_are_neither_lost_nor_doubled(
    rest: Rest, clock: MovingClock
) -> None:
    keys = [rest.story(f"Story {number}") for number in range(6)]
    asked = {"jql": "project = SHOP ORDER BY updated", "fields": ["key"], "maxResults": 3}
    first = rest("POST", SEARCH, asked)
    clock.move(minutes=1)
    rest("PUT", f"/rest/api/3/issue/{keys[0]}", {"fields": {"summary": "Changed"}})
    second = rest("POST", SEARCH, asked | {"nextPageToken": first["nextPageToken"]})
    seen = [issue["id"] for page in (first, second) for issue in page["issues"]]
    assert seen == [str(10000 + number) for number in range(6)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"jql": "ORDER BY key"}, "Unbounded JQL queries are not allowed here."),
        ({"jql": ""}, "Unbounded JQL queries are not allowed here."),
        ({"jql": "project = SHOP", "startAt": 0}, "startAt"),
        ({"jql": "project = SHOP", "maxResults": 5001}, "between 0 and 5000"),
        ({"jql": "project = SHOP", "nextPageToken": "nonsense"}, "token is invalid"),
        ({"jql": "project = SHOP", "reconcileIssues": list(range(51))}, "maximum of 50"),
        ({"jql": "project = SHOP", "properties": list("abcdef")}, "maximum of 5"),
        ({"jql": "universe = 42"}, "Field 'universe' does not exist"),
    ],
)
def test_a_bad_search_is_refused(rest: Rest, body: dict[str, Any], message: str) -> None:
    refused = rest("POST", SEARCH, body, expect=400)
    assert message in refused["errorMessages"][0]


def test_a_token_belongs_to_its_query(rest: Rest) -> None:
    for name in ("One", "Two"):
        rest.story(name)
    first = rest("POST", SEARCH, {"jql": "project = SHOP", "maxResults": 1})
    other = {"jql": "key = SHOP-1", "nextPageToken": first["nextPageToken"]}
    rest("POST", SEARCH, other, expect=400)


def test_a_lagging_index_shows_the_past_unless_reconciled(rest: Rest, clock: MovingClock) -> None:
    key = rest.story(labels=["old"])
    clock.move(minutes=10)
    rest("POST", "/_sandbox/search-lag", {"seconds": 60})
    clock.move(minutes=10)
    rest("PUT", f"/rest/api/3/issue/{key}", {"fields": {"labels": ["new"]}})
    rest.story("Fresh", labels=["new"])
    assert rest.keys("labels = new") == []
    assert rest.keys("labels = old") == [key]
    asked = {"jql": "labels = new", "reconcileIssues": [10000, 10001]}
    assert len(rest("POST", SEARCH, asked)["issues"]) == 2
    clock.move(seconds=61)
    assert rest.keys("labels = new ORDER BY key") == [key, "SHOP-2"]


def test_strict_parsing_names_what_is_wrong(rest: Rest) -> None:
    body = {"queries": ["sprint in openSprints() ORDER BY key", "universe = 42", "summary = x"]}
    good, field, operator = rest("POST", "/rest/api/3/jql/parse?validation=strict", body)["queries"]
    assert "errors" not in good
    assert good["structure"]["where"]["operand"]["function"] == "openSprints"
    assert "'universe' does not exist" in field["errors"][0]
    assert "is not supported by the 'summary' field" in operator["errors"][0]

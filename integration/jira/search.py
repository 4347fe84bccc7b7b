"""Stories by JQL, page by page, with their Sprint history: memory does not grow with the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.jira.failures import JiraFailure
from integration.jira.issue_json import story_field_ids, story_of
from integration.jira.traffic import MOST_PAGES, PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from integration.backlog.story import Story
    from integration.jira.traffic import Traffic

MOST_RECONCILED = 50
IDS_PER_PAGE = 5_000
"""As many as Jira gives when nothing but ids is asked for."""
FETCHED_AT_ONCE = 100


def stories(traffic: Traffic, jql: str, reconcile: Sequence[int]) -> Iterator[Story]:
    """Yield the stories that a bounded JQL finds.

    On Cloud two requests per page of 100: the search and the changelogs of its issues in bulk.
    """
    connection = traffic.connection
    if connection.is_cloud:
        pages = _cloud_pages(traffic, jql, reconcile)
    else:
        fields = story_field_ids(connection)
        asked = {"jql": jql, "maxResults": PAGE, "fields": fields, "expand": ["changelog"]}
        pages = _pages(traffic, asked)
    for issues in pages:
        histories = _histories(traffic, issues)
        for issue in issues:
            yield story_of(issue, histories.get(str(issue["id"]), ()), connection)


def histories_of(traffic: Traffic, key: str) -> list[dict[str, Any]]:
    """Return the whole changelog of one issue; Data Center gives it with the issue instead."""
    if not traffic.connection.sprint_field_id:
        return []
    return list(traffic.pages(f"{traffic.connection.rest}/issue/{key}/changelog"))


def ids(traffic: Traffic, jql: str) -> Iterator[int]:
    """Yield the ids of the issues that a bounded JQL finds: one request per 5,000 on Cloud."""
    if traffic.connection.is_cloud:
        asked: dict[str, Any] = {"jql": jql, "maxResults": IDS_PER_PAGE, "fields": ["id"]}
        pages = _token_pages(traffic, asked)
    else:
        pages = _pages(traffic, {"jql": jql, "maxResults": 1_000, "fields": ["id"]})
    return (int(issue["id"]) for page in pages for issue in page)


def existing(traffic: Traffic, issue_ids: Sequence[int]) -> set[int]:
    """Return those of the issues that Jira still has and shows us; the index has no say in it."""
    if not traffic.connection.is_cloud:
        return {each for each in issue_ids if _exists(traffic, each)}
    found: set[int] = set()
    for start in range(0, len(issue_ids), FETCHED_AT_ONCE):
        some = [str(each) for each in issue_ids[start : start + FETCHED_AT_ONCE]]
        body = {"issueIdsOrKeys": some, "fields": ["summary"]}
        path = f"{traffic.connection.rest}/issue/bulkfetch"
        answer = traffic.call("POST", path, body=body, idempotent=True)
        found |= {int(issue["id"]) for issue in answer.get("issues") or ()}
    return found


def _exists(traffic: Traffic, issue_id: int) -> bool:
    path = f"{traffic.connection.rest}/issue/{issue_id}"
    try:
        traffic.call("GET", path, params={"fields": "summary"})
    except JiraFailure as failure:
        if failure.status == 404:
            return False
        raise
    return True


def _cloud_pages(
    traffic: Traffic, jql: str, reconcile: Sequence[int]
) -> Iterator[list[dict[str, Any]]]:
    """Yield pages of what a Story is made of."""
    body: dict[str, Any] = {
        "jql": jql,
        "maxResults": PAGE,
        "fields": story_field_ids(traffic.connection),
    }
    if reconcile:
        body["reconcileIssues"] = list(reconcile)[:MOST_RECONCILED]
    return _token_pages(traffic, body)


def _token_pages(traffic: Traffic, body: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield pages by token. The last page has no token; an empty page ends the chain as well."""
    seen: str | None = None
    for _ in range(MOST_PAGES):
        path = f"{traffic.connection.rest}/search/jql"
        page = traffic.call("POST", path, body=body, idempotent=True)
        issues = page.get("issues") or []
        token = page.get("nextPageToken")
        if issues:
            yield issues
        if not issues or not token or page.get("isLast") is True:
            return
        if token == seen:
            break
        body["nextPageToken"] = seen = token
    raise JiraFailure("Jira's search does not come to an end.", permanent=False)


def _pages(traffic: Traffic, body: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield pages of Data Center's search."""
    start = 0
    for _ in range(MOST_PAGES):
        path = f"{traffic.connection.rest}/search"
        page = traffic.call("POST", path, body=body | {"startAt": start}, idempotent=True)
        issues = page.get("issues") or []
        start += len(issues)
        if issues:
            yield issues
        if not issues or start >= int(page.get("total") or 0):
            return
    raise JiraFailure("Jira's search does not come to an end.", permanent=False)


def _histories(traffic: Traffic, issues: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the Sprint changes of a page's issues by issue id."""
    connection = traffic.connection
    if not connection.is_cloud:
        return {
            str(issue["id"]): (issue.get("changelog") or {}).get("histories") or []
            for issue in issues
        }
    found: dict[str, list[dict[str, Any]]] = {}
    if not connection.sprint_field_id:
        return found
    body: dict[str, Any] = {
        "issueIdsOrKeys": [str(issue["id"]) for issue in issues],
        "fieldIds": [connection.sprint_field_id],
    }
    for _ in range(MOST_PAGES):
        path = f"{connection.rest}/changelog/bulkfetch"
        page = traffic.call("POST", path, body=body, idempotent=True)
        for log in page.get("issueChangeLogs") or ():
            found.setdefault(str(log["issueId"]), []).extend(log.get("changeHistories") or ())
        if not page.get("nextPageToken"):
            return found
        body["nextPageToken"] = page["nextPageToken"]
    raise JiraFailure("Jira's changelog does not come to an end.", permanent=False)

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


def stories(traffic: Traffic, jql: str, reconcile: Sequence[int]) -> Iterator[Story]:
    """Yield the stories that a bounded JQL finds.

    On Cloud two requests per page of 100: the search and the changelogs of its issues in bulk.
    """
    connection = traffic.connection
    pages = _cloud_pages(traffic, jql, reconcile) if connection.is_cloud else _pages(traffic, jql)
    for issues in pages:
        histories = _histories(traffic, issues)
        for issue in issues:
            yield story_of(issue, histories.get(str(issue["id"]), ()), connection)


def histories_of(traffic: Traffic, key: str) -> list[dict[str, Any]]:
    """Return the whole changelog of one issue; Data Center gives it with the issue instead."""
    if not traffic.connection.sprint_field_id:
        return []
    return list(traffic.pages(f"{traffic.connection.rest}/issue/{key}/changelog"))


def _cloud_pages(
    traffic: Traffic, jql: str, reconcile: Sequence[int]
) -> Iterator[list[dict[str, Any]]]:
    """Yield pages by token. The last page has no token; an empty page ends the chain as well."""
    body: dict[str, Any] = {
        "jql": jql,
        "maxResults": PAGE,
        "fields": story_field_ids(traffic.connection),
    }
    if reconcile:
        body["reconcileIssues"] = list(reconcile)[:MOST_RECONCILED]
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


def _pages(traffic: Traffic, jql: str) -> Iterator[list[dict[str, Any]]]:
    """Yield pages of Data Center's search, changelogs included."""
    fields, start = story_field_ids(traffic.connection), 0
    for _ in range(MOST_PAGES):
        body = {
            "jql": jql,
            "startAt": start,
            "maxResults": PAGE,
            "fields": fields,
            "expand": ["changelog"],
        }
        path = f"{traffic.connection.rest}/search"
        page = traffic.call("POST", path, body=body, idempotent=True)
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

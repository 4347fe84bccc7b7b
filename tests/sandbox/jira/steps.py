"""What the tests of the local Jira do again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

FIELD_TYPES = "com.atlassian.jira.plugin.system.customfieldtypes:"


@dataclass
class MovingClock:
    """A clock that stands still until a test moves it."""

    at: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Rest:
    """A small REST client that fails loudly, so that tests read as what they do."""

    base_url: str
    auth: tuple[str, str]

    def answer(self, method: str, path: str, body: Any = None, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("auth", self.auth)
        return requests.request(
            method, self.base_url + path, json=body, timeout=10, allow_redirects=False, **kwargs
        )

    def __call__(
        self, method: str, path: str, body: Any = None, expect: int | None = None, **kwargs: Any
    ) -> Any:
        answer = self.answer(method, path, body, **kwargs)
        if expect is None:
            assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        else:
            assert answer.status_code == expect, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def story(self, summary: str = "Answer in chat", kind: str = "Story", **fields: Any) -> str:
        """Create an issue in SHOP and return its key."""
        given = {"project": {"key": "SHOP"}, "issuetype": {"name": kind}, "summary": summary}
        key: str = self("POST", "/rest/api/3/issue", {"fields": given | fields})["key"]
        return key

    def fields(self, key: str, *names: str) -> dict[str, Any]:
        """Return fields of an issue."""
        path = f"/rest/api/3/issue/{key}?fields={','.join(names)}"
        shown: dict[str, Any] = self("GET", path)["fields"]
        return shown

    def number_field(self, name: str = "Cost USD", *, associated: bool = True) -> str:
        """Create a number field and return its id."""
        body = {
            "name": name,
            "type": FIELD_TYPES + "float",
            "searcherKey": FIELD_TYPES + "exactnumber",
        }
        field_id: str = self("POST", "/rest/api/3/field", body)["id"]
        if associated:
            self("PUT", "/rest/api/3/field/association", association(field_id))
        return field_id

    def sprint(self, name: str = "Sprint 1", *, started: bool = True) -> int:
        """Create a Sprint on the first board, two weeks long, and return its id."""
        body = {"name": name, "originBoardId": 1}
        sprint_id: int = self("POST", "/rest/agile/1.0/sprint", body)["id"]
        if started:
            dates = {"startDate": "2026-11-02T09:00:00Z", "endDate": "2026-11-16T09:00:00Z"}
            self("POST", f"/rest/agile/1.0/sprint/{sprint_id}", {"state": "active", **dates})
        return sprint_id

    def keys(self, jql: str) -> list[str]:
        """Return the keys which a query finds, in order."""
        found = self("POST", "/rest/api/3/search/jql", {"jql": jql, "fields": ["key", "summary"]})
        return [issue["key"] for issue in found["issues"]]


def association(field_id: str, project_id: int = 10000) -> dict[str, Any]:
    """The body that associates a field with a project."""
    return {
        "associationContexts": [{"type": "PROJECT_ID", "identifier": project_id}],
        "fields": [{"type": "FIELD_ID", "identifier": field_id}],
    }


def adf(*lines: str) -> dict[str, Any]:
    """A document with one paragraph per line."""
    paragraphs = [{"type": "paragraph", "content": [{"type": "text", "text": t}]} for t in lines]
    return {"type": "doc", "version": 1, "content": paragraphs}

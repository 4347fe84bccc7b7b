"""A local Jira site, the people who work on it, and our gateway to it; all over HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import requests

from integration.jira.connection import ApiToken, Bearer, JiraConnection
from integration.jira.gateway import JiraGateway
from integration.jira.limiter import IssueWriteLimiter

if TYPE_CHECKING:
    from integration.sandbox.jira.config import JiraConfig

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
SPRINT_FIELD = "customfield_10020"
POINTS_FIELD = "customfield_10016"


@dataclass
class MovingClock:
    """A clock that a test moves on."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def tick(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


@dataclass
class World:
    """The site at `base_url` as people use it, with their clock."""

    base_url: str
    clock: MovingClock
    config: JiraConfig
    waits: list[float] = field(default_factory=list)
    """What the gateway would have slept; the clock moves on instead."""

    def connection(self, **changes: Any) -> JiraConnection:
        is_cloud = self.config.deployment == "Cloud"
        deployment: Literal["cloud", "datacenter"] = "cloud" if is_cloud else "datacenter"
        token = self.config.token
        base = JiraConnection(
            workspace_id="acme",
            site_url=self.base_url,
            api_base=self.base_url,
            auth=ApiToken(self.config.email, token) if is_cloud else Bearer(token),
            deployment=deployment,
            account_id=self.config.account_id,
            project_keys=("DEMO",),
            sprint_field_id=SPRINT_FIELD,
            story_points_field_id=POINTS_FIELD,
        )
        return replace(base, **changes)

    def gateway(self, **changes: Any) -> JiraGateway:
        limiter = IssueWriteLimiter(lambda: self.clock.now().timestamp())
        connection = self.connection(**changes)
        return JiraGateway(connection, self.clock, limiter=limiter, pause=self.pause)

    def pause(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.tick(seconds=seconds)

    def control(self, path: str, **body: Any) -> Any:
        answer = requests.post(f"{self.base_url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def asked(self) -> dict[str, int]:
        """How often each method and route was called since the last `forget`."""
        answer = requests.get(f"{self.base_url}/_sandbox/requests", timeout=10)
        counts: dict[str, int] = answer.json()["counts"]
        return counts

    def forget(self) -> None:
        requests.delete(f"{self.base_url}/_sandbox/requests", timeout=10).raise_for_status()

    def as_ada(self, method: str, path: str, body: Any = None) -> Any:
        """Do something as Ada, a person with a token of her own."""
        ada = self.config.people[0]
        is_cloud = self.config.deployment == "Cloud"
        answer = requests.request(
            method,
            self.base_url + path,
            json=body,
            auth=(ada.email, ada.token) if is_cloud else None,
            headers={} if is_cloud else {"Authorization": f"Bearer {ada.token}"},
            timeout=10,
        )
        assert answer.ok, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    @property
    def rest(self) -> str:
        return "/rest/api/3" if self.config.deployment == "Cloud" else "/rest/api/2"

    def story(self, summary: str = "Answer in chat", **fields: Any) -> str:
        """Create a story and return its key."""
        asked = {
            "project": {"key": "DEMO"},
            "issuetype": {"name": "Story"},
            "summary": summary,
            **fields,
        }
        key: str = self.as_ada("POST", f"{self.rest}/issue", {"fields": asked})["key"]
        return key

    def sprint(self, name: str = "Sprint 1") -> int:
        board = self.as_ada("GET", "/rest/agile/1.0/board")["values"][0]["id"]
        asked = {
            "name": name,
            "originBoardId": board,
            "startDate": START.isoformat().replace("+00:00", ".000Z"),
            "endDate": (START + timedelta(days=14)).isoformat().replace("+00:00", ".000Z"),
        }
        made: int = self.as_ada("POST", "/rest/agile/1.0/sprint", asked)["id"]
        return made

    def put_in_sprint(self, sprint_id: int, *keys: str) -> None:
        path = f"/rest/agile/1.0/sprint/{sprint_id}/issue"
        self.as_ada("POST", path, {"issues": list(keys)})

    def set_sprint_state(self, sprint_id: int, state: str) -> None:
        self.as_ada("POST", f"/rest/agile/1.0/sprint/{sprint_id}", {"state": state})

    def issue(self, key: str) -> Any:
        return self.as_ada("GET", f"{self.rest}/issue/{key}")

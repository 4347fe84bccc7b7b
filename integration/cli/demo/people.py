"""What Acme's people and gateway do: everything over HTTP, as anyone could."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import requests

from integration.cli.demo.acme import HEADINGS, PROJECT
from integration.foundation.errors import StoryMeterError

TIMEOUT_S = 30
Json = dict[str, Any]


class StepDidNotHappen(StoryMeterError):
    """A step of the demo did not have its result."""

    code = "step_did_not_happen"


@dataclass(slots=True)
class ProductOwner:
    """Ada, in Jira."""

    base_url: str
    email: str
    token: str
    http: requests.Session = field(default_factory=requests.Session)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call Jira's REST API."""
        answer = self.http.request(
            method, self.base_url + path, json=body, auth=(self.email, self.token),
            timeout=TIMEOUT_S,
        )  # fmt: skip
        if not answer.ok:
            raise StepDidNotHappen(
                f"Jira answered {answer.status_code} to {path}: {answer.text[:200]}"
            )
        return answer.json() if answer.content else None

    def write_story(
        self, summary: str, labels: list[str], description: Json | None,
        issue_type: str = "Story", assignee: str = "",
    ) -> str:  # fmt: skip
        """Create a story; returns its key."""
        fields: Json = {
            "project": {"key": PROJECT},
            "issuetype": {"name": issue_type},
            "summary": summary,
            "labels": labels,
        }
        if description:
            fields["description"] = description
        if assignee:
            fields["assignee"] = {"accountId": assignee}
        return str(self.ask("POST", "/rest/api/3/issue", {"fields": fields})["key"])

    def describe(self, key: str, description: Json) -> None:
        """Write a story's description."""
        self.ask("PUT", f"/rest/api/3/issue/{key}", {"fields": {"description": description}})

    def fields(self, key: str) -> Json:
        """A story's fields by the names that people see."""
        issue = self.ask("GET", f"/rest/api/3/issue/{key}?expand=names")
        return {issue["names"][name]: value for name, value in issue["fields"].items()}

    def comments(self, key: str) -> list[Json]:
        """A story's comments."""
        found = self.ask("GET", f"/rest/api/3/issue/{key}/comment")["comments"]
        return list(found)

    def finish(self, key: str) -> None:
        """Move a story to Done."""
        path = f"/rest/api/3/issue/{key}/transitions"
        done = next(each for each in self.ask("GET", path)["transitions"] if each["name"] == "Done")
        self.ask("POST", path, {"transition": {"id": done["id"]}})

    def new_sprint(self, board_id: int, name: str, goal: str = "") -> int:
        """Create a future Sprint."""
        body = {"name": name, "originBoardId": board_id} | ({"goal": goal} if goal else {})
        return int(self.ask("POST", "/rest/agile/1.0/sprint", body)["id"])

    def plan(self, sprint_id: int, keys: list[str]) -> None:
        """Pull stories into a Sprint."""
        self.ask("POST", f"/rest/agile/1.0/sprint/{sprint_id}/issue", {"issues": keys})

    def start_sprint(self, sprint_id: int, start: str, end: str) -> None:
        """Start a Sprint."""
        body = {"state": "active", "startDate": start, "endDate": end}
        self.ask("POST", f"/rest/agile/1.0/sprint/{sprint_id}", body)

    def close_sprint(self, sprint_id: int, next_sprint_id: int) -> None:
        """Close a Sprint as people do, moving what is unfinished to the next one."""
        self.ask(
            "POST", f"/_sandbox/sprints/{sprint_id}/close", {"moveUnfinishedTo": next_sprint_id}
        )


@dataclass(slots=True)
class SlackPeople:
    """The team, in Slack."""

    base_url: str
    channel: str
    http: requests.Session = field(default_factory=requests.Session)

    def act(self, what: str, body: Json) -> Json:
        """Do something in Slack as a person; returns what happened."""
        answer = self.http.post(f"{self.base_url}/_sandbox/{what}", json=body, timeout=TIMEOUT_S)
        result: Json = answer.json()
        if not answer.ok:
            raise StepDidNotHappen(f"Slack answered {answer.status_code} to {what}: {result}")
        return result

    def messages(self) -> list[Json]:
        """All messages of the team's channel, threads included."""
        answer = self.http.get(
            f"{self.base_url}/_sandbox/messages", params={"channel": self.channel},
            timeout=TIMEOUT_S,
        )  # fmt: skip
        return list(answer.json()["messages"])


@dataclass(slots=True)
class Gateway:
    """Acme's LLM gateway, which meters every call and asks before dear ones."""

    base_url: str
    keys: dict[str, str]
    http: requests.Session = field(default_factory=requests.Session)

    def ask(self, method: str, path: str, scope: str, body: object = None) -> requests.Response:
        """Call StoryMeter with the key of a scope."""
        return self.http.request(
            method, self.base_url + path, json=body, timeout=TIMEOUT_S,
            headers={"Authorization": f"Bearer {self.keys[scope]}"},
        )  # fmt: skip

    def report(self, events: list[Json], batch: int = 500) -> Json:
        """Report usage in batches; returns the counts added up."""
        totals: Json = {"accepted": 0, "duplicates": 0, "rejected": 0}
        for start in range(0, len(events), batch):
            body = {"events": events[start : start + batch]}
            answer = self.ask("POST", "/v1/usage-events", "ingest", body)
            if answer.status_code != 200:
                raise StepDidNotHappen(f"Usage was answered {answer.status_code}: {answer.text}")
            said = answer.json()
            totals["accepted"] += said["accepted"]
            totals["duplicates"] += said["duplicates"]
            totals["rejected"] += len(said["rejected"])
        return totals


def table(*rows: tuple[str, ...]) -> Json:
    """An ADF document with the section's heading and a filled-in workload table."""

    def cell(kind: str, text: str) -> Json:
        content = [{"type": "text", "text": text}] if text else []
        return {"type": kind, "attrs": {}, "content": [{"type": "paragraph", "content": content}]}

    heading = {"type": "tableRow", "content": [cell("tableHeader", name) for name in HEADINGS]}
    body = [{"type": "tableRow", "content": [cell("tableCell", c) for c in row]} for row in rows]
    return {
        "type": "doc",
        "version": 1,
        "content": [
            {
                "type": "heading", "attrs": {"level": 3},
                "content": [{"type": "text", "text": "AI Cost & Carbon"}],
            },
            {"type": "table", "attrs": {}, "content": [heading, *body]},
        ],
    }  # fmt: skip

"""Sign-in, limits and outages; and the site as Data Center."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integration.sandbox.jira.config import JiraConfig
from integration.sandbox.jira.seed import seed_project
from integration.sandbox.jira.server import start_jira
from tests.sandbox.jira.steps import MovingClock, Rest

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_the_twenty_first_write_of_an_issue_within_two_seconds_waits(
    rest: Rest, clock: MovingClock
) -> None:
    key, other = rest.story("Busy"), rest.story("Calm")
    path = f"/rest/api/3/issue/{key}"
    for number in range(20):
        rest("PUT", path, {"fields": {"summary": f"Write {number}"}}, expect=204)
    refused = rest.answer("PUT", path, {"fields": {"summary": "One too many"}})
    assert refused.status_code == 429
    assert refused.headers["RateLimit-Reason"] == "jira-per-issue-on-write"
    assert refused.headers["Retry-After"] == "2"
    assert rest.fields(key, "summary") == {"summary": "Write 19"}
    rest("PUT", f"/rest/api/3/issue/{other}", {"fields": {"summary": "Free"}}, expect=204)
    clock.move(seconds=2)
    rest("PUT", path, {"fields": {"summary": "Now"}}, expect=204)


def test_a_hundred_writes_in_thirty_seconds_are_the_most(rest: Rest, clock: MovingClock) -> None:
    path = f"/rest/api/3/issue/{rest.story()}/properties/p"
    for number in range(100):
        clock.move(seconds=0.25)
        rest("PUT", path, number)
    refused = rest.answer("PUT", path, 100)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "6")
    rest("POST", "/_sandbox/limits", {"per_issue": False})
    rest("PUT", path, 100)


def test_the_next_requests_are_refused_on_demand(rest: Rest) -> None:
    plan = {"requests": 2, "retry_after": 1847, "reason": "jira-quota-tenant-based"}
    rest("POST", "/_sandbox/limits", plan)
    for _ in range(2):
        answer = rest.answer("GET", "/rest/api/3/myself")
        assert answer.status_code == 429
        assert answer.headers["Retry-After"] == "1847"
        assert answer.headers["RateLimit-Reason"] == "jira-quota-tenant-based"
        assert answer.headers["X-RateLimit-Reset"] == "2026-11-02T09:30:47Z"
    rest("GET", "/rest/api/3/myself")
    rest("POST", "/_sandbox/limits", {"requests": 1, "retry_after": None, "reason": None})
    answer = rest.answer("GET", "/rest/api/3/myself")
    assert answer.status_code == 429
    assert "Retry-After" not in answer.headers


def test_an_outage_answers_503_until_it_is_over(rest: Rest) -> None:
    rest("POST", "/_sandbox/outage", {"on": True})
    assert rest.answer("GET", "/rest/api/3/myself").status_code == 503
    rest("POST", "/_sandbox/outage", {"on": False})
    assert rest.answer("GET", "/rest/api/3/myself").status_code == 200


def test_requests_and_documents_are_counted(rest: Rest) -> None:
    rest.story()
    rest("GET", "/rest/api/3/issue/SHOP-1")
    log = rest("GET", "/_sandbox/requests")
    assert log["total"] == 2
    assert sorted(log["counts"].values()) == [1, 1]
    assert rest("GET", "/_sandbox/adf") == []
    rest("DELETE", "/_sandbox/requests")
    assert rest("GET", "/_sandbox/requests")["total"] == 0


@pytest.mark.parametrize("path", ["/rest/api/3/nothing", "/rest/api/4/myself", "/nothing"])
def test_a_path_that_is_not_there_is_404_in_json(rest: Rest, path: str) -> None:
    assert rest("GET", path, expect=404)["errorMessages"]


def test_a_stopped_server_answers_nobody(clock: MovingClock) -> None:
    running = start_jira(JiraConfig(), clock)
    rest = Rest(running.base_url, ("storymeter@example.com", "sandbox-token"))
    rest("GET", "/rest/api/3/myself")
    running.stop()
    with pytest.raises(OSError, match="Connection refused"):
        rest("GET", "/rest/api/3/myself")


@pytest.fixture
def data_center(clock: MovingClock) -> Iterator[Rest]:
    with start_jira(JiraConfig(deployment="Server"), clock) as running:
        seed_project(running.state, "SHOP", "Web shop")
        yield Rest(running.base_url, ("", ""))


def test_data_center_speaks_version_2_with_bearer_tokens(data_center: Rest) -> None:
    bearer: dict[str, Any] = {"auth": None, "headers": {"Authorization": "Bearer sandbox-token"}}
    assert data_center("GET", "/rest/api/2/serverInfo", **bearer)["deploymentType"] == "Server"
    me = data_center("GET", "/rest/api/2/myself", **bearer)
    assert (me["name"], "accountId" in me) == ("storymeter", False)
    data_center("GET", "/rest/api/3/myself", expect=404, **bearer)
    data_center("POST", "/rest/api/2/search/jql", {"jql": "project = SHOP"}, 404, **bearer)
    fields = {"project": {"key": "SHOP"}, "issuetype": {"name": "Story"}, "summary": "On site"}
    body = {"fields": fields | {"description": "h2. *Wiki*", "assignee": {"name": "ada"}}}
    data_center("POST", "/rest/api/2/issue", body, **bearer)
    found = data_center("GET", "/rest/api/2/search?jql=project=SHOP", **bearer)
    assert found["total"] == 1
    assert found["issues"][0]["fields"]["description"] == "h2. *Wiki*"
    assert found["issues"][0]["fields"]["assignee"]["name"] == "ada"
    wrong: dict[str, Any] = {"auth": None, "headers": {"Authorization": "Bearer wrong"}}
    data_center("GET", "/rest/api/2/myself", expect=401, **wrong)

"""The `jira` library works against the local Jira with its defaults, in version 2 and 3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jira import JIRA, JIRAError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integration.sandbox.jira.config import JiraConfig
    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer
    from tests.sandbox.jira.steps import MovingClock, Rest

WIKI = """h2. AI Cost & Carbon

||model||calls||
|gpt-4o-mini|4k|
|claude-3_5|1.2M|

Please *check*."""


def client(server: RunningServer[Site], config: JiraConfig, version: str) -> JIRA:
    options: dict[str, Any] = {"server": server.base_url, "rest_api_version": version}
    auth = (config.email, config.token)
    return JIRA(options=options, basic_auth=auth, max_retries=0, timeout=(5, 20))


@pytest.fixture
def jira2(server: RunningServer[Site], config: JiraConfig) -> Iterator[JIRA]:
    library = client(server, config, "2")
    yield library
    library.close()  # type: ignore[no-untyped-call]  # The library leaves it untyped.


@pytest.fixture
def jira3(server: RunningServer[Site], config: JiraConfig) -> Iterator[JIRA]:
    library = client(server, config, "3")
    yield library
    library.close()  # type: ignore[no-untyped-call]  # The library leaves it untyped.


def test_a_wiki_table_written_by_version_2_is_an_adf_table_in_version_3(
    jira2: JIRA, jira3: JIRA
) -> None:
    made = jira2.create_issue(
        project="SHOP", issuetype="Story", summary="Chat answers", description=WIKI, labels=["ai"]
    )
    document = jira3.issue(made.key, fields="description").raw["fields"]["description"]
    assert [block["type"] for block in document["content"]] == ["heading", "table", "paragraph"]
    rows = document["content"][1]["content"]
    texts = [[cell["content"][0]["content"][0]["text"] for cell in row["content"]] for row in rows]
    assert texts == [["model", "calls"], ["gpt-4o-mini", "4k"], ["claude-3_5", "1.2M"]]
    assert [cell["type"] for cell in rows[0]["content"]] == ["tableHeader"] * 2
    assert document["content"][2]["content"][1]["marks"] == [{"type": "strong"}]
    assert jira2.issue(made.key).fields.description == WIKI


def test_a_sprint_lives_through_the_library(jira2: JIRA, clock: MovingClock, rest: Rest) -> None:
    board = jira2.boards(projectKeyOrID="SHOP")[0]
    sprint = jira2.create_sprint("Sprint 1", board.id)
    story = jira2.create_issue(project="SHOP", issuetype="Story", summary="In the Sprint")
    jira2.add_issues_to_sprint(sprint.id, [story.key])
    dates = {"startDate": "2026-11-02T09:00:00.000Z", "endDate": "2026-11-16T09:00:00.000Z"}
    jira2.update_sprint(sprint.id, name="Sprint 1", **dates)
    started = jira2.update_sprint(sprint.id, state="active")
    assert started["state"] == "active"
    assert started["startDate"] == dates["startDate"]
    clock.move(days=14)
    assert jira2.update_sprint(sprint.id, state="closed")["state"] == "closed"
    assert jira2.sprint(sprint.id).completeDate == "2026-11-16T09:00:00.000Z"
    found = jira2.enhanced_search_issues(f"sprint = {sprint.id}", fields="summary")
    assert [issue.key for issue in found] == [story.key]
    assert [s.name for s in jira2.sprints(board.id, state="closed")] == ["Sprint 1"]


@pytest.mark.parametrize("use_post", [False, True])
def test_the_library_finds_all_pages(jira3: JIRA, rest: Rest, *, use_post: bool) -> None:
    rest("POST", "/_sandbox/seed", {"issues": 250, "project": "SHOP", "labels": ["ai"]})
    query = "project = SHOP AND labels = ai ORDER BY key"
    found = jira3.enhanced_search_issues(query, maxResults=0, fields="key", use_post=use_post)
    assert len(found) == 250
    assert len({issue.id for issue in found}) == 250
    assert jira3.approximate_issue_count("project = SHOP") == 250


def test_the_old_search_is_gone(jira2: JIRA) -> None:
    with pytest.raises(JIRAError) as gone:
        jira2._get_json("search", params={"jql": "project = SHOP"})
    assert gone.value.status_code == 410


def test_comments_transitions_and_assignment_work(jira2: JIRA, jira3: JIRA) -> None:
    story = jira2.create_issue(project="SHOP", issuetype="Story", summary="Talked about")
    comment = jira2.add_comment(story, "Costs *4 USD*")
    comment.update(body="Costs *5 USD*")
    assert jira2.comments(story)[0].body == "Costs *5 USD*"
    assert jira3.comments(story)[0].raw["body"]["type"] == "doc"
    jira2.transition_issue(story, "Done")
    fresh = jira2.issue(story.key, expand="changelog")
    assert fresh.fields.status.name == "Done"
    assert fresh.raw["fields"]["resolution"]["name"] == "Done"
    assert {i.field for h in fresh.changelog.histories for i in h.items} == {"status", "resolution"}
    jira2.assign_issue(story, jira2.myself()["accountId"])
    assignee = jira2.issue(story.key).raw["fields"]["assignee"]
    assert assignee["displayName"] == "StoryMeter"
    story.delete()  # type: ignore[no-untyped-call]  # The library leaves it untyped.
    with pytest.raises(JIRAError, match="does not exist"):
        jira2.issue(story.key)


def test_a_wrong_token_is_refused_with_seraphs_reason(server: RunningServer[Site]) -> None:
    with pytest.raises(JIRAError) as refused:
        JIRA(server.base_url, basic_auth=("storymeter@example.com", "wrong"), max_retries=0)
    assert refused.value.status_code == 401
    assert refused.value.response is not None
    assert refused.value.response.headers["X-Seraph-LoginReason"] == "AUTHENTICATION_DENIED"

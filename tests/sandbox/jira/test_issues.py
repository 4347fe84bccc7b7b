"""Issues: what one edit leaves behind, what is refused, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.jira.steps import MovingClock, Rest, adf

if TYPE_CHECKING:
    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer


def test_fields_and_properties_of_one_edit_make_one_history_entry(
    rest: Rest, clock: MovingClock
) -> None:
    field_id = rest.number_field()
    key = rest.story()
    clock.move(hours=1)
    edit = {
        "fields": {field_id: 1.5, "summary": "Answer in chat, fast"},
        "properties": [{"key": "storymeter", "value": {"version": 1}}],
        "historyMetadata": {"type": "storymeter", "description": "estimated"},
    }
    rest("PUT", f"/rest/api/3/issue/{key}?notifyUsers=false", edit, expect=204)
    shown = rest("GET", f"/rest/api/3/issue/{key}?expand=changelog&properties=storymeter")
    assert shown["properties"] == {"storymeter": {"version": 1}}
    (entry,) = shown["changelog"]["histories"]
    assert entry["created"] == "2026-11-02T10:00:00.000+0000"
    assert entry["historyMetadata"]["description"] == "estimated"
    assert entry["items"] == [
        {"field": "Cost USD", "fieldId": field_id, "fieldtype": "custom", "toString": "1.5"},
        {
            "field": "summary",
            "fieldId": "summary",
            "fieldtype": "jira",
            "fromString": "Answer in chat",
            "toString": "Answer in chat, fast",
        },
    ]
    rest("PUT", f"/rest/api/3/issue/{key}", {"fields": {field_id: 1.5}})
    assert rest("GET", f"/rest/api/3/issue/{key}/changelog")["total"] == 1


def test_null_clears_a_number(rest: Rest) -> None:
    field_id = rest.number_field()
    key = rest.story()
    for value in (2.5, None):
        rest("PUT", f"/rest/api/3/issue/{key}", {"fields": {field_id: value}})
        assert rest.fields(key, field_id) == {field_id: value}


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"summary": ""}, "summary", "You must specify a summary of the issue."),
        ({"labels": ["two words"]}, "labels", "The label 'two words' contains spaces"),
        ({"description": "plain"}, "description", "must be an Atlassian Document"),
        ({"priority": {"name": "Odd"}}, "priority", "Priority name 'Odd' is not valid"),
        ({"duedate": "soon"}, "duedate", "yyyy-MM-dd"),
        ({"customfield_99999": 1}, "customfield_99999", "not on the appropriate screen"),
        ({"status": {"name": "Done"}}, "status", "not on the appropriate screen"),
    ],
)
def test_a_wrong_value_is_refused_by_field(
    rest: Rest, fields: dict[str, Any], field: str, message: str
) -> None:
    key = rest.story()
    refused = rest("PUT", f"/rest/api/3/issue/{key}", {"fields": fields}, expect=400)
    assert message in refused["errors"][field]
    assert rest("GET", f"/rest/api/3/issue/{key}/changelog")["total"] == 0


@pytest.mark.parametrize(
    "document",
    [
        {"type": "doc", "version": 1, "content": [{"type": "text", "text": "bare"}]},
        {"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [
            {"type": "text", "text": ""}]}]},
        {"type": "doc", "version": 1, "content": [{"type": "table", "content": []}]},
        {"type": "paragraph"},
    ],
)  # fmt: skip
def test_a_document_that_is_not_adf_is_refused(rest: Rest, document: dict[str, Any]) -> None:
    key = rest.story()
    body = {"fields": {"description": document}}
    rest("PUT", f"/rest/api/3/issue/{key}", body, expect=400)
    rest("POST", f"/rest/api/3/issue/{key}/comment", {"body": document}, expect=400)


def test_operations_add_and_remove_labels(rest: Rest) -> None:
    key = rest.story(labels=["ai", "old"])
    update = {"labels": [{"add": "estimated"}, {"remove": "old"}]}
    rest("PUT", f"/rest/api/3/issue/{key}", {"update": update})
    assert rest.fields(key, "labels") == {"labels": ["ai", "estimated"]}


def test_a_sub_task_needs_a_parent_and_holds_its_deletion(rest: Rest) -> None:
    key = rest.story()
    fields = {"project": {"key": "SHOP"}, "issuetype": {"name": "Sub-task"}, "summary": "Part"}
    rest("POST", "/rest/api/3/issue", {"fields": fields}, expect=400)
    made = rest("POST", "/rest/api/3/issue", {"fields": fields | {"parent": {"key": key}}})
    assert rest.fields(key, "subtasks")["subtasks"][0]["key"] == made["key"]
    rest("DELETE", f"/rest/api/3/issue/{key}", expect=400)
    rest("DELETE", f"/rest/api/3/issue/{key}?deleteSubtasks=true", expect=204)
    rest("GET", f"/rest/api/3/issue/{made['key']}", expect=404)


def test_a_comment_is_edited_in_place(rest: Rest, clock: MovingClock) -> None:
    path = f"/rest/api/3/issue/{rest.story()}/comment"
    made = rest("POST", path, {"body": adf("4 USD")})
    clock.move(minutes=5)
    rest("PUT", f"{path}/{made['id']}", {"body": adf("5 USD")})
    listed = rest("GET", path)
    assert listed["total"] == 1
    assert listed["comments"][0]["body"] == adf("5 USD")
    assert listed["comments"][0]["updated"] == "2026-11-02T09:05:00.000+0000"
    wiki = rest("GET", path.replace("/3/", "/2/"))["comments"][0]["body"]
    assert wiki == "5 USD"


def test_properties_answer_201_then_200_and_have_a_limit(rest: Rest) -> None:
    path = f"/rest/api/3/issue/{rest.story()}/properties/storymeter"
    rest("PUT", path, {"a": 1}, expect=201)
    rest("PUT", path, {"a": 2}, expect=200)
    assert rest("GET", path) == {"key": "storymeter", "value": {"a": 2}}
    rest("PUT", path, "x" * 32768, expect=400)
    rest("DELETE", path, expect=204)
    rest("GET", path, expect=404)


def test_histories_of_many_issues_come_filtered_by_field(rest: Rest, clock: MovingClock) -> None:
    first, second = rest.story("One"), rest.story("Two")
    sprint_id = rest.sprint()
    for key in (second, first):
        clock.move(minutes=1)
        rest("POST", f"/rest/agile/1.0/sprint/{sprint_id}/issue", {"issues": [key]})
        rest("PUT", f"/rest/api/3/issue/{key}", {"fields": {"summary": key}})
    body = {"issueIdsOrKeys": [first, second], "fieldIds": ["customfield_10020"]}
    logs = rest("POST", "/rest/api/3/changelog/bulkfetch", body)["issueChangeLogs"]
    seen = [(log["issueId"], [c["items"][0]["to"] for c in log["changeHistories"]]) for log in logs]
    assert seen == [("10001", [str(sprint_id)]), ("10000", [str(sprint_id)])]


def test_people_act_as_themselves(rest: Rest) -> None:
    key = rest.story()
    body = {"fields": {"summary": "Renamed by Ada"}}
    rest("PUT", f"/rest/api/3/issue/{key}", body, auth=("ada@example.com", "ada-token"))
    (entry,) = rest("GET", f"/rest/api/3/issue/{key}/changelog")["values"]
    assert entry["author"]["accountId"] == "712020:ada"


def test_the_pages_escape_what_people_write(rest: Rest, server: RunningServer[Site]) -> None:
    evil = "<script>alert(1)</script>"
    link = {"type": "link", "attrs": {"href": "javascript:alert(1)"}}
    document = adf(evil)
    document["content"][0]["content"].append({"type": "text", "text": "x", "marks": [link]})
    key = rest.story(evil, description=document, labels=["<b>"])
    rest("POST", f"/rest/api/3/issue/{key}/comment", {"body": adf(evil)})
    for path in ("/", f"/browse/{key}", "/_sandbox/"):
        answer = rest.answer("GET", path)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "javascript:" not in answer.text
    assert "&lt;script&gt;" in rest.answer("GET", f"/browse/{key}").text

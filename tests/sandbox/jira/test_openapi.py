"""Atlassian's own OpenAPI documents judge a walk over the local Jira: requests and answers.

Three places of the documents contradict their own examples and are read with a correction:
identifiers in field associations are numbers and strings, the screens of a screen scheme are
answered, and the clauses of a parsed query are not empty objects.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator

from tests.sandbox.jira.steps import FIELD_TYPES, Rest, adf, association

if TYPE_CHECKING:
    import requests

    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer

FOLDER = Path(
    os.environ.get("STORYMETER_OPENAPI_DIR")
    or Path(__file__).resolve().parents[3].parent / "shared" / "openapi"
)
PLATFORM = "jira-platform-v3.2026-06.examples-parsed.json"
AGILE = "jira-software.2026-06.examples-parsed.json"
ADF = "adf-schema-v1-full.57.7.22.json"
pytestmark = pytest.mark.skipif(
    not (FOLDER / PLATFORM).is_file(), reason="no OpenAPI documents; set STORYMETER_OPENAPI_DIR"
)


@cache
def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text())
    if name == PLATFORM:
        schemas = found["components"]["schemas"]
        for kind in ("AssociationContextObject", "FieldIdentifierObject"):
            del schemas[kind]["properties"]["identifier"]["type"]
        del schemas["JqlQueryClause"]["additionalProperties"]
    return found


def operation(spec: dict[str, Any], method: str, path: str) -> dict[str, Any]:
    """Find the operation of a path, the one with the fewest placeholders first."""
    for template in sorted(spec["paths"], key=lambda known: known.count("{")):
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
        if method in spec["paths"][template] and re.fullmatch(pattern, path):
            found: dict[str, Any] = spec["paths"][template][method]
            return found
    raise AssertionError(f"{method} {path} is not in the document")


def judged(spec: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": spec["components"]} if "$ref" not in schema else {
        "allOf": [schema], "components": spec["components"]
    }  # fmt: skip
    errors = Draft4Validator(whole).iter_errors(value)
    return [f"{error.json_path}: {error.message[:200]}" for error in errors]


class Judge(Rest):
    """A REST client that holds every request and answer against the documents."""

    problems: list[str]
    seen: int

    def answer(self, method: str, path: str, body: Any = None, **kwargs: Any) -> requests.Response:
        answer = super().answer(method, path, body, **kwargs)
        route = path.split("?", maxsplit=1)[0]
        if not route.startswith(("/rest/api/3", "/rest/agile")):
            return answer
        spec = document(AGILE if route.startswith("/rest/agile") else PLATFORM)
        found = operation(spec, method.lower(), route)
        self.seen += 1
        wrong: list[str] = []
        if body is not None and answer.ok:
            schema = found["requestBody"]["content"]["application/json"]["schema"]
            wrong += [f"request {error}" for error in judged(spec, schema, body)]
        described = found["responses"].get(str(answer.status_code))
        if described is None:
            wrong.append(f"status {answer.status_code} is not described")
        elif answer.content and "content" in described:
            schema = described["content"]["application/json"].get("schema", {})
            wrong += [f"answer {error}" for error in judged(spec, schema, answer.json())]
        self.problems += [f"{method} {path}: {error}" for error in wrong]
        return answer


@pytest.fixture
def judge(rest: Rest) -> Judge:
    made = Judge(rest.base_url, rest.auth)
    made.problems, made.seen = [], 0
    return made


def provision(rest: Rest) -> dict[str, str]:
    """Create a field of each kind and put it on the screens; return the ids by type."""
    ids: dict[str, str] = {}
    for kind in ("float", "select", "textarea", "datetime", "url", "textfield", "labels"):
        body = {"name": f"Field {kind}", "type": FIELD_TYPES + kind, "description": "x"}
        ids[kind] = rest("POST", "/rest/api/3/field", body)["id"]
        rest("PUT", "/rest/api/3/field/association", association(ids[kind]))
        base = f"/rest/api/3/field/{ids[kind]}/context"
        context_id = rest("GET", base)["values"][0]["id"]
        rest("GET", f"{base}/projectmapping")
        if kind == "select":
            options = {"options": [{"value": "chat"}, {"value": "batch"}]}
            rest("POST", f"{base}/{context_id}/option", options)
            rest("GET", f"{base}/{context_id}/option")
    rest("GET", "/rest/api/3/issuetypescreenscheme/project?projectId=10000")
    rest("GET", "/rest/api/3/issuetypescreenscheme/mapping")
    for scheme in rest("GET", "/rest/api/3/screenscheme")["values"]:
        screen = f"/rest/api/3/screens/{scheme['screens']['create']}/tabs"
        (tab,) = rest("GET", screen)
        for field_id in ids.values():
            rest("POST", f"{screen}/{tab['id']}/fields", {"fieldId": field_id})
        rest("GET", f"{screen}/{tab['id']}/fields")
    rest("GET", f"/rest/api/3/field/{ids['float']}/screens?expand=tab")
    rest("GET", "/rest/api/3/field/search?type=custom&query=Field")
    rest("GET", "/rest/api/3/projects/fields?projectId=10000&workTypeId=10001")
    return ids


def work_on_a_story(rest: Rest, ids: dict[str, str]) -> str:
    values: dict[str, Any] = {
        ids["float"]: 1.5,
        ids["select"]: {"value": "chat"},
        ids["textarea"]: adf("inputs"),
        ids["datetime"]: "2026-11-02T09:00:00.000+0000",
        ids["url"]: "https://example.com/report",
        ids["textfield"]: "short",
        ids["labels"]: ["a", "b"],
    }
    key = rest.story(description=adf("text"), labels=["ai"], **values)
    rest.story("Part", kind="Sub-task", parent={"key": key})
    path = f"/rest/api/3/issue/{key}"
    metadata = {"type": "storymeter", "actor": {"id": "storymeter", "type": "app"}}
    edit = {
        "fields": {ids["float"]: 2.5},
        "properties": [{"key": "storymeter", "value": {"a": 1}}],
        "historyMetadata": metadata,
    }
    rest("PUT", path + "?notifyUsers=false", edit)
    rest("PUT", path + "/assignee", {"accountId": "712020:ada"})
    rest("POST", path + "/transitions", {"transition": {"id": "31"}})
    made = rest("POST", path + "/comment", {"body": adf("4 USD")})
    rest("PUT", f"{path}/comment/{made['id']}", {"body": adf("5 USD")})
    rest("PUT", path + "/properties/other", {"b": 2})
    rest("POST", path + "/remotelink", {"object": {"url": "https://example.com", "title": "R"}})
    expand = "changelog,names,schema,renderedFields,transitions,editmeta"
    for more in (
        f"?expand={expand}&properties=*all", "/changelog", "/comment?expand=renderedBody",
        "/properties", "/properties/other", "/transitions", "/editmeta", "/remotelink",
    ):  # fmt: skip
        rest("GET", path + more)
    bulk = {"issueIdsOrKeys": [key, "SHOP-404"], "fields": ["*all"]}
    rest("POST", "/rest/api/3/issue/bulkfetch", bulk)
    rest("POST", "/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": [key]})
    return key


def run_a_sprint(rest: Rest, key: str) -> None:
    rest("GET", "/rest/agile/1.0/board?projectKeyOrId=SHOP")
    sprint_id = rest.sprint(started=True)
    path = f"/rest/agile/1.0/sprint/{sprint_id}"
    rest("POST", path + "/issue", {"issues": [key]})
    rest("PUT", path + "/properties/cap", {"usd": 5})
    for more in ("", "/issue", "/properties", "/properties/cap"):
        rest("GET", path + more)
    for more in ("", "/configuration", "/sprint?state=active", "/backlog", "/issue"):
        rest("GET", "/rest/agile/1.0/board/1" + more)
    rest("GET", f"/rest/api/3/issue/{key}")
    rest("POST", path, {"state": "closed"})
    rest("POST", "/rest/agile/1.0/backlog/issue", {"issues": [key]})


def search(rest: Rest, key: str) -> None:
    everything = {
        "jql": "project = SHOP ORDER BY key", "fields": ["*all"], "maxResults": 1,
        "expand": "names,schema,changelog", "properties": ["storymeter"],
    }  # fmt: skip
    found = rest("POST", "/rest/api/3/search/jql", everything)
    rest("POST", "/rest/api/3/search/jql", everything | {"nextPageToken": found["nextPageToken"]})
    rest("POST", "/rest/api/3/search/jql", {"jql": f"key = {key}"})
    rest("POST", "/rest/api/3/search/approximate-count", {"jql": "project = SHOP"})
    queries = ["project = SHOP AND (labels in (a, b) OR sprint in openSprints())", "nothing"]
    rest("POST", "/rest/api/3/jql/parse?validation=strict", {"queries": queries})


def test_requests_and_answers_fit_atlassians_documents(judge: Judge) -> None:
    for path in (
        "serverInfo", "myself", "user?accountId=712020:ada", "user/search?query=ada", "field",
        "issuetype", "status", "priority", "project/search", "project/SHOP",
        "project/SHOP/statuses", "screens", "label", "mypermissions",
        "issue/createmeta/SHOP/issuetypes", "issue/createmeta/SHOP/issuetypes/10001",
    ):  # fmt: skip
        judge("GET", f"/rest/api/3/{path}")
    key = work_on_a_story(judge, provision(judge))
    search(judge, key)
    run_a_sprint(judge, key)
    judge("GET", "/rest/api/3/issue/SHOP-404", expect=404)
    judge("DELETE", f"/rest/api/3/issue/{key}?deleteSubtasks=true")
    assert judge.problems == []
    assert judge.seen > 100


def test_the_judge_refuses_an_answer_that_does_not_fit() -> None:
    schema = {"$ref": "#/components/schemas/User"}
    assert judged(document(PLATFORM), schema, {"accountId": "a"}) == []
    assert len(judged(document(PLATFORM), schema, {"accountId": 5, "odd": 1})) == 2


def test_what_the_sandbox_makes_of_wiki_markup_fits_the_adf_schema(
    rest: Rest, server: RunningServer[Site]
) -> None:
    wiki = (
        "h1. Title\n\nSome *bold*, _em_, {{code}}, [link|https://example.com] and -gone-.\n"
        "||model||calls||\n|gpt-4o|4k|\n\n* one\n** two\n# three\n----\nbq. said\n"
        "{panel}inside{panel}\n{code:python}\nx = 1\n{code}\n{color:#ff0000}red{color}"
    )
    fields = {"project": {"key": "SHOP"}, "issuetype": {"name": "Story"}, "summary": "Wiki"}
    key = rest("POST", "/rest/api/2/issue", {"fields": fields | {"description": wiki}})["key"]
    shown = rest.fields(key, "description")["description"]
    schema = json.loads((FOLDER / ADF).read_text())
    assert [error.message for error in Draft4Validator(schema).iter_errors(shown)] == []

"""Fields as Jira Cloud has them since 2026: association, contexts, screens, team projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.sandbox.jira.seed import seed_project
from tests.sandbox.jira.steps import FIELD_TYPES, Rest, association

if TYPE_CHECKING:
    from integration.sandbox.jira.state import Site
    from integration.sandbox.server import RunningServer

NOT_ON_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."


def create_screen_id(rest: Rest) -> int:
    schemes = rest("GET", "/rest/api/3/issuetypescreenscheme/project?projectId=10000")["values"]
    scheme_id = schemes[0]["issueTypeScreenScheme"]["id"]
    path = f"/rest/api/3/issuetypescreenscheme/mapping?issueTypeScreenSchemeId={scheme_id}"
    default = next(row for row in rest("GET", path)["values"] if row["issueTypeId"] == "default")
    path = f"/rest/api/3/screenscheme?id={default['screenSchemeId']}"
    screen_id: int = rest("GET", path)["values"][0]["screens"]["create"]
    return screen_id


def test_a_new_field_can_be_set_nowhere_until_it_is_associated(rest: Rest) -> None:
    key = rest.story()
    field_id = rest.number_field(associated=False)
    change = {"fields": {field_id: 1.5}}
    refused = rest("PUT", f"/rest/api/3/issue/{key}", change, expect=400)
    assert refused["errors"] == {field_id: NOT_ON_SCREEN.format(field_id)}
    rest("PUT", "/rest/api/3/field/association", association(field_id), expect=204)
    rest("PUT", f"/rest/api/3/issue/{key}", change, expect=204)
    assert rest.fields(key, field_id) == {field_id: 1.5}


def test_creating_asks_the_screen_and_editing_does_not(rest: Rest) -> None:
    field_id = rest.number_field()
    fields = {"project": {"key": "SHOP"}, "issuetype": {"name": "Story"}, "summary": "Priced"}
    body = {"fields": fields | {field_id: 2}}
    refused = rest("POST", "/rest/api/3/issue", body, expect=400)
    assert refused["errors"] == {field_id: NOT_ON_SCREEN.format(field_id)}
    screen_id = create_screen_id(rest)
    tab_id = rest("GET", f"/rest/api/3/screens/{screen_id}/tabs")[0]["id"]
    path = f"/rest/api/3/screens/{screen_id}/tabs/{tab_id}/fields"
    rest("POST", path, {"fieldId": field_id})
    assert rest("POST", "/rest/api/3/issue", body, expect=201)["key"] == "SHOP-1"
    twice = rest("POST", path, {"fieldId": field_id}, expect=400)
    assert twice["errorMessages"] == [f"The field with id {field_id} already exists on the screen."]


def test_putting_a_field_on_a_screen_associates_it_unless_told_not_to(rest: Rest) -> None:
    screen_id = create_screen_id(rest)
    tab_id = rest("GET", f"/rest/api/3/screens/{screen_id}/tabs")[0]["id"]
    path = f"/rest/api/3/screens/{screen_id}/tabs/{tab_id}/fields"
    shown, hidden = (rest.number_field(name, associated=False) for name in ("A", "B"))
    rest("POST", path, {"fieldId": shown})
    rest("POST", path + "?skipFieldAssociation=true", {"fieldId": hidden})
    wanted = "/rest/api/3/projects/fields?projectId=10000&workTypeId=10001&fieldId="
    assert rest("GET", wanted + shown)["total"] == 1
    assert rest("GET", wanted + hidden)["total"] == 0


def test_the_global_context_takes_no_projects(rest: Rest) -> None:
    base = f"/rest/api/3/field/{rest.number_field()}/context"
    context = rest("GET", base)["values"][0]
    assert context["isGlobalContext"] is True
    body = {"projectIds": ["10000"]}
    rest("PUT", f"{base}/{context['id']}/project", body, expect=400)
    rest("POST", base, {"name": "Shop", "projectIds": ["10000"]}, expect=201)
    rest("POST", base, {"name": "Again", "projectIds": ["10000"]}, expect=400)
    assert rest("GET", f"{base}/projectmapping")["total"] == 2


def test_names_are_not_unique_and_the_search_finds_both(rest: Rest) -> None:
    made = {rest.number_field("AI cost"), rest.number_field("AI cost")}
    found = rest("GET", "/rest/api/3/field/search?type=custom&query=ai%20COST")["values"]
    assert {field["id"] for field in found} == made
    assert {field["schema"]["custom"] for field in found} == {FIELD_TYPES + "float"}


@pytest.mark.parametrize(
    "body",
    [
        {"name": "X", "type": FIELD_TYPES + "nothing"},
        {"name": "X", "type": FIELD_TYPES + "float", "searcherKey": FIELD_TYPES + "textsearcher"},
        {"name": "", "type": FIELD_TYPES + "float"},
    ],
)
def test_a_field_that_makes_no_sense_is_refused(rest: Rest, body: dict[str, str]) -> None:
    rest("POST", "/rest/api/3/field", body, expect=400)


def test_only_administrators_make_fields(rest: Rest) -> None:
    body = {"name": "X", "type": FIELD_TYPES + "float"}
    auth = ("ben@example.com", "ben-token")
    rest("POST", "/rest/api/3/field", body, expect=403, auth=auth)
    shown = rest("GET", "/rest/api/3/mypermissions?permissions=ADMINISTER", auth=auth)
    assert shown["permissions"]["ADMINISTER"]["havePermission"] is False


def test_a_team_managed_project_takes_only_its_own_fields(
    rest: Rest, server: RunningServer[Site]
) -> None:
    with server.state.lock:
        team = seed_project(server.state, "TEAM", "Team one", style="next-gen")
    assert rest("GET", "/rest/api/3/project/TEAM")["style"] == "next-gen"
    shared = rest.number_field()
    rest("PUT", "/rest/api/3/field/association", association(shared, team.id), expect=400)
    own = rest(
        "POST",
        "/_sandbox/team-fields",
        {"project": "TEAM", "name": "Own cost", "type": FIELD_TYPES + "float"},
    )["id"]
    fields = {"project": {"key": "TEAM"}, "issuetype": {"name": "Story"}, "summary": "Team"}
    made = rest("POST", "/rest/api/3/issue", {"fields": fields | {own: 3}}, expect=201)
    path = f"/rest/api/3/issue/{made['key']}"
    rest("PUT", path, {"fields": {shared: 1}}, expect=400)
    assert rest.fields(made["key"], own) == {own: 3.0}


def test_choices_must_be_options_of_the_context(rest: Rest) -> None:
    body = {"name": "Workload class", "type": FIELD_TYPES + "select"}
    field_id = rest("POST", "/rest/api/3/field", body)["id"]
    rest("PUT", "/rest/api/3/field/association", association(field_id))
    base = f"/rest/api/3/field/{field_id}/context"
    context_id = rest("GET", base)["values"][0]["id"]
    options = {"options": [{"value": "chat"}, {"value": "batch"}]}
    rest("POST", f"{base}/{context_id}/option", options)
    key = rest.story()
    rest("PUT", f"/rest/api/3/issue/{key}", {"fields": {field_id: {"value": "chat"}}})
    assert rest.fields(key, field_id)[field_id]["value"] == "chat"
    wrong = {"fields": {field_id: {"value": "nothing"}}}
    rest("PUT", f"/rest/api/3/issue/{key}", wrong, expect=400)


def test_a_deleted_field_takes_its_values_along(rest: Rest) -> None:
    field_id = rest.number_field()
    key = rest.story()
    rest("PUT", f"/rest/api/3/issue/{key}", {"fields": {field_id: 1}})
    answer = rest.answer("DELETE", f"/rest/api/3/field/{field_id}")
    assert answer.status_code == 303
    assert rest("GET", answer.headers["Location"].removeprefix(rest.base_url))["progress"] == 100
    assert field_id not in rest("GET", f"/rest/api/3/issue/{key}")["fields"]

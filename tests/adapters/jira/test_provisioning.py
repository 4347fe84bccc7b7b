from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integration.jira.applying import apply
from integration.jira.connection import ApiToken
from integration.jira.diagnosis import diagnose
from integration.jira.fields import CATALOGUE, CUSTOM_FIELD_TYPES, WORKLOAD_CLASSES
from integration.jira.provisioning import plan
from tests.adapters.jira.world import POINTS_FIELD, SPRINT_FIELD

if TYPE_CHECKING:
    from integration.jira.gateway import JiraGateway
    from integration.jira.plan import Plan, Provisioned
    from tests.adapters.jira.world import World

URL = "https://storymeter.example.com/webhooks/jira/acme"


def kinds(made: Plan) -> list[str]:
    return [step.kind for step in made.changes]


def provision(world: World, **changes: Any) -> tuple[Plan, Provisioned]:
    with world.gateway(**changes) as gateway:
        made = plan(gateway, projects=["DEMO"], webhook_url=URL)
        return made, apply(gateway, made)


def second_plan(world: World, done: Provisioned) -> Plan:
    remembered = {"field_ids": done.field_ids, "webhook_secret": done.webhook_secret}
    with world.gateway(**remembered) as gateway:
        return plan(gateway, projects=["DEMO"], webhook_url=URL)


def test_planning_changes_nothing(world: World, gateway: JiraGateway) -> None:
    world.forget()

    made = plan(gateway, projects=["DEMO"], webhook_url=URL)

    assert len(made.changes) > len(CATALOGUE)
    assert {route.split()[0] for route in world.asked()} == {"GET"}


def test_provisioning_twice_leaves_nothing_to_do(world: World) -> None:
    _, done = provision(world)

    again = second_plan(world, done)

    assert kinds(again) == []
    assert again.by_hand == ()
    assert set(done.field_ids) == {spec.name for spec in CATALOGUE}
    assert (done.sprint_field_id, done.story_points_field_id) == (SPRINT_FIELD, POINTS_FIELD)
    assert len(done.webhook_secret) >= 32


def test_provisioned_fields_can_be_written_and_are_on_the_edit_screen(world: World) -> None:
    _, done = provision(world)
    key = world.story()
    cost, kind = done.field_ids["estimated_cost_usd"], done.field_ids["workload_class"]

    with world.gateway(field_ids=done.field_ids) as gateway:
        gateway.write_story(key, {cost: 2.5, kind: {"value": "experiment"}})
        story = gateway.story(key)

    assert story.fields[cost] == 2.5
    assert story.fields[kind]["value"] == "experiment"
    editable = world.as_ada("GET", f"/rest/api/3/issue/{key}/editmeta")["fields"]
    assert set(done.field_ids.values()) <= set(editable)
    offered = [one["value"] for one in editable[kind]["allowedValues"]]
    assert offered == list(WORKLOAD_CLASSES)


def test_a_lost_memory_adopts_the_fields_instead_of_making_them_twice(world: World) -> None:
    _, done = provision(world)

    with world.gateway(webhook_secret=done.webhook_secret) as gateway:
        again = plan(gateway, projects=["DEMO"], webhook_url=URL)

    assert kinds(again) == ["adopt"] * len(CATALOGUE)
    assert again.field_ids == done.field_ids


def make_field(world: World, name: str, kind: str, searcher: str) -> str:
    asked = {
        "name": name,
        "type": CUSTOM_FIELD_TYPES + kind,
        "searcherKey": CUSTOM_FIELD_TYPES + searcher,
    }
    field_id: str = world.as_ada("POST", "/rest/api/3/field", asked)["id"]
    return field_id


def test_a_field_in_another_projects_context_is_adopted_and_extended(world: World) -> None:
    other = world.control("seed", project="OTHER", name="Other")
    field_id = make_field(world, "AI actual tokens", "float", "exactnumber")
    path = f"/rest/api/3/field/{field_id}/context"
    world.as_ada("DELETE", f"{path}/{world.as_ada('GET', path)['values'][0]['id']}")
    bound = {"name": "Other", "projectIds": [other["project_id"]], "issueTypeIds": []}
    world.as_ada("POST", path, bound)

    made, done = provision(world)

    subjects = {(step.kind, step.subject) for step in made.changes}
    assert ("adopt", "AI actual tokens") in subjects
    assert ("context", "AI actual tokens") in subjects
    assert ("create", "AI actual tokens") not in subjects
    assert done.field_ids["actual_tokens"] == field_id
    assert kinds(second_plan(world, done)) == []
    key = world.story()
    with world.gateway(field_ids=done.field_ids) as gateway:
        gateway.write_story(key, {field_id: 7})
        assert gateway.story(key).fields[field_id] == 7


def test_a_field_of_that_name_but_another_type_is_left_alone(world: World) -> None:
    namesake = make_field(world, "AI actual tokens", "textfield", "textsearcher")

    made, done = provision(world)

    (step,) = (one for one in made.steps if one.subject == "AI actual tokens")
    assert step.kind == "create"
    assert "another type" in step.sentence
    assert done.field_ids["actual_tokens"] != namesake


def test_a_field_that_was_deleted_since_is_made_again(world: World) -> None:
    _, done = provision(world)
    lost = done.field_ids["actual_tokens"]
    world.as_ada("POST", f"/rest/api/3/field/{lost}/trash")

    again = second_plan(world, done)

    assert "create" in kinds(again)
    assert "actual_tokens" not in again.field_ids


def test_a_field_that_was_renamed_is_known_by_its_id(world: World) -> None:
    _, done = provision(world)
    renamed = done.field_ids["actual_tokens"]
    world.as_ada("PUT", f"/rest/api/3/field/{renamed}", {"name": "Tokens used"})

    again = second_plan(world, done)

    assert kinds(again) == []
    assert again.field_ids["actual_tokens"] == renamed


def test_a_team_managed_project_falls_back_to_property_and_comment(world: World) -> None:
    world.control("seed", project="TEAM", name="Team", style="next-gen")
    with world.gateway() as gateway:
        made = plan(gateway, projects=["TEAM"])

    assert [(step.kind, step.subject) for step in made.steps] == [("fallback", "TEAM")]
    assert "property" in made.steps[0].sentence
    assert kinds(made) == []


def test_without_rights_everything_is_told_as_hand_steps(modest_world: World) -> None:
    with modest_world.gateway() as gateway:
        made = plan(gateway, projects=["DEMO"], webhook_url=URL)

    assert kinds(made) == []
    assert [step.subject for step in made.by_hand] == ["fields", "DEMO", URL]
    told = " ".join(step.sentence for step in made.by_hand)
    for spec in CATALOGUE:
        assert spec.jira_name in told
    assert URL in told
    assert "jira:issue_updated" in told


def test_without_rights_fields_made_by_hand_are_adopted(modest_world: World) -> None:
    world = modest_world
    field_id = make_field(world, "AI actual tokens", "float", "exactnumber")
    project_id = int(world.as_ada("GET", "/rest/api/3/project/DEMO")["id"])
    association = {
        "associationContexts": [{"type": "PROJECT_ID", "identifier": project_id}],
        "fields": [{"type": "FIELD_ID", "identifier": field_id}],
    }
    world.as_ada("PUT", "/rest/api/3/field/association", association)

    with world.gateway() as gateway:
        made = plan(gateway, projects=["DEMO"])

    assert made.field_ids == {"actual_tokens": field_id}


def test_every_step_says_what_it_does(world: World, gateway: JiraGateway) -> None:
    made = plan(gateway, projects=["DEMO"], webhook_url=URL)

    sentences = [step.sentence for step in made.steps]
    assert all(sentence.endswith((".", "“")) for sentence in sentences)
    assert "Create the field “AI variance %” (float)." in sentences
    assert f"Associate {len(CATALOGUE)} fields with project DEMO." in sentences
    assert f"Create the webhook to {URL}." in sentences


def test_a_webhook_that_lost_events_is_updated_and_not_doubled(world: World) -> None:
    world.as_ada(
        "POST",
        "/rest/webhooks/1.0/webhook",
        {"name": "Old", "url": URL, "events": ["jira:issue_created"]},
    )

    _, done = provision(world)

    (hook,) = world.as_ada("GET", "/rest/webhooks/1.0/webhook")
    assert "sprint_closed" in hook["events"]
    assert kinds(second_plan(world, done)) == []


def test_a_half_done_plan_is_finished_by_the_next(world: World) -> None:
    with world.gateway() as gateway:
        made = plan(gateway, projects=["DEMO"], webhook_url=URL)
        seen: list[str] = []

        def stop_after_three(step: Any) -> None:
            seen.append(step.kind)
            if len(seen) == 3:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            apply(gateway, made, report=stop_after_three)

    next_plan, done = provision(world)

    assert kinds(next_plan)[:4] == ["adopt", "adopt", "adopt", "create"]
    assert kinds(second_plan(world, done)) == []


def test_the_doctor_finds_nothing_on_a_provisioned_site(world: World) -> None:
    _, done = provision(world)
    remembered = {"field_ids": done.field_ids, "webhook_secret": done.webhook_secret}

    with world.gateway(**remembered) as gateway:
        findings = diagnose(gateway, webhook_url=URL)

    assert [finding for finding in findings if not finding.is_well] == []
    assert len(findings) >= 5


def test_the_doctor_names_what_is_missing_and_why(modest_world: World) -> None:
    with modest_world.gateway(sprint_field_id="", account_id="someone") as gateway:
        ill = {one.subject for one in diagnose(gateway, webhook_url=URL) if not one.is_well}

    assert {"account", "sprint field", "fields", "DEMO", URL} <= ill


def test_the_doctor_says_when_the_token_is_refused(world: World) -> None:
    with world.gateway(auth=ApiToken("x@example.com", "bad")) as gateway:
        (finding,) = diagnose(gateway, webhook_url=URL)

    assert not finding.is_well
    assert "401" in finding.sentence

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from integration.jira.applying import apply
from integration.jira.connection import ApiToken
from integration.jira.diagnosis import diagnose, first_look
from integration.jira.field_catalogue import CATALOGUE, CUSTOM_FIELD_TYPES, WORKLOAD_CLASSES
from integration.jira.provisioning import plan
from tests.adapters.jira.world import POINTS_FIELD, SPRINT_FIELD
from tests.golden_files import check_golden

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    assert "Create the field “AI variance %” (number)." in sentences
    assert f"Associate {len(CATALOGUE)} fields with project DEMO." in sentences
    assert f"Create the webhook to {URL}." in sentences


def test_our_fields_go_on_a_tab_of_their_own(world: World) -> None:
    _, done = provision(world)

    path = "/rest/api/3/screens"
    for screen in world.as_ada("GET", path)["values"]:
        tabs = world.as_ada("GET", f"{path}/{screen['id']}/tabs")
        names = [tab["name"] for tab in tabs]
        if "AI Cost & Carbon" not in names:
            continue
        tab = tabs[names.index("AI Cost & Carbon")]
        fields = world.as_ada("GET", f"{path}/{screen['id']}/tabs/{tab['id']}/fields")
        assert [one["id"] for one in fields] == [done.field_ids[spec.name] for spec in CATALOGUE]
        assert names.count("AI Cost & Carbon") == 1
        break
    else:
        raise AssertionError("No screen has our tab")


@pytest.mark.parametrize(
    ("site", "public", "is_told"),
    [
        ("https://acme.atlassian.net", "http://127.0.0.1:8080", True),
        ("https://acme.atlassian.net", "https://storymeter.example.com", False),
        ("http://127.0.0.1:8081", "http://127.0.0.1:8080", False),
    ],
)
def test_an_address_that_jira_cannot_reach_is_told_and_not_registered(
    world: World, site: str, public: str, is_told: bool
) -> None:
    with world.gateway(site_url=site) as gateway:
        made = plan(gateway, projects=["DEMO"], webhook_url=f"{public}/webhooks/jira/acme")

    assert ("webhook" in kinds(made)) is not is_told
    told = [step.sentence for step in made.by_hand]
    assert [public in sentence for sentence in told] == [True] * is_told


def test_what_was_done_by_hand_is_seen_on_a_story(modest_world: World) -> None:
    world = modest_world
    ids = {spec.name: make_field(world, spec.jira_name, spec.type, spec.searcher)
           for spec in CATALOGUE}  # fmt: skip
    world.story()
    with world.gateway(field_ids=ids) as gateway:
        (before,) = plan(gateway, projects=["DEMO"]).by_hand
        put_on_screens(world, ids.values())
        after = plan(gateway, projects=["DEMO"]).by_hand

    assert f"each of our {len(CATALOGUE)} fields" in before.sentence
    assert after == ()


def put_on_screens(world: World, ids: Iterable[str]) -> None:
    path = "/rest/api/3/screens"
    for screen in world.as_ada("GET", path)["values"]:
        (tab, *_) = world.as_ada("GET", f"{path}/{screen['id']}/tabs")
        for field_id in ids:
            field = {"fieldId": field_id}
            world.as_ada("POST", f"{path}/{screen['id']}/tabs/{tab['id']}/fields", field)


def sentences(made: Plan) -> str:
    return "".join(f"{step.mark} {step.sentence}\n" for step in made.steps)


def test_a_plan_reads_as_it_did_last_time(
    world: World, modest_world: World, data_center: World, update_golden: bool
) -> None:
    world.control("seed", project="TEAM", name="Team", style="next-gen")
    texts = []
    for site, projects in ((world, ["DEMO", "TEAM"]), (modest_world, ["DEMO"]),
                           (data_center, ["DEMO"])):  # fmt: skip
        with site.gateway() as gateway:
            texts.append(sentences(plan(gateway, projects=projects, webhook_url=URL)))

    check_golden("jira/plans.txt", "\n".join(texts), update_golden)


def test_the_doctors_words_are_those_of_last_time(
    world: World, modest_world: World, update_golden: bool
) -> None:
    world.control("seed", project="TEAM", name="Team", style="next-gen")
    projects = ("DEMO", "TEAM")
    _, done = provision(world)
    remembered = {"field_ids": done.field_ids, "webhook_secret": done.webhook_secret}
    texts = []
    for site, changes in (
        (world, remembered | {"project_keys": projects}),
        (modest_world, {"sprint_field_id": "", "account_id": "x", "project_keys": ("DEMO", "NO")}),
        (world, {"auth": ApiToken("x@example.com", "bad")}),
    ):
        with site.gateway(**changes) as gateway:
            found = diagnose(gateway, webhook_url=URL)
        lines = [f"{' ' if one.is_well else '!'} {one.sentence}\n" for one in found]
        texts.append("".join(lines).replace(site.base_url, "https://acme.example.com"))

    check_golden("jira/doctor.txt", "\n".join(texts), update_golden)


def test_a_first_look_names_what_was_mistyped(world: World) -> None:
    with world.gateway(project_keys=("DEMO", "DMEO")) as gateway:
        account_id, seen = first_look(gateway)

    assert account_id == world.config.account_id
    assert [one.is_well for one in seen] == [True, True, False]
    assert "no project DMEO; it shows DEMO" in seen[2].sentence


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

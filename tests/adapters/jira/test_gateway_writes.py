from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import requests

from integration.jira import adf
from integration.jira.failures import JiraFailure
from integration.jira.fields import PROPERTY_KEY
from integration.jira.story_template import HEADING, append_section, find_section

if TYPE_CHECKING:
    from integration.jira.gateway import JiraGateway
    from tests.adapters.jira.world import World


def body(words: str) -> adf.Node:
    title = {"type": "heading", "attrs": {"level": 3}, "content": adf.text(HEADING)}
    return adf.document(title, adf.paragraph(words))


def comments(world: World, key: str) -> list[str]:
    listed = world.as_ada("GET", f"{world.rest}/issue/{key}/comment")["comments"]
    return [adf.plain_text(one["body"]) for one in listed]


def new_field(world: World) -> str:
    kind = "com.atlassian.jira.plugin.system.customfieldtypes:float"
    asked = {"name": "AI estimated tokens", "type": kind}
    field_id: str = world.as_ada("POST", "/rest/api/3/field", asked)["id"]
    project_id = int(world.as_ada("GET", "/rest/api/3/project/DEMO")["id"])
    association = {
        "associationContexts": [{"type": "PROJECT_ID", "identifier": project_id}],
        "fields": [{"type": "FIELD_ID", "identifier": field_id}],
    }
    world.as_ada("PUT", "/rest/api/3/field/association", association)
    return field_id


def test_fields_property_and_description_are_one_change(world: World, gateway: JiraGateway) -> None:
    field_id = new_field(world)
    key = world.story(description=adf.document(adf.paragraph("Why")))
    described = append_section(gateway.story(key).description)
    world.forget()

    gateway.write_story(key, {field_id: 1.5}, {"tokens": "1.5"}, description=described)

    assert sum(world.asked().values()) == 1
    issue = world.issue(key)
    assert issue["fields"][field_id] == 1.5
    assert find_section(issue["fields"]["description"]) == 1
    assert gateway.story_property(key) == {"tokens": "1.5"}
    (history,) = world.as_ada("GET", f"/rest/api/3/issue/{key}/changelog")["values"]
    assert {item["fieldId"] for item in history["items"]} == {field_id, "description"}
    assert history["historyMetadata"]["generator"]["id"] == "storymeter"


def test_none_clears_a_field(world: World, gateway: JiraGateway) -> None:
    field_id = new_field(world)
    key = world.story()
    gateway.write_story(key, {field_id: 1.5})

    gateway.write_story(key, {field_id: None})

    assert world.issue(key)["fields"][field_id] is None


def test_a_property_that_was_never_set_is_none(world: World, gateway: JiraGateway) -> None:
    assert gateway.story_property(world.story(), PROPERTY_KEY) is None


def test_without_the_right_to_be_quiet_it_is_written_all_the_same(modest_world: World) -> None:
    key = modest_world.story()
    with modest_world.gateway() as gateway:
        gateway.write_story(key, {"summary": "First"})
        modest_world.forget()
        gateway.write_story(key, {"summary": "Second"})

    assert modest_world.issue(key)["fields"]["summary"] == "Second"
    # The refusal is remembered: the second write took one request, reading it back the other.
    assert sum(modest_world.asked().values()) == 2


def test_one_comment_is_made_and_then_edited_in_place(world: World, gateway: JiraGateway) -> None:
    key = world.story()

    first = gateway.write_comment(key, body("$1.00"))
    again = gateway.write_comment(key, body("$2.00"), first)

    assert first == again
    assert comments(world, key) == [f"{HEADING}\n$2.00"]


def test_a_comment_whose_id_was_lost_is_found_again(world: World, gateway: JiraGateway) -> None:
    key = world.story()
    world.as_ada("POST", f"/rest/api/3/issue/{key}/comment", {"body": body("Ada's own")})
    first = gateway.write_comment(key, body("$1.00"))

    again = gateway.write_comment(key, body("$2.00"))

    assert first == again
    assert comments(world, key) == [f"{HEADING}\nAda's own", f"{HEADING}\n$2.00"]


def test_a_deleted_comment_is_made_anew(world: World, gateway: JiraGateway) -> None:
    key = world.story()
    first = gateway.write_comment(key, body("$1.00"))
    world.as_ada("DELETE", f"/rest/api/3/issue/{key}/comment/{first}")

    second = gateway.write_comment(key, body("$2.00"), first)

    assert second != first
    assert comments(world, key) == [f"{HEADING}\n$2.00"]


def test_a_burst_of_writes_is_slowed_to_what_jira_allows(
    world: World, gateway: JiraGateway
) -> None:
    key = world.story()
    began = world.clock.now()
    for number in range(100):
        gateway.write_story(key, {"summary": f"Edit {number}"})
    with pytest.raises(JiraFailure) as caught:
        gateway.write_story(key, {"summary": "One too many"})

    # 20 at once, then 20 more every 2 seconds; the 101st has to wait for the first to be 30 s old.
    assert (world.clock.now() - began).total_seconds() == pytest.approx(8)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == pytest.approx(22)
    assert not caught.value.permanent
    assert not caught.value.workspace_wide
    history = world.as_ada("GET", f"/rest/api/3/issue/{key}/changelog")
    assert history["total"] == 100


@pytest.mark.parametrize(
    ("limit", "wide", "seconds"),
    [
        ({"retry_after": 1847, "reason": "jira-quota-tenant-based"}, True, 1847),
        ({"retry_after": 1847, "reason": "jira-quota-global-based"}, True, 1847),
        ({"retry_after": 30, "reason": "jira-per-issue-on-write"}, False, 30),
        ({"retry_after": 40, "reason": "jira-burst-based"}, False, 40),
        ({"retry_after": 1847, "reason": None}, True, 1847),
        ({"retry_after": None, "reason": None}, False, 60),
    ],
)
def test_a_limit_says_who_waits_and_how_long(
    world: World, gateway: JiraGateway, limit: dict[str, Any], wide: bool, seconds: int
) -> None:
    key = world.story()
    gateway.myself()
    world.control("limits", requests=10, **limit)

    with pytest.raises(JiraFailure) as caught:
        gateway.write_story(key, {"summary": "Later"})

    failure = caught.value
    assert (failure.status, failure.permanent, failure.workspace_wide) == (429, False, wide)
    assert failure.retry_after is not None
    assert failure.retry_after.total_seconds() == seconds
    assert world.waits == []


def test_a_short_limit_is_waited_for(world: World, gateway: JiraGateway) -> None:
    key = world.story()
    world.control("limits", requests=2, retry_after=5, reason="jira-burst-based")

    gateway.write_story(key, {"summary": "Now"})

    assert world.issue(key)["fields"]["summary"] == "Now"
    assert len(world.waits) == 2
    assert all(wait >= 5 for wait in world.waits)


def test_a_limited_creation_did_not_happen_and_is_tried_again(
    world: World, gateway: JiraGateway
) -> None:
    key = world.story()
    gateway.myself()
    world.control("limits", requests=1, retry_after=5, reason="jira-burst-based")

    gateway.call("POST", f"/rest/api/3/issue/{key}/comment", body={"body": body("Once")})

    assert comments(world, key) == [f"{HEADING}\nOnce"]
    assert len(world.waits) == 1


def test_a_creation_that_may_have_happened_is_not_repeated(
    world: World, gateway: JiraGateway
) -> None:
    key = world.story()
    gateway.myself()
    world.control("outage", on=True)
    world.forget()

    with pytest.raises(JiraFailure) as caught:
        gateway.call("POST", f"/rest/api/3/issue/{key}/comment", body={"body": body("Once")})

    assert caught.value.may_have_happened
    assert not caught.value.permanent
    assert world.waits == []
    assert sum(world.asked().values()) == 1


def test_a_read_is_repeated_four_times_in_an_outage(world: World, gateway: JiraGateway) -> None:
    gateway.myself()
    world.control("outage", on=True)
    world.forget()

    with pytest.raises(JiraFailure) as caught:
        gateway.sprint(1)

    assert caught.value.status == 503
    assert not caught.value.permanent
    assert sum(world.asked().values()) == 4
    assert len(world.waits) == 3


def test_a_site_that_cannot_be_reached_is_a_passing_failure(world: World) -> None:
    with (
        world.gateway(api_base="http://127.0.0.1:9") as gateway,
        pytest.raises(JiraFailure) as caught,
    ):
        gateway.myself()

    assert not caught.value.permanent
    assert not caught.value.may_have_happened
    assert world.config.token not in caught.value.message


def test_threads_share_a_gateway_but_not_a_session(world: World, gateway: JiraGateway) -> None:
    key = world.story()
    seen: list[str] = []
    barrier = threading.Barrier(4)

    def read() -> None:
        barrier.wait()
        seen.append(gateway.story(key).story_key)

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [key] * 4


def test_a_bad_field_is_named_in_a_permanent_failure(world: World, gateway: JiraGateway) -> None:
    key = world.story()

    with pytest.raises(JiraFailure) as caught:
        gateway.write_story(key, {"customfield_99999": 1})

    assert caught.value.permanent
    assert "customfield_99999" in caught.value.message


def test_all_traffic_is_authenticated_and_counted(world: World, gateway: JiraGateway) -> None:
    anonymous = requests.get(f"{world.base_url}/rest/api/3/myself", timeout=10)
    world.forget()

    gateway.myself()
    gateway.myself()

    assert anonymous.status_code == 401
    assert gateway.requests_made == sum(world.asked().values()) == 3

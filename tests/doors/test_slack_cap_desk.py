"""What people in Slack decide about caps reaches the caps, through the desk behind the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from integration.caps.queries import balances
from integration.caps.raising import store as raising
from integration.slack.cap_desk import Refusal, SlackPerson, Waits, WantedCap
from integration.web.slack_desk import Desk

if TYPE_CHECKING:
    from integration.caps.policy import Cap
    from integration.web.service import Service
    from tests.doors.worlds import World

ANN, PETRA = SlackPerson("U0ANN", "ann"), SlackPerson("U0PETRA", "petra")
USD = 10**9


@pytest.fixture
def desk(service: Service, world: World) -> Desk:
    """The desk of the workspace `acme`, with a running Sprint."""
    world.sprint()
    return Desk(service)


def cap_of(service: Service, cap_id: str) -> Cap:
    with service.transactions.begin() as session:
        return balances(session, "acme", [cap_id])[cap_id].cap


def wants(limit: int, mode: str = "block", unit: str = "usd") -> WantedCap:
    return WantedCap(14, unit, limit, mode, "agreed at planning")


def test_a_cap_is_set_and_set_again_without_losing_its_other_settings(
    desk: Desk, service: Service
) -> None:
    assert [sprint.sprint_id for sprint in desk.sprints("acme")] == [14]
    desk.set_cap("acme", wants(300 * USD), person=ANN)
    assert (cap_of(service, "sprint-14").limit, cap_of(service, "sprint-14").mode) == (
        300 * USD, "block",
    )  # fmt: skip
    desk.set_cap("acme", wants(10**6, unit="tokens"), person=ANN)
    desk.set_cap("acme", wants(200 * USD, "warn"), person=ANN)
    assert (cap_of(service, "sprint-14").limit, cap_of(service, "sprint-14").mode) == (
        200 * USD, "warn",
    )  # fmt: skip
    assert cap_of(service, "sprint-14-tokens").limit == 10**6
    assert isinstance(desk.set_cap("acme", wants(0), person=ANN), Refusal)


def test_a_guarded_cap_is_raised_by_request(desk: Desk, service: Service, world: World) -> None:
    world.cap("sprint-14", "sprint", "14", "300", approvers=("slack:U0PETRA",))
    loosened = desk.set_cap("acme", wants(400 * USD), person=ANN)
    assert isinstance(loosened, Refusal)
    assert "slack:U0PETRA" in loosened.message
    waits = desk.raise_cap(
        "acme", "sprint-14", 400 * USD, "a pilot", until=None, person=ANN, request_id="V1"
    )
    assert waits == Waits(("slack:U0PETRA",))
    assert isinstance(desk.decide_raise("acme", "V1", is_granted=True, person=ANN), Refusal)
    assert desk.decide_raise("acme", "V1", is_granted=True, person=PETRA) is None
    assert cap_of(service, "sprint-14").limit == 400 * USD
    with service.transactions.begin() as session:
        asked = raising.request(session, "acme", "V1")
    assert asked is not None
    assert (asked.asked_by, asked.decided_by, asked.state) == (
        "slack:U0ANN", "slack:U0PETRA", "granted",
    )  # fmt: skip


def test_a_form_sent_twice_raises_once(desk: Desk, service: Service, world: World) -> None:
    world.cap("sprint-14", "sprint", "14", "300")
    for _ in range(2):
        desk.raise_cap(
            "acme", "sprint-14", 400 * USD, "a pilot", until=None, person=ANN, request_id="V1"
        )
    assert cap_of(service, "sprint-14").limit == 400 * USD
    lower = desk.raise_cap(
        "acme", "sprint-14", 350 * USD, "less", until=None, person=ANN, request_id="V2"
    )
    assert isinstance(lower, Refusal)
    assert lower.about == "limit"

"""What people in the local Slack decide about caps: raises for a time, requests, new caps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from integration.slack.cap_desk import Refusal, Waits, WantedCap
from tests.adapters.slack.every_payload import MESSAGES
from tests.adapters.slack.test_interactions import open_modal

if TYPE_CHECKING:
    from integration.slack.client import SlackGateway
    from tests.adapters.slack.acme_desk import AcmeDesk
    from tests.adapters.slack.people import Json, People

pytestmark = pytest.mark.usefixtures("app")
UNTIL = datetime(2026, 11, 12, 18, tzinfo=UTC)


def submit(people: People, view_id: str, **values: Json) -> Json:
    return people.act("submit", user="U0ANN", view_id=view_id, values=values)


def raising(amount: str = "90", until: int | None = None) -> dict[str, Json]:
    chosen: dict[str, Json] = {"limit": {"amount": amount}, "reason": {"text": "needed"}}
    return chosen | ({"until": {"at": until}} if until else {})


def click(people: People, gateway: SlackGateway, message: str, action_id: str) -> Json:
    notice = MESSAGES[message]()
    receipt = gateway.post_or_edit("C0STANDUP", notice.blocks, notice.text)
    return people.act(
        "click", user="U0ANN", channel="C0STANDUP", ts=receipt["ts"], action_id=action_id,
        **({"wait_for_view_s": 10} if action_id.endswith("open") else {}),
    )  # fmt: skip


def test_a_raise_ends_when_the_person_says_so(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    done = submit(people, open_modal(people, gateway), **raising(until=int(UNTIL.timestamp())))
    assert done["done"] == "close"
    assert desk.raises[0]["until"] == UNTIL


def test_a_raise_that_others_must_agree_to_says_so_in_the_modal(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    desk.waits = Waits(("slack:U0PETRA",))
    done = submit(people, open_modal(people, gateway), **raising())
    assert "approvers has to agree" in str(done)
    assert len(desk.raises) == 1


@pytest.mark.parametrize(
    ("action_id", "is_granted"), [("cap_raise_grant", True), ("cap_raise_decline", False)]
)
def test_an_approver_agrees_or_declines_with_one_click(
    action_id: str, is_granted: bool, *, people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    assert click(people, gateway, "raise_waiting", action_id)["ok"]
    people.wait_for(lambda: bool(desk.decisions))
    assert desk.decisions == [("V0RAISE", is_granted, "U0ANN")]


def test_who_may_not_agree_is_told_alone(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    desk.refusal = Refusal("Only Petra Owner may agree to a raise of this cap")
    click(people, gateway, "raise_waiting", "cap_raise_grant")
    note = people.wait_for_messages(2)[-1]
    assert "Only Petra Owner may agree" in note["text"]
    assert note["visible_to"] == "U0ANN"


def test_a_plan_is_trimmed_with_one_click(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    assert click(people, gateway, "planning_over_cap", "plan_trim")["ok"]
    people.wait_for(lambda: bool(desk.trimmed))
    assert desk.trimmed == [(15, "U0ANN")]


def test_a_cap_is_set_in_a_form(people: People, gateway: SlackGateway, desk: AcmeDesk) -> None:
    view_id = click(people, gateway, "answer_caps_none", "cap_set_open")["view"]["id"]
    choice: Json = {
        "scope": {"choice": "14"}, "unit": {"choice": "tokens"}, "mode": {"choice": "warn"},
        "reason": {"text": "a quiet Sprint"},
    }  # fmt: skip
    wrong = submit(people, view_id, **choice, limit={"amount": "a lot"})
    assert "Write a number" in wrong["errors"]["limit"]
    done = submit(people, view_id, **choice, limit={"amount": "2,000,000"})
    assert done["done"] == "close"
    wanted = WantedCap(14, "tokens", 2_000_000, "warn", "a quiet Sprint")
    assert desk.settings == [(wanted, "U0ANN")]


def test_a_refused_setting_is_shown_in_the_form(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    view_id = click(people, gateway, "answer_caps_none", "cap_set_open")["view"]["id"]
    desk.refusal = Refusal("This cap is loosened only by a raise")
    done = submit(people, view_id, limit={"amount": "9"}, reason={"text": "why not"})
    assert done["errors"] == {"limit": "This cap is loosened only by a raise"}
    assert desk.settings == []

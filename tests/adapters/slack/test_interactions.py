"""What people do in the local Slack reaches the desk, and what the desk says reaches them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from integration.slack.cap_desk import Refusal
from tests import report_examples as acme
from tests.adapters.slack.every_payload import MESSAGES, VIEWS

if TYPE_CHECKING:
    from integration.foundation.clock import FixedClock
    from integration.slack.client import SlackGateway
    from tests.adapters.slack.acme_desk import AcmeDesk
    from tests.adapters.slack.people import Json, People

pytestmark = pytest.mark.usefixtures("app")


def ask(people: People, text: str, count: int = 1) -> Json:
    """Run the command and return what the person was answered."""
    done = people.act(
        "command", user="U0ANN", channel="C0STANDUP", command="/storymeter", text=text
    )
    assert done["ok"], done
    return people.wait_for_messages(count)[-1]


def open_modal(people: People, gateway: SlackGateway) -> str:
    """Post the notice of a denied call, click its button, and return the modal's id."""
    notice = MESSAGES["cap_denied"]()
    receipt = gateway.post_or_edit("C0STANDUP", notice.blocks, notice.text)
    done = people.act(
        "click",
        user="U0ANN",
        channel="C0STANDUP",
        ts=receipt["ts"],
        action_id="cap_raise_open",
        wait_for_view_s=10,
    )
    assert done["ok"], done
    view_id: str = done["view"]["id"]
    return view_id


def submit(people: People, view_id: str, amount: str, reason: str) -> Json:
    values = {"limit": {"amount": amount}, "reason": {"text": reason}}
    return people.act("submit", user="U0ANN", view_id=view_id, values=values)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "answers:"),
        ("help", "answers:"),
        ("sprint", "$128.70 so far of the $300.00 cap"),
        ("story ACME-102", "ACME-102: $72.80 so far"),
        ("story acme-102", "ACME-102: $72.80 so far"),
        ("story https://acme.example.com/browse/ACME-102", "ACME-102: $72.80 so far"),
        ("story ACME-999", "I know no story ACME-999 here"),
        ("story what?", "I know no story what? here"),
        ("story", "Which story?"),
        ("whatif ACME-102", "what else it could cost"),
        ("whatif ACME-103", "I know no story ACME-103 here"),
        ("cap", "Cap on ACME-102: $72.80 spent"),
        ("digest", "Spikes: 2."),
        ("sprnt", "I do not know “sprnt”"),
    ],
)
def test_a_command_is_answered_to_the_person_who_asked(
    text: str, said: str, people: People
) -> None:
    answer = ask(people, text)
    assert said in answer["text"]
    assert answer["visible_to"] == "U0ANN"
    assert people.look("invalid")["count"] == 0


@pytest.mark.parametrize("text", ["sprint", "digest"])
def test_without_a_sprint_the_command_says_so(text: str, people: People, desk: AcmeDesk) -> None:
    desk.has_sprint = False
    assert "No Sprint is running" in ask(people, text)["text"]


def test_when_the_figures_are_away_the_command_says_so(people: People, desk: AcmeDesk) -> None:
    desk.is_down = True
    assert "try again in a minute" in ask(people, "sprint")["text"]


def test_a_person_raises_a_cap_with_a_reason(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    view_id = open_modal(people, gateway)
    done = submit(people, view_id, "$120.50", "Contracts are three times as long")
    assert done["ok"], done
    assert done["done"] == "close"
    assert desk.known_caps["cap-102"].limit == 120_500_000_000
    assert desk.raises == [
        {
            "cap_id": "cap-102",
            "amount": 120_500_000_000,
            "reason": "Contracts are three times as long",
            "until": None,
            "by": ("U0ANN", "ann"),
            "request_id": view_id,
        }
    ]


@pytest.mark.parametrize(
    ("amount", "reason", "field", "said"),
    [
        ("lots", "needed", "limit", "Write a number"),
        ("-5", "needed", "limit", "Write a number"),
        ("74.99", "needed", "limit", "$75.00 already"),
        ("1e9", "needed", "limit", "Write a number"),
        ("99999999999999", "needed", "limit", "more than a cap can hold"),
        ("90.0000000001", "needed", "limit", "no such small parts"),
        ("90", " x ", "reason", "in a few words why"),
    ],
)
def test_a_wrong_entry_keeps_the_modal_open_and_changes_nothing(
    amount: str,
    reason: str,
    field: str,
    said: str,
    *,
    people: People,
    gateway: SlackGateway,
    desk: AcmeDesk,
) -> None:
    done = submit(people, open_modal(people, gateway), amount, reason)
    assert said in done["errors"][field]
    assert desk.raises == []
    assert desk.known_caps["cap-102"] == acme.STORY_CAP


def test_both_fields_are_judged_at_once(people: People, gateway: SlackGateway) -> None:
    done = submit(people, open_modal(people, gateway), "lots", "  ?")
    assert set(done["errors"]) == {"limit", "reason"}


def test_a_refusal_of_the_desk_is_shown_in_the_modal(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    desk.refusal = Refusal("Only Petra Owner may raise this cap.", about="reason")
    done = submit(people, open_modal(people, gateway), "90", "needed")
    assert done["errors"] == {"reason": "Only Petra Owner may raise this cap."}


def test_a_desk_that_is_away_leaves_the_modal_open(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    view_id = open_modal(people, gateway)
    desk.is_down = True
    assert "nothing was changed" in submit(people, view_id, "90", "needed")["errors"]["limit"]
    desk.is_down = False
    assert submit(people, view_id, "90", "needed")["done"] == "close"
    assert len(desk.raises) == 1


def test_a_button_of_a_cap_that_is_gone_says_so(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    notice = MESSAGES["cap_denied"]()
    receipt = gateway.post_or_edit("C0STANDUP", notice.blocks, notice.text)
    desk.known_caps.clear()
    click = {"user": "U0ANN", "channel": "C0STANDUP", "ts": receipt["ts"]}
    assert people.act("click", **click, action_id="cap_raise_open")["ok"]
    note = people.wait_for_messages(2)[-1]
    assert "no longer there" in note["text"]
    assert note["visible_to"] == "U0ANN"


def test_when_the_figures_are_away_a_button_says_so(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    notice = MESSAGES["cap_denied"]()
    receipt = gateway.post_or_edit("C0STANDUP", notice.blocks, notice.text)
    desk.is_down = True
    click = {"user": "U0ANN", "channel": "C0STANDUP", "ts": receipt["ts"]}
    people.act("click", **click, action_id="cap_raise_open")
    assert "try again in a minute" in people.wait_for_messages(2)[-1]["text"]


def test_a_link_button_is_acknowledged(people: People, gateway: SlackGateway) -> None:
    notice = MESSAGES["review"]()
    receipt = gateway.post_or_edit("C0STANDUP", notice.blocks, notice.text)
    click = {"user": "U0ANN", "channel": "C0STANDUP", "ts": receipt["ts"]}
    assert people.act("click", **click, action_id="open_sprint")["status"] == 200


def opened(people: People, desk: AcmeDesk, user: str) -> None:
    """Open Home, and wait until the desk was told."""
    assert people.act("home", user=user)["ok"]
    deadline = time.monotonic() + 10
    while ("opened", user, "") not in desk.homes and time.monotonic() < deadline:
        time.sleep(0.01)


def test_opening_home_asks_for_it_once(people: People, desk: AcmeDesk) -> None:
    opened(people, desk, "U0ANN")
    assert desk.homes == [("opened", "U0ANN", "")]


def test_a_person_names_a_story_of_theirs_in_home(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    gateway.publish_home("U0ANN", VIEWS["view_home_stranger"]())
    home = people.workspace.homes["U0ANN"]
    click = {"user": "U0ANN", "view_id": home, "action_id": "home_me_open", "wait_for_view_s": 10}
    view_id = people.act("click", **click)["view"]["id"]
    answer = {"user": "U0ANN", "view_id": view_id, "values": {"story": {"key": " ACME-104 "}}}
    desk.refusal = Refusal("ACME-104 is assigned to nobody in Jira", about="story")
    refused = people.act("submit", **answer)
    assert refused["errors"] == {"story": "ACME-104 is assigned to nobody in Jira"}
    desk.refusal = None
    desk.is_down = True
    assert "nothing was changed" in people.act("submit", **answer)["errors"]["story"]
    desk.is_down = False
    assert people.act("submit", **answer)["done"] == "close"
    assert desk.homes == [("story", "U0ANN", "ACME-104")]


def test_a_person_chooses_the_team_that_home_shows(
    people: People, gateway: SlackGateway, desk: AcmeDesk
) -> None:
    gateway.publish_home("U0ANN", VIEWS["view_home"]())
    home = people.workspace.homes["U0ANN"]
    done = people.act("click", user="U0ANN", view_id=home, action_id="home_team", value="search")
    assert done["ok"], done
    assert desk.homes == [("team", "U0ANN", "search")]


def test_revoked_tokens_are_noted(people: People, desk: AcmeDesk) -> None:
    assert people.act("event", event={"type": "tokens_revoked", "tokens": {}})["ok"]
    opened(people, desk, "U0BO")
    assert desk.lost == ["tokens_revoked"]


def test_an_event_that_nothing_listens_to_is_accepted_so_that_it_is_not_repeated(
    people: People,
) -> None:
    event = {"type": "app_mention", "user": "U0ANN", "text": "hi", "channel": "C0STANDUP"}
    assert people.act("event", event=event)["status"] == 200


def test_the_demo_may_stand_at_another_day_than_the_machine(
    people: People, clock: FixedClock
) -> None:
    assert abs(clock.now() - datetime.now(UTC)) > timedelta(minutes=5)
    assert "answers:" in ask(people, "help")["text"]

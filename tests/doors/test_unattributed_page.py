"""Spend on no story is given to one by hand: shown first, then moved, with who and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.ledger import queries as ledger
from tests.doors import worlds
from tests.doors.filled_forms import send
from tests.doors.plain_text import plain_text
from tests.doors.worlds import at
from tests.golden_files import check_golden

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from integration.web.service import Service
    from tests.doors.worlds import World

PAGE = "/acme/unattributed"
ACTION = f"{PAGE}#move"


def calls_of(service: Service, story_key: str) -> int:
    with service.transactions.begin() as session:
        found = ledger.spend_of_stories(session, "acme", [story_key])
    return found[story_key].calls if story_key in found else 0


def test_spend_is_shown_before_it_is_moved_and_moved_once(
    client: FlaskClient, service: Service, world: World, update_golden: bool
) -> None:
    worlds.unpriced_models(world)  # 40 calls of team support on no story, on 18 November.
    wish = {"story_key": "shop-7", "team": "support", "reason": "The pilot forgot the tag"}
    shown = send(client, PAGE, ACTION, step=["show"], **wish)
    assert shown.status_code == 200
    assert "would go to SHOP-7" in shown.text
    assert calls_of(service, "SHOP-7") == 0
    moved = send(client, PAGE, ACTION, step=["move"], **wish)
    assert moved.status_code == 303, plain_text(moved.text)
    words = plain_text(client.get(moved.headers["Location"]).text)
    assert "1 call record with" in words
    assert "now belongs to SHOP-7" in words
    assert (calls_of(service, "SHOP-7"), calls_of(service, "")) == (40, 0)
    assert "no story | SHOP-7 | 1 | somebody at this machine | The pilot forgot the tag" in words
    check_golden("pages/unattributed.moved.txt", plain_text(client.get(PAGE).text), update_golden)


def test_a_move_takes_only_what_was_asked_for(
    client: FlaskClient, service: Service, world: World
) -> None:
    worlds.unpriced_models(world)
    world.usage("", at(19, 9), calls=3, tokens=(10, 10), team="support", model="gpt-4o-mini")
    days = {"first_day": "2026-11-19", "last_day": "2026-11-20"}
    wish = {"story_key": "SHOP-7", "reason": "because", **days}
    nothing = send(client, PAGE, ACTION, step=["move"], model="o3", **wish)
    assert "Nothing to move" in nothing.text
    send(client, PAGE, ACTION, step=["move"], model="gpt-4o-mini", **wish)
    assert (calls_of(service, "SHOP-7"), calls_of(service, "")) == (3, 40)


def test_a_move_without_story_days_or_reason_is_refused_field_by_field(
    client: FlaskClient, service: Service, world: World
) -> None:
    worlds.unpriced_models(world)
    refused = send(
        client, PAGE, ACTION, step=["move"], story_key="SHOP-99", first_day="2026-11-20",
        last_day="2026-11-19", reason="",
    )  # fmt: skip
    assert refused.status_code == 400
    assert refused.text.count('aria-invalid="true"') == 3
    assert calls_of(service, "") == 40


def test_another_day_shows_who_sent_its_calls(client: FlaskClient, world: World) -> None:
    worlds.unpriced_models(world)
    world.usage("", at(19, 9), calls=3, tokens=(10, 10), team="sales")
    assert "sales" in client.get(PAGE).text
    earlier = plain_text(client.get(f"{PAGE}?day=2026-11-18").text)
    assert "support" in earlier
    assert "sales" not in earlier

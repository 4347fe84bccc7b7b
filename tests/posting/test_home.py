"""What somebody sees in the app's Home tab: their team's Sprint and their own stories."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sqlalchemy import text

from integration.jobs.deliver_outbox import deliver_outbox
from integration.journeys.leave import forget_person
from integration.people import store as people
from integration.sandbox.jira.config import JiraConfig, Person
from integration.sandbox.jira.server import start_jira
from integration.slack.cap_desk import SlackPerson
from integration.web.slack_desk import Desk
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import JiraAccount
from tests.doors.worlds import at
from tests.posting.test_two_workers import ROW, Posting, posting

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["posting"]

ANN = SlackPerson("U0ANN", "ann")
ANN_IN_JIRA, BEN_IN_JIRA = "712020:ann", "712020:ben"
SITE = JiraConfig(
    people=(
        Person(ANN_IN_JIRA, "Ann Example", "ann@example.com"),
        Person("712020:annette", "ann@example.com is not mine", "annette@example.com"),
    )
)


class Home:
    """Ann, who looks at her Home tab."""

    def __init__(self, posting: Posting) -> None:
        self.posting = posting
        self.desk = Desk(replace(posting.world.service, clock=posting.clock))

    def opened(self) -> str:
        """Open the tab; returns all it says."""
        self.desk.open_home("acme", person=ANN)
        return self.shown()

    def shown(self) -> str:
        """What the tab says once the worker has been there."""
        self.posting.clock.move_to(self.posting.clock.now() + timedelta(seconds=4))
        deliver_outbox(self.posting.houses[0])
        state = requests.get(f"{self.posting.slack_url}/_sandbox/state", timeout=10).json()
        published = state["homes"]["U0ANN"]
        (view,) = [each for each in state["views"] if each["id"] == published]
        return json.dumps(view["blocks"], ensure_ascii=False)

    def jira_accounts(self) -> list[tuple[Any, ...]]:
        with self.posting.transactions.begin() as session:
            rows = session.execute(text("SELECT jira_account_id, found_by FROM slack_match")).all()
        return [tuple(row) for row in rows]


@pytest.fixture
def home(posting: Posting) -> Home:
    posting.world.story(
        4, "Summarise uploaded contracts", ROW, assignee_id=BEN_IN_JIRA, at=at(19, 12)
    )
    posting.world.story(5, "Answer in chat", ROW, assignee_id=ANN_IN_JIRA)
    return Home(posting)


@pytest.fixture
def site(posting: Posting) -> Iterator[str]:
    """A Jira site that knows Ann by the address that she has in Slack."""
    with start_jira(SITE, posting.clock) as jira:
        account = JiraAccount(
            "acme", jira.base_url, jira.base_url, SITE.email, SITE.token, webhook_secret="shhh"
        )
        with posting.transactions.begin() as session:
            workspaces.connect_jira(session, account, posting.world.service.box)
        yield jira.base_url


def test_home_finds_a_person_in_jira_by_their_address(home: Home, site: str) -> None:
    said = home.opened()
    mine = said.partition("Your stories")[2]
    assert "SHOP-5" in mine.partition("Other stories")[0], said
    assert "SHOP-4" in mine.partition("Other stories")[2]
    assert "found by your e-mail address" in said
    assert home.jira_accounts() == [(ANN_IN_JIRA, "email")]


def test_whoever_is_not_found_names_a_story_once(home: Home) -> None:
    assert "Name one story" not in home.opened()  # No Jira is connected: nobody can be asked.
    assert home.jira_accounts() == []
    desk = home.desk
    refused = desk.state_own_story("acme", "SHOP-99", person=ANN)
    assert refused is not None
    assert refused.message == "There is no story SHOP-99 here"
    home.posting.world.story(6, "Nobody's work")
    refused = desk.state_own_story("acme", "shop-6", person=ANN)
    assert refused is not None
    assert refused.message == "SHOP-6 is assigned to nobody in Jira"
    assert desk.state_own_story("acme", " shop-4", person=ANN) is None
    assert "known by the story you named" in home.shown()
    assert home.jira_accounts() == [(BEN_IN_JIRA, "stated")]


def test_an_account_that_was_not_found_is_looked_for_again_after_a_day(
    home: Home, site: str
) -> None:
    with home.posting.transactions.begin() as session:
        people.note_jira_account(
            session, "acme", "U0ANN", "", by="email", now=home.posting.clock.now()
        )
    assert "Name one story" in home.opened()
    home.posting.clock.move_to(home.posting.clock.now() + timedelta(days=1))
    assert "found by your e-mail address" in home.opened()


def test_a_jira_that_is_away_is_said_and_asked_again(home: Home, site: str) -> None:
    with home.posting.transactions.begin() as session:
        session.execute(text("UPDATE jira_connection SET api_base = 'http://127.0.0.1:9'"))
    assert "Jira does not tell right now who you are" in home.opened()
    with home.posting.transactions.begin() as session:
        session.execute(text("UPDATE jira_connection SET api_base = site_url"))
    assert "found by your e-mail address" in home.opened()


def test_a_chosen_team_stays_chosen(home: Home, site: str) -> None:
    other = replace(home.posting.team, team_id="search", name="Acme Search", board_id=8)
    with home.posting.transactions.begin() as session:
        workspaces.save_team(session, other)
    assert "*Your team:* Acme Assist" in home.opened()
    home.desk.choose_team("acme", "search", person=ANN)
    assert "No Sprint is running" in home.shown()
    assert "*Your team:* Acme Search" in home.opened()


def test_a_sub_task_makes_its_story_ones_own(home: Home, site: str) -> None:
    home.posting.world.story(
        8, "Write the prompts", parent_key="SHOP-4", is_subtask=True, assignee_id=ANN_IN_JIRA
    )
    mine = home.opened().partition("Your stories")[2]
    assert mine.index("SHOP-4") < mine.index("SHOP-5")  # The dearer one first; both are hers.
    assert "Other stories" not in mine


def test_a_raised_cap_shows_in_a_home_that_stays_open(home: Home, site: str) -> None:
    world = home.posting.world
    world.cap("sprint-14", "sprint", "14", "30")
    assert "$30.00" in home.opened()
    world.raised("sprint-14", "60", "agreed with finance", home.posting.clock.now())
    said = home.shown()
    assert "$60.00" in said
    assert "$30.00" not in said


def test_a_home_that_nobody_opened_for_a_day_is_left_as_it_is(home: Home, site: str) -> None:
    world = home.posting.world
    world.cap("sprint-14", "sprint", "14", "30")
    home.opened()
    home.posting.clock.move_to(home.posting.clock.now() + timedelta(days=1, minutes=1))
    world.raised("sprint-14", "60", "agreed with finance", home.posting.clock.now())
    assert "$30.00" in home.shown()


def test_a_forgotten_person_is_a_stranger_again(home: Home, site: str) -> None:
    home.opened()
    now = home.posting.clock.now()
    for person in ("U0ANN", ANN_IN_JIRA):
        forget_person(home.posting.transactions, "acme", person, actor="cli", now=now)
    with home.posting.transactions.begin() as session:
        told = session.execute(
            text(
                "SELECT (SELECT count(*) FROM slack_match), (SELECT count(*) FROM outbox "
                "WHERE kind = 'slack.home'), (SELECT count(*) FROM story WHERE assignee_id = :her)"
            ),
            {"her": ANN_IN_JIRA},
        ).one()
    assert tuple(told) == (0, 0, 0)

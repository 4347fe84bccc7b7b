"""Slack posts from two worker processes' worth of houses at once, on one database and one Slack."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests
from sqlalchemy import text

from integration.foundation.clock import ShiftedClock
from integration.jobs.audit_reports import audit_reports
from integration.jobs.clockwork import compose_due_digests
from integration.jobs.deliver_outbox import SENDERS, deliver_outbox
from integration.jobs.house import House
from integration.jobs.outside import Outside
from integration.journeys.close_sprint import close_sprint
from integration.mailbox import store as mailbox
from integration.mailbox.models import OutboxRow
from integration.sandbox.slack.config import SlackChannel, SlackConfig, SlackUser
from integration.sandbox.slack.server import start_slack
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import SlackAccount, Team
from tests.doors.worlds import CHAT, ENDS_AT, World, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from integration.mailbox.claims import Promise

CHANNEL = "C0ASSIST"
ROW = ("Summaries", CHAT, "1000", "6000", "500", "", "eu-west-1")
CONFIG = SlackConfig(
    bot_token="xoxb-two-workers", app_token="xapp-two-workers", signing_secret="shhh",
    team_id="T-acme", team_name="Acme", bot_user_id="U0STORYMETER",
    users=(SlackUser("U0ANN", "ann", "Ann Example", "ann@example.com"),),
    channels=(SlackChannel(CHANNEL, "assist"),),
)  # fmt: skip


class Posting:
    """Acme with a local Slack, and two workers that share a clock."""

    def __init__(self, world: World, slack_url: str, clock: ShiftedClock) -> None:
        self.world, self.slack_url, self.clock = world, slack_url, clock
        here = world.service
        self.transactions = here.transactions
        self.connect(slack_url)
        with here.transactions.begin() as session:
            # What is promised to Jira is another matter: without a site it fails at once.
            session.execute(text("DELETE FROM jira_connection"))
            self.team = Team("acme", "assist", "Acme Assist", 7, CHANNEL, "UTC", time(9, 15))
            workspaces.save_team(session, self.team)
        self.houses = [
            House(
                here.transactions, here.books, Outside(here.transactions, here.box, clock), clock,
                "http://localhost",
            )
            for _ in range(2)
        ]  # fmt: skip

    def connect(self, slack_url: str) -> None:
        account = SlackAccount(
            "acme", f"{slack_url}/api", "xoxb-two-workers", "shhh", "T-acme", CHANNEL
        )
        with self.transactions.begin() as session:
            workspaces.connect_slack(session, account, self.world.service.box)

    def at_once(self, act: Callable[[House], object]) -> None:
        """Let both workers act at the same moment."""
        start = Barrier(2)

        def one(house: House) -> None:
            start.wait()
            act(house)

        threads = [Thread(target=one, args=(house,)) for house in self.houses]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def deliver(self) -> None:
        """Deliver until nothing is due, both workers at once, as the clock goes on."""
        for _ in range(6):
            self.at_once(deliver_outbox)
            self.clock.move_to(self.clock.now() + timedelta(seconds=4))

    def let_leases_run_out(self) -> None:
        """Two minutes of the database's time in a moment."""
        with self.transactions.begin() as session:
            session.execute(text("UPDATE outbox SET leased_until = now() - interval '1 s'"))

    def messages(self) -> list[dict[str, Any]]:
        answer = requests.get(f"{self.slack_url}/_sandbox/messages?channel={CHANNEL}", timeout=10)
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def files(self) -> list[str]:
        return [file["title"] for message in self.messages() for file in message.get("files", [])]

    def outbox(self, kind: str) -> list[OutboxRow]:
        with self.transactions.begin() as session:
            return session.query(OutboxRow).filter(OutboxRow.kind == kind).all()

    def promise_digest(self) -> None:
        compose_due_digests(self.houses[0])


@pytest.fixture
def posting(world: World, tmp_path: Path) -> Iterator[Posting]:
    clock = ShiftedClock(tmp_path / "clock")
    clock.move_to(at(20, 9, 20))
    story = prepare(world)
    with start_slack(CONFIG, clock) as slack:
        made = Posting(world, slack.base_url, clock)
        assert story
        yield made


def prepare(world: World) -> str:
    world.sprint()
    story = world.story(4, "Summarise uploaded contracts", ROW)
    world.usage(story, at(19, 10), calls=700, tokens=(6000, 500))
    return story


def close(posting: Posting) -> None:
    posting.clock.move_to(ENDS_AT)
    posting.world.sprint(state="closed", completed_at=ENDS_AT)

    def act(house: House) -> None:
        ours, books = house.within("acme").transactions, posting.world.books
        close_sprint(ours, "acme", 14, books, reason="closed", now=ENDS_AT)

    posting.at_once(act)


def test_a_digest_due_on_two_workers_is_posted_once(posting: Posting) -> None:
    posting.at_once(compose_due_digests)
    posting.deliver()
    (message,) = posting.messages()
    assert "$14.00 yesterday" in message["text"]
    assert "edited" not in message


def test_a_post_that_nobody_answered_may_still_be_under_way_and_is_not_sent_again_at_once(
    posting: Posting,
) -> None:
    posting.promise_digest()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def hang_up() -> None:
            line, _ = silent.accept()
            line.recv(100)
            line.close()

        listener = Thread(target=hang_up)
        listener.start()
        posting.connect(f"http://127.0.0.1:{silent.getsockname()[1]}")
        deliver_outbox(posting.houses[0])
        listener.join()
    posting.connect(posting.slack_url)
    posting.clock.move_to(posting.clock.now() + timedelta(hours=1))
    posting.deliver()
    assert posting.messages() == []
    posting.let_leases_run_out()
    posting.deliver()
    assert len(posting.messages()) == 1


def test_a_sprint_closed_by_two_workers_is_told_once_with_each_chart_once(posting: Posting) -> None:
    close(posting)
    posting.deliver()
    reviews = [m for m in posting.messages() if m["text"].startswith("Sprint Review")]
    assert len(reviews) == 1
    assert sorted(posting.files()) == [
        "Acme Sprint 14: estimate and actual by story", "Acme Sprint 14: spend by day",
    ]  # fmt: skip
    threads = {m.get("thread_ts") for m in posting.messages() if m.get("files")}
    assert threads == {reviews[0]["ts"]}


def test_the_summary_says_how_far_the_recount_is_and_is_edited_when_it_agrees(
    posting: Posting,
) -> None:
    close(posting)
    posting.deliver()
    (review,) = [m for m in posting.messages() if m["text"].startswith("Sprint Review")]
    assert "recount of the raw usage has not finished yet" in str(review["blocks"])
    posting.at_once(audit_reports)
    posting.deliver()
    (review,) = [m for m in posting.messages() if m["text"].startswith("Sprint Review")]
    assert "A recount of the raw usage agrees." in str(review["blocks"])
    assert len(posting.files()) == 2


def test_late_usage_edits_the_summary_and_adds_the_charts_of_the_revision(posting: Posting) -> None:
    close(posting)
    posting.deliver()
    now = ENDS_AT + timedelta(hours=1)
    posting.world.usage("SHOP-4", at(20, 15), calls=30, tokens=(6000, 500), now=now)
    posting.world.close(now, reason="late_usage")
    posting.clock.move_to(now)
    posting.deliver()
    reviews = [m for m in posting.messages() if m["text"].startswith("Sprint Review")]
    assert ["Revision 2" in m["text"] for m in reviews] == [True]
    assert len(posting.files()) == 4
    assert sum("revision 2" in title for title in posting.files()) == 2


@contextmanager
def crash_after(kind: str) -> Iterator[None]:
    """Let a worker die between Slack's answer and our note of it."""
    kept = SENDERS[kind]

    def send_and_die(house: House, promise: Promise) -> dict[str, object]:
        kept(house, promise)
        raise KeyboardInterrupt

    SENDERS[kind] = send_and_die
    try:
        with pytest.raises(KeyboardInterrupt):
            yield
    finally:
        SENDERS[kind] = kept


def test_a_worker_that_dies_after_posting_does_not_post_twice(posting: Posting) -> None:
    posting.promise_digest()
    with crash_after("slack.digest"):
        deliver_outbox(posting.houses[0])
    posting.let_leases_run_out()
    deliver_outbox(posting.houses[1])
    (message,) = posting.messages()
    (row,) = posting.outbox("slack.digest")
    assert (row.state, row.receipt["ts"]) == ("delivered", message["ts"])


def test_news_that_come_after_a_worker_died_edit_what_it_had_posted(posting: Posting) -> None:
    posting.promise_digest()
    with crash_after("slack.digest"):
        deliver_outbox(posting.houses[0])
    (row,) = posting.outbox("slack.digest")
    with posting.transactions.begin() as session:
        news = row.body | {"told": "anew"}
        mailbox.promise(session, "acme", row.kind, row.subject, news, posting.clock.now())
    posting.let_leases_run_out()
    deliver_outbox(posting.houses[1])
    (message,) = posting.messages()
    (row,) = posting.outbox("slack.digest")
    assert (row.state, row.receipt["ts"], row.version) == ("delivered", message["ts"], 2)


def test_what_was_given_up_and_is_sent_again_is_looked_for_first(posting: Posting) -> None:
    posting.promise_digest()
    with crash_after("slack.digest"):
        deliver_outbox(posting.houses[0])
    posting.let_leases_run_out()
    now = posting.clock.now()
    with posting.transactions.begin() as session:
        mine = [each for each in mailbox.claim_promises(session, now) if "digest" in each.kind]
        mailbox.postpone(session, mine[0], "given up", now, permanent=True)
        assert mailbox.try_again(session, "acme", "slack", now) == 1
    deliver_outbox(posting.houses[1])
    assert len(posting.messages()) == 1


def test_a_worker_whose_clock_runs_ahead_leaves_what_another_has_in_hand(posting: Posting) -> None:
    posting.promise_digest()
    with crash_after("slack.digest"):
        deliver_outbox(posting.houses[0])
    posting.clock.move_to(posting.clock.now() + timedelta(minutes=5))
    assert deliver_outbox(posting.houses[1]) == 0
    posting.let_leases_run_out()
    assert deliver_outbox(posting.houses[1]) == 1
    assert len(posting.messages()) == 1


def test_a_worker_that_dies_after_the_upload_does_not_upload_twice(posting: Posting) -> None:
    close(posting)
    with crash_after("slack.sprint_chart"):
        for _ in range(5):
            deliver_outbox(posting.houses[0])
            posting.clock.move_to(posting.clock.now() + timedelta(seconds=4))
    assert len(posting.files()) == 2
    posting.let_leases_run_out()
    posting.deliver()
    assert len(posting.files()) == 2
    assert {row.state for row in posting.outbox("slack.sprint_chart")} == {"delivered"}


def test_nothing_is_posted_in_quiet_hours_and_everything_after(posting: Posting) -> None:
    quiet = replace(posting.team, quiet_from=time(8), quiet_until=time(10))
    with posting.transactions.begin() as session:
        workspaces.save_team(session, quiet)
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    assert posting.messages() == []
    (row,) = posting.outbox("slack.digest")
    assert row.note == "Quiet hours"
    assert abs(row.due_at - datetime(2026, 11, 20, 10, tzinfo=UTC)) < timedelta(seconds=5)
    posting.clock.move_to(at(20, 10, 1))
    deliver_outbox(posting.houses[0])
    assert len(posting.messages()) == 1


def test_messages_to_one_channel_are_a_second_apart(posting: Posting) -> None:
    requests.post(
        f"{posting.slack_url}/_sandbox/limits", json={"one_post_per_second": True}, timeout=10
    )
    posting.promise_digest()
    close(posting)
    posting.deliver()
    posted = sorted(float(m["ts"]) for m in posting.messages() if not m.get("files"))
    assert len(posted) == 2
    refused = requests.get(f"{posting.slack_url}/_sandbox/calls", timeout=10).json()
    assert "ratelimited" not in str(refused)


def test_a_dead_token_is_noted_and_what_was_promised_waits(posting: Posting) -> None:
    requests.post(f"{posting.slack_url}/_sandbox/revoke", json={}, timeout=10)
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    (row,) = posting.outbox("slack.digest")
    assert (row.state, row.note) == ("waiting", "Slack chat.postMessage: token_revoked")
    with posting.transactions.begin() as session:
        account = workspaces.slack_account(session, "acme", posting.world.service.box)
        assert account is not None
        assert account.lost_reason == "Slack chat.postMessage: token_revoked"
        workspaces.connect_slack(session, account, posting.world.service.box)
        again = workspaces.slack_account(session, "acme", posting.world.service.box)
    assert again is not None
    assert again.lost_reason == ""


def test_an_archived_channel_is_named_and_gets_the_message_once_it_is_open(
    posting: Posting,
) -> None:
    archive = f"{posting.slack_url}/_sandbox/archive"
    requests.post(archive, json={"channel": CHANNEL}, timeout=10)
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    (row,) = posting.outbox("slack.digest")
    assert (row.state, row.note) == (
        "waiting", f"Slack chat.postMessage: is_archived ({CHANNEL})",
    )  # fmt: skip
    requests.post(archive, json={"channel": CHANNEL, "archived": False}, timeout=10)
    posting.clock.move_to(posting.clock.now() + timedelta(minutes=5))
    deliver_outbox(posting.houses[0])
    assert len(posting.messages()) == 1


def test_a_digest_is_edited_when_a_story_goes_over_its_estimate_and_not_otherwise(
    posting: Posting,
) -> None:
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    posting.world.usage("SHOP-4", at(20, 9, 25), calls=5, tokens=(6000, 500))
    posting.clock.move_to(at(20, 9, 40))
    posting.promise_digest()
    assert [row.version for row in posting.outbox("slack.digest")] == [1]
    posting.world.usage("SHOP-4", at(20, 9, 45), calls=3000, tokens=(6000, 500))
    posting.clock.move_to(at(20, 9, 56))
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    (message,) = posting.messages()
    assert "Over their estimate" in str(message["blocks"])


def test_a_team_without_a_channel_is_told_of_where_promises_are_listed(posting: Posting) -> None:
    with posting.transactions.begin() as session:
        workspaces.save_team(session, replace(posting.team, channel_id=""))
        account = workspaces.slack_account(session, "acme", posting.world.service.box)
        assert account is not None
        workspaces.connect_slack(
            session, replace(account, default_channel_id=""), posting.world.service.box
        )
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    (row,) = posting.outbox("slack.digest")
    assert (row.state, row.note) == ("failed", "No Slack channel is set for this team")

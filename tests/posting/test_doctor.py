"""`storymeter doctor` names what is wrong with Slack and the database, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import requests
from sqlalchemy import text

from integration.cli.doctor_command import examine
from integration.foundation.database import connect, transactions_on
from integration.jobs.deliver_outbox import deliver_outbox
from integration.jobs.diagnose_database import diagnose_database
from integration.jobs.diagnose_slack import diagnose_slack
from integration.jobs.timetable import run_due
from integration.mailbox import store as mailbox
from integration.workspaces import store as workspaces
from integration.workspaces.workspace import Workspace
from tests.posting.test_two_workers import CHANNEL, Posting, posting

if TYPE_CHECKING:
    from integration.foundation.findings import Finding

__all__ = ["posting"]


def ill(findings: list[Finding]) -> list[str]:
    return [finding.sentence for finding in findings if not finding.is_well]


def test_a_slack_that_is_well_is_said_to_be(posting: Posting) -> None:
    found = diagnose_slack(posting.houses[0], "acme")
    assert [finding.sentence for finding in found] == [
        "Signed in to Slack team Acme as storymeter.",
        "The app has all the scopes it uses.",
        "Team Acme Assist reads in #assist.",
    ]
    assert ill(found) == []
    assert posting.messages() == []


def test_an_archived_channel_and_what_waits_for_it_are_named(posting: Posting) -> None:
    where = {"channel": CHANNEL}
    requests.post(f"{posting.slack_url}/_sandbox/archive", json=where, timeout=10)
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    assert ill(diagnose_slack(posting.houses[0], "acme")) == [
        (
            "#assist of team Acme Assist is archived: open it again, or choose another. What was "
            "promised in the last day is posted then."
        ),
        (
            "1 message could not be posted yet: slack.digest: Slack chat.postMessage: is_archived "
            "(C0ASSIST)"
        ),
    ]


def test_a_channel_without_our_app_and_one_that_is_none_are_told_apart(posting: Posting) -> None:
    where = {"channel": CHANNEL}
    requests.post(f"{posting.slack_url}/_sandbox/remove_from_channel", json=where, timeout=10)
    with posting.transactions.begin() as session:
        other = replace(posting.team, team_id="other", name="Other", channel_id="C0NOWHERE")
        workspaces.save_team(session, other)
    alone, nowhere = ill(diagnose_slack(posting.houses[0], "acme"))
    assert alone == "Our app is not in #assist of team Acme Assist: invite it with /invite."
    assert nowhere.startswith("Slack shows our app no channel C0NOWHERE of team Other: invite")


def test_a_dead_token_is_said_once_it_is_met_and_when_looked_at(posting: Posting) -> None:
    requests.post(f"{posting.slack_url}/_sandbox/revoke", json={}, timeout=10)
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    said = ill(diagnose_slack(posting.houses[0], "acme"))
    assert said[0].startswith("Slack does not take our token any more (Slack chat.postMessage:")
    assert said[1].startswith("Slack refuses the bot token (Slack auth.test: token_revoked)")


def test_two_workspaces_on_one_slack_team_are_noticed(posting: Posting) -> None:
    here = posting.world.service
    with posting.transactions.begin() as session:
        workspaces.create(session, Workspace("globex", "Globex"), posting.clock.now())
        account = workspaces.slack_account(session, "acme", here.box)
        assert account is not None
        workspaces.connect_slack(session, replace(account, workspace_id="globex"), here.box)
    (said,) = ill(diagnose_slack(posting.houses[0], "acme"))
    assert said.startswith("Slack team T-acme is connected to globex too")


def test_what_was_given_up_is_named_and_tried_again_on_request(posting: Posting) -> None:
    with posting.transactions.begin() as session:
        session.execute(text("UPDATE team SET channel_id = ''"))
        session.execute(text("UPDATE slack_connection SET default_channel_id = ''"))
    posting.promise_digest()
    deliver_outbox(posting.houses[0])
    said = ill(diagnose_slack(posting.houses[0], "acme"))
    assert said[0].startswith("Team Acme Assist has no channel, and the workspace no default one")
    assert said[1].startswith("1 message was given up: slack.digest: No Slack channel is set")
    with posting.transactions.begin() as session:
        workspaces.save_team(session, posting.team)
        assert mailbox.try_again(session, "acme", "slack", posting.clock.now()) == 1
    deliver_outbox(posting.houses[0])
    assert len(posting.messages()) == 1


def test_the_database_part_names_workers_partitions_and_books(posting: Posting) -> None:
    house = posting.houses[0]
    assert "No worker has run here yet" in str(ill(diagnose_database(house)))
    run_due(house)
    posting.deliver()
    found = diagnose_database(house)
    assert ill(found) == []
    assert [finding.kind for finding in found] == [
        "server", "clock", "transaction", "schema", "wall", "worker", "outbox", "partitions",
        "caps", "recounts",
    ]  # fmt: skip
    with posting.transactions.begin() as session:
        session.execute(text("UPDATE sprint_spend SET calls = calls + 1"))
        session.execute(text("INSERT INTO sprint_audit VALUES ('acme', 14, 1, now(), false, 'x')"))
        session.execute(
            text("INSERT INTO sprint_reconciliation VALUES ('acme', 14, 1, now(), '', '{}', '')")
        )
    posting.clock.move_to(posting.clock.now() + timedelta(hours=1))
    said = ill(diagnose_database(house))
    assert said[0].startswith("No worker has looked at the clock since 20 Nov 2026")
    assert "Sprint 14 of acme, revision 1 (x)" in said[-1]


def test_a_user_for_whom_the_second_wall_does_not_stand_is_told_how_to_raise_it(
    posting: Posting,
) -> None:
    engine = posting.world.service.engine
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE plain_reader LOGIN"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO plain_reader"))
    plain = connect(engine.url.set(username="plain_reader").render_as_string(hide_password=False))
    try:
        house = replace(posting.houses[0], transactions=transactions_on(plain))
        (told,) = [each for each in ill(diagnose_database(house)) if "keep workspaces" in each]
        assert "GRANT storymeter_workspace TO plain_reader; then storymeter migrate" in told
    finally:
        plain.dispose()
        with engine.begin() as connection:
            connection.execute(text("DROP OWNED BY plain_reader; DROP ROLE plain_reader"))


def test_a_transaction_that_is_open_for_long_is_told(posting: Posting) -> None:
    house, none = posting.houses[0], timedelta(0)
    assert not [each for each in ill(diagnose_database(house, none)) if "transaction" in each]
    with posting.transactions.begin() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        session.execute(text("SELECT 1"))
        (told,) = [each for each in ill(diagnose_database(house, none)) if "transaction" in each]
    assert told.startswith("A transaction has been open for 0 minutes: until it ends, usage is")


def test_a_database_that_is_away_is_a_finding_and_ends_the_look(posting: Posting) -> None:
    nobody = connect("postgresql://nobody@127.0.0.1:1/nothing")
    house = replace(posting.houses[0], transactions=transactions_on(nobody))
    found = examine(house)
    assert list(found) == ["Database"]
    assert ill(found["Database"])[0].startswith("The database does not answer: ")

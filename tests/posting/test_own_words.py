"""A workspace's own words: used, in a sandbox, and replaced by ours where they fail."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from integration.foundation.wording import Wordings
from integration.jobs.deliver_outbox import deliver_outbox
from integration.jobs.diagnose_wording import diagnose_wording
from integration.journeys.change_settings import change_workspace
from integration.journeys.note_wording import note_wording_fault
from integration.slack.block_kit import slack_wording
from integration.slack.messages import Messages
from integration.workspaces.changes import WorkspaceChange
from tests.adapters.slack import notice_examples as notices
from tests.posting.test_two_workers import Posting, posting

if TYPE_CHECKING:
    from pathlib import Path

    from integration.jobs.house import House
    from integration.reports.shapes import DailyDigest

__all__ = ["posting"]

OWN = """{% from "blocks.j2" import message, section %}
{% call message("Guten Morgen") %}
{% call section() %}
*Guten Morgen!* {{ digest.to_date.list_cost_nanousd | usd }} bisher.
{% endcall %}
{% endcall %}"""
LAST_YEAR = 1_750_000_000
FAULTY = {
    "no template": "{% if %}",
    "an unknown name": OWN.replace("digest.to_date", "digest.nothing"),
    "no JSON": "Guten Morgen",
    "no blocks": '{"text": "Hi", "blocks": []}',
    "a block that Slack refuses": '{"text": "Hi", "blocks": [{"type": "header", "text": '
    '{"type": "plain_text", "text": "' + "x" * 151 + '"}}]}',
    "a way out of the sandbox": OWN.replace("bisher", "{{ digest.__class__.__mro__ }}"),
    "escaping undone": OWN.replace("| usd", "| usd | safe"),
    "escaping switched off": "{% autoescape false %}" + OWN + "{% endautoescape %}",
}


def house_with(posting: Posting, folder: Path, digest: str) -> House:
    place = folder / "acme" / "slack"
    place.mkdir(parents=True)
    (place / "digest.json.j2").write_text(digest)
    os.utime(place / "digest.json.j2", (LAST_YEAR, LAST_YEAR))

    def told(workspace_id: str, template: str, fault: str) -> None:
        note_wording_fault(
            posting.transactions, workspace_id, template, fault, now=posting.clock.now()
        )

    return replace(posting.houses[0], wordings=Wordings(folder, told))


def test_a_workspace_says_it_in_its_own_words_and_its_own_figures(
    posting: Posting, tmp_path: Path
) -> None:
    house = house_with(posting, tmp_path / "words", OWN)
    german = WorkspaceChange(locale="de_DE")
    change_workspace(posting.transactions, "acme", german, actor="test", now=posting.clock.now())
    posting.promise_digest()
    deliver_outbox(house)
    (message,) = posting.messages()
    assert message["text"] == "Guten Morgen"
    assert "*Guten Morgen!* 14,00\xa0$ bisher." in str(message["blocks"]).replace("\\xa0", "\xa0")
    (said,) = diagnose_wording(house, "acme")
    assert (said.is_well, said.sentence) == (True, "1 template of its own is used.")


@pytest.mark.parametrize("digest", FAULTY.values(), ids=FAULTY.keys())
def test_where_own_words_fail_ours_are_used_and_the_doctor_says_so(
    posting: Posting, tmp_path: Path, digest: str
) -> None:
    house = house_with(posting, tmp_path / "words", digest)
    posting.promise_digest()
    deliver_outbox(house)
    (message,) = posting.messages()
    assert "$14.00 yesterday" in message["text"]
    (said,) = diagnose_wording(house, "acme")
    assert not said.is_well
    assert said.sentence.startswith("slack/digest.json.j2 is not used, ours is instead")


def test_what_people_say_stays_escaped_in_own_words(tmp_path: Path) -> None:
    place = tmp_path / "acme" / "slack"
    place.mkdir(parents=True)
    named = OWN.replace("*Guten Morgen!*", "{{ digest.sprint.name }}")
    (place / "digest.json.j2").write_text(named)
    wording = slack_wording(Wordings(tmp_path).of("acme", "en_US", "slack", "words"))
    digest = notices.digest()
    shouting = replace_name(digest, "<!channel> & co")
    message = Messages("UTC", wording).daily_digest(shouting)
    assert "&lt;!channel&gt; &amp; co" in str(message.blocks)


def replace_name(digest: DailyDigest, name: str) -> DailyDigest:
    sprint = msgspec.structs.replace(digest.sprint, name=name)
    return msgspec.structs.replace(digest, sprint=sprint)


def test_another_workspace_keeps_our_words(tmp_path: Path) -> None:
    (tmp_path / "acme" / "slack").mkdir(parents=True)
    (tmp_path / "acme" / "slack" / "digest.json.j2").write_text(OWN)
    wording = slack_wording(Wordings(tmp_path).of("globex", "en_US", "slack", "words"))
    assert wording.own is None


def test_a_file_that_replaces_nothing_is_named(posting: Posting, tmp_path: Path) -> None:
    house = house_with(posting, tmp_path / "words", OWN)
    (tmp_path / "words" / "acme" / "slack" / "digset.json.j2").write_text(OWN)
    (said,) = diagnose_wording(house, "acme")
    assert said.sentence.startswith("slack/digset.json.j2 replaces no template of ours")

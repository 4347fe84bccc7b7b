"""A Slack that knows no tables gets the same review in lines of text."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from integration.foundation.clock import ShiftedClock
from integration.jobs.deliver_outbox import deliver_outbox
from integration.sandbox.slack.server import start_slack
from tests.doors.worlds import CHAT, ENDS_AT, at
from tests.posting.test_two_workers import CONFIG, ROW, Posting, prepare

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doors.worlds import World


@pytest.mark.parametrize(("unknown", "kinds"), [((), ["table"]), (("table",), [])])
def test_a_review_has_a_table_where_slack_knows_tables(
    unknown: tuple[str, ...], kinds: list[str], world: World, tmp_path: Path
) -> None:
    clock = ShiftedClock(tmp_path / "clock")
    clock.move_to(at(20, 9, 20))
    prepare(world)
    other = world.story(5, "Answer Q & A <now>", ("Chat", CHAT, "10", "900", "90", "", "eu-west-1"))
    world.usage(other, at(19, 11), calls=500, tokens=(900, 90))
    with start_slack(replace(CONFIG, unknown_blocks=unknown), clock) as slack:
        posting = Posting(world, slack.base_url, clock)
        clock.move_to(ENDS_AT)
        world.close()
        deliver_outbox(posting.houses[0])
        (review,) = [each for each in posting.messages() if "Sprint Review" in each["text"]]
    blocks: list[dict[str, Any]] = review["blocks"]
    assert [each["type"] for each in blocks if each["type"] == "table"] == kinds
    words = str(blocks)
    assert ("Outside their range" in words) == bool(unknown)
    assert ("Answer Q & A <now>" in words) == (not unknown)
    assert ("Answer Q &amp; A &lt;now&gt;" in words) == bool(unknown)
    assert ROW[0] not in words

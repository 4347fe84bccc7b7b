"""What people read in Slack, word by word, and whether Slack would take it."""

from __future__ import annotations

import json

import pytest

from tests.adapters.slack.every_payload import MESSAGES, VIEWS
from tests.adapters.slack.payload_rules import assert_valid_message, assert_valid_view
from tests.golden_files import GOLDEN, check_golden


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_reads_as_agreed_and_is_valid(name: str, update_golden: bool) -> None:
    message = MESSAGES[name]()
    assert_valid_message(message.blocks, message.text)
    check_golden(f"slack/{name}.json", _written(message._asdict()), update_golden)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_reads_as_agreed_and_is_valid(name: str, update_golden: bool) -> None:
    view = VIEWS[name]()
    assert_valid_view(view)
    check_golden(f"slack/{name}.json", _written(view), update_golden)


def test_no_golden_file_is_left_over() -> None:
    kept = {path.stem for path in (GOLDEN / "slack").glob("*.json")}
    assert kept == {*MESSAGES, *VIEWS}


def _written(payload: object) -> str:
    return json.dumps(payload, indent=2, ensure_ascii=False) + "\n"

"""The judges of `make peers-slack` object to what Slack would refuse."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.slack_judges import objections
from tests.adapters.slack.every_payload import MESSAGES, VIEWS

FINE: dict[str, Any] = {"text": "Fine", "blocks": [{"type": "divider"}]}
LONG = {"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}


@pytest.mark.parametrize(
    "payload",
    [
        FINE | {"blocks": [LONG]},
        FINE | {"blocks": [{"type": "divider"}] * 51},
        FINE | {"blocks": [{"type": "no-such-block"}]},
        FINE | {"text": ""},
        {"type": "home", "blocks": [LONG]},
    ],
    ids=["long header", "too many blocks", "unknown block", "no text", "home"],
)
def test_what_slack_would_refuse_is_objected_to(payload: dict[str, Any]) -> None:
    assert objections(payload)


def test_what_we_send_is_fine() -> None:
    message = MESSAGES["digest_spike"]()
    assert objections({"text": message.text, "blocks": message.blocks}) == []
    assert objections(VIEWS["view_home"]()) == []

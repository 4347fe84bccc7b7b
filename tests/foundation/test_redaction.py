"""What looks like a secret does not reach a log; what only resembles one does."""

from __future__ import annotations

import logging

import pytest

from integration.foundation.redaction import RedactedRecord, redact_event, redacted


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("key smk_AbCdEf0123456789 refused", "key … refused"),
        ("xoxb-12345-67890-abcdef", "…"),
        ("xapp-1-A0-123-abcdef", "…"),
        ("token ATATT3xFfGF0abc_def-ghi=12", "token …"),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer …"),
        ("'Authorization': 'Basic Ym90OnRva2Vu'", "'Authorization': 'Basic …'"),
        ("at postgresql://meter:p%40ss@db:5432/books", "at postgresql://…@db:5432/books"),
        ("host=db password=hunter2 dbname=books", "host=db password=… dbname=books"),
        ("url: /commands/T0ACME/1234/abcd1234", "url: /commands/…"),
        ("https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/…"),
        ("X-Slack-Signature: v0=0123456789abcdef0123456789abcdef", "X-Slack-Signature: v0=…"),
        ("Cookie: storymeter=eyJfIjoiIn0.aaa.bbb; other=1", "Cookie: …"),
        ("{'x-api-key': 'abc123'}", "{'x-api-key': '…'}"),
        ("sealed as gAAAAABm0123456789abcdefghijkl==", "sealed as …"),
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_goes(said: str, left: str) -> None:
    assert redacted(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "story SHOP-4 of acme", "https://acme.example.com/browse/SHOP-4", "version 2.1.0",
        "postgresql://meter@db/books", "the bearer of this", "worker.started", "sprint:14",
    ],
)  # fmt: skip
def test_what_tells_operators_something_stays(said: str) -> None:
    assert redacted(said) == said


def test_an_event_is_redacted_at_every_depth() -> None:
    event = {"event": "x", "reason": "smk_0123456789", "rows": [{"said": "xoxb-123456-a"}], "n": 3}
    assert redact_event(None, "info", event) == {
        "event": "x", "reason": "…", "rows": [{"said": "…"}], "n": 3,
    }  # fmt: skip


def test_a_librarys_line_and_trace_are_redacted() -> None:
    try:
        int("smk_0123456789abcdef")
    except ValueError as error:
        record = RedactedRecord(
            "slack_sdk", logging.ERROR, __file__, 1, "sent %s", ("xoxb-123456-abc",),
            (type(error), error, error.__traceback__),
        )  # fmt: skip
    line = logging.Formatter().format(record)
    assert line.startswith("sent …\nTraceback")
    assert "smk_" not in line

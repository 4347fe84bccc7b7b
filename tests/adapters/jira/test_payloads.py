from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from integration.jira.payloads import (
    IGNORED,
    Ignored,
    SprintChanged,
    StoryChanged,
    StoryDeleted,
    UnknownPayload,
    read_event,
    subject,
)

PAYLOADS = Path(__file__).parents[2] / "payloads" / "jira"
US = "557058:storymeter"
OURS = frozenset({"customfield_10101", "customfield_10102"})
AT = datetime(2026, 11, 3, 14, 5, tzinfo=UTC)


def payload(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def read(body: dict[str, Any]) -> object:
    return read_event(body, account_id=US, field_ids=OURS)


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("issue_created", StoryChanged("10042", "DEMO-7", AT)),
        ("issue_updated__summary", StoryChanged("10042", "DEMO-7", AT)),
        ("issue_updated__sprint", StoryChanged("10042", "DEMO-7", AT)),
        ("issue_updated__echo", Ignored("an echo of our own write")),
        ("issue_updated__comment_only", Ignored("only a comment was added")),
        ("issue_deleted", StoryDeleted("10042", "DEMO-7", AT)),
        ("comment_created__without_issue", Ignored("comments carry no inputs")),
        ("sprint_closed", SprintChanged(37, "sprint_closed", 5, AT)),
        ("sprint_started__bare", SprintChanged(37, "sprint_started")),
    ],
)
def test_a_payload_is_read(name: str, event: object) -> None:
    assert read(payload(name)) == event


def test_somebody_else_who_overwrites_our_figure_is_no_echo() -> None:
    body = payload("issue_updated__echo")
    body["user"]["accountId"] = "712020:ada"

    assert read(body) == StoryChanged("10042", "DEMO-7", AT)


def test_our_account_changing_another_field_as_well_is_no_echo() -> None:
    body = payload("issue_updated__echo")
    body["changelog"]["items"].append({"field": "summary", "fieldId": "summary"})

    assert read(body) == StoryChanged("10042", "DEMO-7", AT)


def test_without_a_known_account_nothing_is_an_echo() -> None:
    body = payload("issue_updated__echo")
    body["user"] = {}

    event = read_event(body, account_id="", field_ids=OURS)

    assert event == StoryChanged("10042", "DEMO-7", AT)


def test_without_a_timestamp_the_storys_own_update_counts() -> None:
    body = payload("issue_created")
    del body["timestamp"]

    event = read(body)

    assert event == StoryChanged("10042", "DEMO-7", datetime(2026, 11, 3, 14, 4, 59, tzinfo=UTC))


@pytest.mark.parametrize("name", sorted(IGNORED))
def test_every_ignored_event_is_ignored_whatever_it_carries(name: str) -> None:
    assert read({"webhookEvent": name}) == Ignored(IGNORED[name])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"webhookEvent": "jira:issue_teleported"},
        {"webhookEvent": "jira:issue_updated"},
        {"webhookEvent": "jira:issue_created", "issue": {"id": "1"}},
        {"webhookEvent": "jira:issue_deleted", "issue": None},
        {"webhookEvent": "sprint_closed"},
        {"webhookEvent": "sprint_closed", "sprint": {"id": "soon"}},
    ],
)
def test_what_no_rule_knows_is_said_aloud(body: dict[str, Any]) -> None:
    with pytest.raises(UnknownPayload):
        read(body)


def test_events_on_one_story_share_a_subject_even_when_its_key_changes() -> None:
    before = StoryChanged("10042", "DEMO-7", AT)
    after = StoryDeleted("10042", "OTHER-1", AT)

    assert subject(before) == subject(after) == "issue:10042"


def test_a_sprint_is_a_subject_of_its_own() -> None:
    assert subject(SprintChanged(37, "sprint_closed")) == "sprint:37"
    assert subject(Ignored("anything")) == ""

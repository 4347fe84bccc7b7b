from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integration.backlog.ai_work import AiWorkRule
from integration.backlog.story import Story
from integration.journeys.keep_backlog import rule_of
from integration.workspaces.workspace import Workspace

AT = datetime(2026, 11, 2, 9, tzinfo=UTC)


def story(**changes: Any) -> Story:
    told: dict[str, Any] = {"summary": "Answer in chat", "issue_type": "Story"} | changes
    return Story(
        "1", "ACME-1", "ACME", status="To Do", status_category="new", updated_at=AT, created_at=AT,
        **told,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "marked"),
    [
        (Workspace("acme", "Acme"), {"labels": ("GenAI",)}),
        (Workspace("acme", "Acme", ai_labels=frozenset({"Assistant"})), {"labels": ("assistant",)}),
        (Workspace("acme", "Acme", ai_components=frozenset({"Bot"})), {"components": ("bot",)}),
        (
            Workspace("acme", "Acme", ai_issue_types=frozenset({"AI task"})),
            {"issue_type": "AI Task"},
        ),
        (
            Workspace("acme", "Acme", ai_keywords=frozenset({"Language model"})),
            {"summary": "Use a (language model), please"},
        ),
    ],
)
def test_each_list_of_a_workspaces_rule_marks_stories(
    rule: Workspace, marked: dict[str, Any]
) -> None:
    assert rule_of(rule).marks(story(**marked))
    assert not rule_of(rule).marks(story())
    assert not rule_of(rule).marks(story(**marked, is_subtask=True))
    assert not rule_of(rule).marks(story(**marked | {"issue_type": "Epic"}))


def test_a_keyword_is_a_word_and_not_a_part_of_one() -> None:
    rule = AiWorkRule(frozenset(), keywords=frozenset({"ai"}))
    assert rule.marks(story(summary="AI: answer"))
    assert not rule.marks(story(summary="Send e-mails to Maintainers"))

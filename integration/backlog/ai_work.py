"""Which stories are AI work: the workspace's rule, as a pure test of one story."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.backlog.story import Story


@dataclass(frozen=True, slots=True)
class AiWorkRule:
    """A story is AI work when any list names it. Case is ignored; keywords match the summary."""

    labels: frozenset[str] = frozenset({"ai", "llm", "genai", "gpu"})
    components: frozenset[str] = frozenset()
    issue_types: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    never_issue_types: frozenset[str] = frozenset({"epic", "sub-task", "subtask"})

    def marks(self, story: Story) -> bool:
        """Say whether the story gets the template section and an estimate."""
        if story.is_subtask or story.issue_type.casefold() in self.never_issue_types:
            return False
        return bool(
            self.labels & {label.casefold() for label in story.labels}
            or self.components & {component.casefold() for component in story.components}
            or story.issue_type.casefold() in self.issue_types
            or any(_names(keyword, story.summary.casefold()) for keyword in self.keywords)
        )


def _names(keyword: str, summary: str) -> bool:
    """Whether the words of a keyword stand in the summary as whole words, next to each other."""
    return re.search(rf"(?<!\w){re.escape(keyword)}(?!\w)", summary) is not None

"""The one comment per story: estimate, assumptions, what is missing, and what was used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from integration.foundation.wording import Wording, environment
from integration.jira import adf
from integration.jira.story_template import HEADING

if TYPE_CHECKING:
    from integration.jira.adf import Node
    from integration.jira.fields import StoryFigures


def comment(
    figures: StoryFigures, *, zone: str = "UTC", story_url: str = "", wording: Wording | None = None
) -> Node:
    """Render the comment as ADF, times in the IANA zone, with a link to the story's own page.

    The same figures give the same comment but for `as_of`, so a caller can tell whether it has
    news.
    """
    words = wording or Wording(environment("jira", "words"))
    return words.render(
        "comment.json.j2", _checked, heading=HEADING, figures=figures, zone=zone,
        story_url=story_url,
    )  # fmt: skip


def _checked(text: str) -> Node:
    """Refuse a customer's wording that is no document, or that we would not know as ours again."""
    made = adf.well_formed(json.loads(text))
    first: Node = next(iter((made or {}).get("content") or ()), {})
    if made is None or adf.plain_text(first).strip() != HEADING:
        raise ValueError(f"a comment is a document that begins with the heading {HEADING!r}")
    return made

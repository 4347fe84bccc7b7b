"""The one comment per story: estimate, assumptions, what is missing, and what was used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.jira import adf
from integration.jira.story_template import HEADING

if TYPE_CHECKING:
    from integration.jira.adf import Node
    from integration.jira.fields import StoryFigures


def comment(figures: StoryFigures, *, zone: str = "UTC", story_url: str = "") -> Node:
    """Render the comment as ADF, times in the IANA zone, with a link to the story's own page.

    The same figures give the same comment but for `as_of`, so a caller can tell whether it has
    news.
    """
    return adf.render(
        "comment.json.j2", heading=HEADING, figures=figures, zone=zone, story_url=story_url
    )

"""After a Sprint's closing, promises what Jira shows of its stories, a hundred at a time.

Two thousand stories in the transaction of the closing would make everyone wait for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.journeys.show_story import promise_story

if TYPE_CHECKING:
    from integration.jobs.house import House
    from integration.mailbox.claims import Promise

AT_A_TIME = 100


def promise_story_writes(house: House, promise: Promise) -> dict[str, object]:
    """Promise the fields and comment of every story of a report, with its actual."""
    stories = promise.body["stories"]
    for first in range(0, len(stories), AT_A_TIME):
        with house.transactions.begin() as session:
            for story_key in stories[first : first + AT_A_TIME]:
                promise_story(
                    session, promise.workspace_id, story_key, house.clock.now(), with_actual=True
                )
    return {"stories": len(stories)}

"""Journeys: somebody opens the app's Home tab in Slack, and says which work is theirs.

A change of a cap shows there without anybody opening it again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.foundation.errors import InvalidInput, NotFound
from integration.mailbox import store as mailbox
from integration.mailbox.again_store import keep_anew
from integration.people import store as people

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from integration.foundation.database import Transactions
    from integration.people.store import SlackMatch

HOME = "slack.home"
LOOKED_AGAIN = timedelta(days=1)
"""After this, an account that was not found is looked for once more."""
MAY_STILL_BE_SEEN = timedelta(days=1)
"""Slack asks for a Home each time it is opened; one left open longer is not kept up to date."""


def open_home(
    transactions: Transactions, workspace_id: str, slack_user_id: str, *, now: datetime
) -> None:
    """Promise this person's Home as it is now."""
    with transactions.begin() as session:
        _promise(session, workspace_id, slack_user_id, now)


def choose_team(
    transactions: Transactions, workspace_id: str, slack_user_id: str, team_id: str, *,
    now: datetime,
) -> None:  # fmt: skip
    """Let this person's Home show the Sprint of a team."""
    with transactions.begin() as session:
        people.note_team(session, workspace_id, slack_user_id, team_id)
        _promise(session, workspace_id, slack_user_id, now)


def state_own_story(
    transactions: Transactions, workspace_id: str, slack_user_id: str, story_key: str, *,
    now: datetime,
) -> None:  # fmt: skip
    """Take this person to be the one a story is assigned to in Jira.

    Raises:
        NotFound: there is no such story.
        InvalidInput: the story is assigned to nobody.
    """
    with transactions.begin() as session:
        story = backlog.story(session, workspace_id, story_key.strip().upper())
        if story is None:
            raise NotFound(f"There is no story {story_key} here")
        if not story.assignee_id:
            raise InvalidInput(f"{story.story_key} is assigned to nobody in Jira")
        people.note_jira_account(
            session, workspace_id, slack_user_id, story.assignee_id, by="stated", now=now
        )
        _promise(session, workspace_id, slack_user_id, now)


def renew_homes(session: Session, workspace_id: str, now: datetime) -> None:
    """Publish anew what people may be looking at: a cap is not what it was."""
    keep_anew(session, workspace_id, HOME, now - MAY_STILL_BE_SEEN, now)


def is_to_be_found(match: SlackMatch, now: datetime) -> bool:
    """Whether it is time to look for somebody's Jira account."""
    if match.jira_account_id:
        return False
    return match.looked_at is None or now - match.looked_at >= LOOKED_AGAIN


def _promise(session: Session, workspace_id: str, slack_user_id: str, now: datetime) -> None:
    """The instant makes each opening a version of its own, so that the figures are read anew."""
    body = {"opened_at": now.isoformat()}
    mailbox.promise(session, workspace_id, HOME, slack_user_id, body, now)

"""What everything that listens to one Slack team has at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from integration.slack.answers import Answers

if TYPE_CHECKING:
    from integration.foundation.wording import Wording
    from integration.slack.client import SlackGateway
    from integration.slack.desk import SlackDesk

Body = dict[str, Any]


@dataclass(frozen=True)
class Listeners:
    """Base of the classes with one method for each thing that Slack can send us."""

    workspace_id: str
    desk: SlackDesk
    gateway: SlackGateway
    zone: str
    wording: Wording

    @property
    def answers(self) -> Answers:
        return Answers(self.zone, self.wording)

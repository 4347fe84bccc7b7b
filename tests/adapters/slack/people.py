"""What people do in the local Slack, and what they see there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


@dataclass(frozen=True)
class People:
    """The control endpoints of one local Slack."""

    base_url: str
    workspace: Workspace

    def act(self, name: str, **body: object) -> Json:
        """Do something, such as `click`, `command`, `submit`."""
        done: Json = requests.post(f"{self.base_url}/_sandbox/{name}", json=body, timeout=15).json()
        return done

    def look(self, name: str, **query: str) -> Json:
        """See `messages`, `state`, `invalid`, `calls` or `deliveries`."""
        seen: Json = requests.get(
            f"{self.base_url}/_sandbox/{name}", params=query, timeout=15
        ).json()
        return seen

    def messages(self, channel: str = "C0STANDUP") -> list[Json]:
        """Return the messages of a channel, with those that only one person sees."""
        shown: list[Json] = self.look("messages", channel=channel)["messages"]
        return shown

    def wait_for(self, seen: Callable[[], object]) -> None:
        """Return once the workspace shows this; fail when it does not come."""
        with self.workspace.lock:
            assert self.workspace.news.wait_for(seen, timeout=10)

    def wait_for_messages(self, count: int, channel: str = "C0STANDUP") -> list[Json]:
        """Return a channel's messages once there are so many."""
        self.wait_for(lambda: len(self.workspace.channels[channel].messages) >= count)
        return self.messages(channel)

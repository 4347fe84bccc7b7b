"""How one message gets to Slack: in its channel's pace, outside quiet hours, once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integration.foundation.errors import DeliveryFailed
from integration.slack.failures import SlackChannelUnusable, SlackConnectionDead
from integration.turns import store as turns
from integration.workspaces import store as workspaces
from integration.workspaces.quiet_hours import quiet_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.jobs.house import House
    from integration.mailbox.claims import Promise
    from integration.slack.block_kit import SlackMessage
    from integration.slack.client import SlackGateway
    from integration.workspaces.workspace import SlackAccount, Team

SPACING = timedelta(seconds=1)
"""Slack takes about one message a second for each channel."""
LONGEST_WAIT = timedelta(seconds=5)
Receipt = dict[str, object]


@dataclass(frozen=True, slots=True)
class Post:
    """One promise on its way to a team's channel."""

    house: House
    promise: Promise
    team: Team | None

    @property
    def mark(self) -> str:
        """What the message carries unseen, so that it is found again after a crash."""
        return f"{self.promise.kind}:{self.promise.subject}"

    def send(self, message: SlackMessage, thread_ts: str | None = None) -> Receipt:
        """Post the message, or edit the one that an earlier version of the promise posted."""

        def act(gateway: SlackGateway, channel: str) -> Receipt:
            receipt = self.promise.receipt or self._found_again(gateway, channel, thread_ts)
            if not receipt:
                self._wait_for_turn(channel)
            posted = gateway.post_or_edit(
                channel, message.blocks, message.text, receipt, thread_ts, mark=self.mark
            )
            return dict(posted)

        return self.reach(act)

    def reach(self, act: Callable[[SlackGateway, str], Receipt]) -> Receipt:
        """Act on the team's channel; a dead token or an unusable channel is kept for a person.

        Neither is given up at once: whoever connects Slack anew or invites the app within a day
        gets what was promised.
        """
        gateway, account = self.house.outside.slack(self.promise.workspace_id)
        if account.lost_reason:
            raise DeliveryFailed(f"Connect Slack anew: {account.lost_reason}", permanent=False)
        channel = self._channel(account)
        try:
            return act(gateway, channel)
        except SlackConnectionDead as dead:
            with self.house.transactions.begin() as session:
                workspaces.slack_lost(
                    session, self.promise.workspace_id, dead.message, self.house.clock.now()
                )
            raise DeliveryFailed(dead.message, permanent=False) from dead
        except SlackChannelUnusable as unusable:
            said = f"{unusable.message} ({channel})"
            raise DeliveryFailed(said, permanent=False) from unusable

    def _channel(self, account: SlackAccount) -> str:
        channel = (self.team and self.team.channel_id) or account.default_channel_id
        if not channel:
            raise DeliveryFailed("No Slack channel is set for this team", permanent=True)
        return channel

    def _found_again(
        self, gateway: SlackGateway, channel: str, thread_ts: str | None
    ) -> dict[str, str]:
        """Look for what an earlier try may have posted before it could say so."""
        if self.promise.attempts <= 1:
            return {}
        return gateway.find_posted(channel, self.mark, thread_ts) or {}

    def _wait_for_turn(self, channel: str) -> None:
        """Wait for the quiet hours by coming back later, for the channel's pace by waiting.

        Raises:
            DeliveryFailed: come back later.
        """
        if self.team is not None:
            quiet = quiet_for(self.team, self.house.clock.now())
            if quiet:
                raise DeliveryFailed("Quiet hours", permanent=False, retry_after=quiet)
        with self.house.transactions.begin() as session:
            wait = turns.take_place(session, self.promise.workspace_id, f"slack:{channel}", SPACING)
        if wait > LONGEST_WAIT:
            raise DeliveryFailed("The channel is busy", permanent=False, retry_after=wait)
        time.sleep(wait.total_seconds())

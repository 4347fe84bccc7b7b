"""The answer to a click or a command, sent to the address that the request named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests

from integration.foundation.errors import DeliveryFailed
from integration.foundation.outgoing import ForbiddenAddress, guarded

if TYPE_CHECKING:
    from integration.slack.block_kit import SlackMessage

TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Reply:
    """Takes the place of Bolt's own `respond`, which would send to any address."""

    response_url: str
    api_base_url: str

    def __call__(self, answer: SlackMessage) -> None:
        """Answer the person who asked, and nobody else.

        Raises:
            DeliveryFailed: without the address, which is as good as a password.
        """
        body = {
            "text": answer.text, "blocks": answer.blocks, "response_type": "ephemeral",
            "replace_original": False,
        }  # fmt: skip
        try:
            with guarded(requests.Session(), trusted=self.api_base_url) as session:
                said = session.post(self.response_url, json=body, timeout=TIMEOUT_S)
        except requests.RequestException as error:
            is_final = isinstance(error, ForbiddenAddress)
            message = f"Slack answer: {type(error).__name__}"
            raise DeliveryFailed(message, permanent=is_final) from None
        if not said.ok:
            raise DeliveryFailed(f"Slack answer: HTTP {said.status_code}", permanent=True)

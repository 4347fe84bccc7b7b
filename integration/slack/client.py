"""Every call that StoryMeter makes of Slack's Web API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from integration.slack.failures import TRANSPORT_ERRORS, delivery_failure, error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slack_sdk.web import SlackResponse

    from integration.slack.connection import SlackConnection

TIMEOUT_S = 10
CANNOT_BE_EDITED = frozenset(
    {"cant_update_message", "edit_window_closed", "message_not_found", "is_inactive"}
)
Block = dict[str, Any]
Receipt = dict[str, str]
"""Where a message was posted, as `channel` and `ts`, so that a later version can edit it."""


def web_client(connection: SlackConnection) -> WebClient:
    """Return a client that never tries again by itself: a lost answer may be a message posted."""
    return WebClient(
        token=connection.bot_token,
        base_url=connection.api_base_url.rstrip("/") + "/",
        timeout=TIMEOUT_S,
        retry_handlers=[],
    )


class SlackGateway:
    """Slack as StoryMeter uses it. Every method raises DeliveryFailed when Slack does not do it."""

    def __init__(self, connection: SlackConnection) -> None:
        self._client = web_client(connection)

    def post_or_edit(
        self,
        channel_id: str,
        blocks: Sequence[Block],
        text: str,
        receipt: Mapping[str, str] | None = None,
        thread_ts: str | None = None,
    ) -> Receipt:
        """Edit the message of the receipt, or post a new one where there is none (any more)."""
        if receipt and receipt.get("ts"):
            where = {"channel": receipt.get("channel") or channel_id, "ts": receipt["ts"]}
            if self._edit(where, blocks, text):
                return where
        answer = self._call(
            "chat.postMessage",
            lambda: self._client.chat_postMessage(
                channel=channel_id,
                blocks=blocks,
                text=text,
                thread_ts=thread_ts,
                unfurl_links=False,
                unfurl_media=False,
            ),
        )
        return {"channel": str(answer["channel"]), "ts": str(answer["ts"])}

    def post_ephemeral(
        self, channel_id: str, user_id: str, blocks: Sequence[Block], text: str
    ) -> None:
        """Show a message to one person in a channel."""
        self._call(
            "chat.postEphemeral",
            lambda: self._client.chat_postEphemeral(
                channel=channel_id, user=user_id, blocks=blocks, text=text
            ),
        )

    def upload_image(
        self,
        channel_id: str,
        png: bytes,
        *,
        filename: str,
        title: str,
        alt_text: str,
        thread_ts: str | None = None,
    ) -> str:
        """Share a PNG by the external flow (get an address, send the bytes, complete).

        Returns the file's id. Slack shows the file a moment later, so there is no `ts` to edit.
        """
        answer = self._call(
            "files.completeUploadExternal",
            lambda: self._client.files_upload_v2(
                channel=channel_id,
                content=png,
                filename=filename,
                title=title,
                alt_txt=alt_text,
                thread_ts=thread_ts,
            ),
        )
        return str(answer["files"][0]["id"])

    def open_view(self, trigger_id: str, view: Block) -> str:
        """Open a modal and return its id. A trigger lives for three seconds only."""
        answer = self._call(
            "views.open", lambda: self._client.views_open(trigger_id=trigger_id, view=view)
        )
        return str(answer["view"]["id"])

    def update_view(self, view_id: str, view: Block) -> None:
        """Replace the contents of a modal that is open."""
        self._call("views.update", lambda: self._client.views_update(view_id=view_id, view=view))

    def publish_home(self, user_id: str, view: Block) -> None:
        """Show this as a person's App Home."""
        self._call("views.publish", lambda: self._client.views_publish(user_id=user_id, view=view))

    def user_by_email(self, email: str) -> str | None:
        """Return the id of the person with this address; None when the team has none."""
        try:
            answer = self._client.users_lookupByEmail(email=email)
        except SlackApiError as error:
            if error_code(error) == "users_not_found":
                return None
            raise delivery_failure("users.lookupByEmail", error) from error
        except TRANSPORT_ERRORS as error:
            raise delivery_failure("users.lookupByEmail", error) from error
        return str(answer["user"]["id"])

    def _edit(self, where: Receipt, blocks: Sequence[Block], text: str) -> bool:
        """Edit in place; False when that message can no longer be edited."""
        try:
            self._client.chat_update(
                channel=where["channel"], ts=where["ts"], blocks=blocks, text=text
            )
        except TRANSPORT_ERRORS as error:
            if error_code(error) in CANNOT_BE_EDITED:
                return False
            raise delivery_failure("chat.update", error) from error
        return True

    def _call(self, method: str, call: Callable[[], SlackResponse]) -> SlackResponse:
        try:
            return call()
        except TRANSPORT_ERRORS as error:
            raise delivery_failure(method, error) from error

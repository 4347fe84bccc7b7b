"""Every call that StoryMeter makes of Slack's Web API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from integration.foundation.errors import DeliveryFailed
from integration.foundation.outgoing import ForbiddenAddress, guarded
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


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a token is in which Slack team; `scopes` is None where Slack does not say."""

    team_id: str
    team: str
    user: str
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as our app sees it."""

    name: str
    is_member: bool
    is_archived: bool


def web_client(connection: SlackConnection, *, is_signed_in: bool = True) -> WebClient:
    """Return a client that never tries again by itself: a lost answer may be a message posted.

    Bolt takes one that is not signed in: it puts in the token of each request's team.
    """
    return WebClient(
        token=connection.bot_token if is_signed_in else None,
        base_url=connection.api_base_url.rstrip("/") + "/",
        timeout=TIMEOUT_S,
        retry_handlers=[],
    )


class SlackGateway:
    """Slack as StoryMeter uses it. Every method raises DeliveryFailed when Slack does not do it."""

    def __init__(self, connection: SlackConnection) -> None:
        self._client = web_client(connection)
        self._api_base_url = connection.api_base_url

    def post_or_edit(
        self,
        channel_id: str,
        blocks: Sequence[Block],
        text: str,
        receipt: Mapping[str, str] | None = None,
        thread_ts: str | None = None,
        *,
        mark: str = "",
    ) -> Receipt:
        """Edit the message of the receipt, or post a new one where there is none (any more).

        The mark travels with the message, unseen, so that `find_posted` recognises it.
        """
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
                metadata=_metadata(mark),
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

    def find_posted(
        self, channel_id: str, mark: str, thread_ts: str | None = None
    ) -> Receipt | None:
        """Find a message of ours by its mark among the newest; None where we may not look."""
        try:
            if thread_ts:
                answer = self._client.conversations_replies(
                    channel=channel_id, ts=thread_ts, include_all_metadata=True, limit=200
                )
            else:
                answer = self._client.conversations_history(
                    channel=channel_id, include_all_metadata=True, limit=100
                )
        except SlackApiError:
            return None
        except TRANSPORT_ERRORS as error:
            raise delivery_failure("conversations.history", error) from error
        for message in answer["messages"]:
            told = (message.get("metadata") or {}).get("event_payload") or {}
            if told.get("mark") == mark:
                return {"channel": channel_id, "ts": str(message["ts"])}
        return None

    def reserve_upload(self, content: bytes, *, filename: str, alt_text: str) -> tuple[str, str]:
        """Ask for a file's id and the address that takes its bytes."""
        answer = self._call(
            "files.getUploadURLExternal",
            lambda: self._client.files_getUploadURLExternal(
                filename=filename, length=len(content), alt_txt=alt_text
            ),
        )
        return str(answer["file_id"]), str(answer["upload_url"])

    def send_bytes(self, address: str, content: bytes) -> None:
        """Send a reserved file's bytes to the address Slack gave for them."""
        try:
            with guarded(requests.Session(), trusted=self._api_base_url) as session:
                answer = session.post(address, data=content, timeout=TIMEOUT_S)
        except requests.RequestException as error:
            said = f"Slack upload: {type(error).__name__}"
            raise DeliveryFailed(said, permanent=isinstance(error, ForbiddenAddress)) from None
        if not answer.ok:
            raise DeliveryFailed(f"Slack upload: HTTP {answer.status_code}", permanent=False)

    def share(self, file_id: str, channel_id: str, *, title: str, thread_ts: str) -> None:
        """Show an uploaded file in a thread."""
        self._call(
            "files.completeUploadExternal",
            lambda: self._client.files_completeUploadExternal(
                files=[{"id": file_id, "title": title}], channel_id=channel_id, thread_ts=thread_ts
            ),
        )

    def is_shared(self, file_id: str) -> bool:
        """Tell whether a file was completed; where we may not look, it is taken to be."""
        try:
            self._client.files_info(file=file_id)
        except SlackApiError as error:
            if error_code(error) in {"file_not_found", "file_deleted"}:
                return False
            if error_code(error) == "missing_scope":
                return True
            raise delivery_failure("files.info", error) from error
        except TRANSPORT_ERRORS as error:
            raise delivery_failure("files.info", error) from error
        return True

    def unfurl(self, channel_id: str, ts: str, unfurls: Mapping[str, Any]) -> None:
        """Show our cards under the links of a message, by address."""
        self._call(
            "chat.unfurl",
            lambda: self._client.chat_unfurl(channel=channel_id, ts=ts, unfurls=dict(unfurls)),
        )

    def identity(self) -> Identity:
        """Say who our token is, and what it may do as far as Slack says so."""
        answer = self._call("auth.test", self._client.auth_test)
        named = {name.lower(): value for name, value in answer.headers.items()}.get(
            "x-oauth-scopes"
        )
        scopes = frozenset(named.replace(" ", "").split(",")) if isinstance(named, str) else None
        return Identity(str(answer["team_id"]), str(answer["team"]), str(answer["user"]), scopes)

    def channel(self, channel_id: str) -> Channel:
        """Look at a channel without saying anything in it."""
        answer = self._call(
            "conversations.info", lambda: self._client.conversations_info(channel=channel_id)
        )
        found = answer["channel"]
        is_member = bool(found.get("is_member", True))
        return Channel(str(found.get("name", "")), is_member, bool(found.get("is_archived")))

    def email_of(self, user_id: str) -> str:
        """Return a person's e-mail address; empty when hidden or we may not see it."""
        try:
            profile = self._client.users_info(user=user_id)["user"]["profile"]
        except (SlackApiError, KeyError):
            return ""
        except TRANSPORT_ERRORS as error:
            raise delivery_failure("users.info", error) from error
        return str(profile.get("email") or "")

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


def _metadata(mark: str) -> dict[str, Any] | None:
    if not mark:
        return None
    return {"event_type": "storymeter_promise", "event_payload": {"mark": mark}}

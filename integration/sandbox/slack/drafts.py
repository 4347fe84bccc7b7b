"""From the arguments of a call to a message that Slack would accept, or to its refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integration.sandbox.slack.blocks import message_is_too_long, wrong_with_blocks
from integration.sandbox.slack.records import Message, message_wire
from integration.sandbox.slack.wire import Call, Json, SlackRefusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integration.sandbox.slack.workspace import Workspace

LONGEST_TEXT = 40_000


def drafted(call: Call) -> Message:
    """Return the message a call describes. Raises SlackRefusal and remembers what was refused."""
    blocks = call.structure("blocks", "invalid_blocks_format")
    attachments = call.structure("attachments", "invalid_attachments")
    text = call.optional("text") or ""
    content: Json = {"text": text, "blocks": blocks or [], "attachments": attachments or []}
    check_content(call.workspace, call.method, content)
    return Message(
        user_id=call.workspace.config.bot_user_id,
        text=text[:LONGEST_TEXT],
        blocks=filled_in(call.workspace, content["blocks"]),
        attachments=[
            {"id": number, **attachment}
            for number, attachment in enumerate(content["attachments"], 1)
        ],
        thread_ts=call.optional("thread_ts") or None,
        broadcast=call.flag("reply_broadcast"),
        metadata=call.structure("metadata", "invalid_metadata_format"),
    )


def check_content(workspace: Workspace, method: str, content: Mapping[str, Any]) -> None:
    """Refuse what Slack would refuse about text, blocks and attachments."""
    blocks, attachments = content.get("blocks") or [], content.get("attachments") or []
    problems = tuple(f"[ERROR] {line}" for line in wrong_with_blocks(blocks))
    problems += tuple(
        f"[ERROR] unsupported type: {block['type']}" for block in blocks
        if isinstance(block, dict) and block.get("type") in workspace.config.unknown_blocks
    )  # fmt: skip
    error = "invalid_blocks"
    for index, attachment in enumerate(attachments):
        inner = attachment.get("blocks") if isinstance(attachment, dict) else None
        at = f"[json-pointer:/attachments/{index}"
        problems += tuple(
            f"[ERROR] {line}".replace("[json-pointer:", at)
            for line in wrong_with_blocks(inner or [])
        )
    if not problems and message_is_too_long(blocks):
        error, problems = "msg_blocks_too_long", ("[ERROR] the blocks hold too many characters",)
    if problems:
        workspace.refuse(method, dict(content), problems)
        raise SlackRefusal(error, messages=problems, errors=list(problems))
    if not (content.get("text") or blocks or attachments):
        workspace.refuse(method, dict(content), ("no_text",))
        raise SlackRefusal("no_text")


def filled_in(workspace: Workspace, blocks: list[Json]) -> list[Json]:
    """Return the blocks with the block and action ids that Slack gives where the app gave none."""
    answer = []
    for block in blocks:
        fresh: Json = {"block_id": f"b{workspace.new_id('')[-6:]}", **block}
        if fresh["type"] in {"actions", "context"}:
            fresh["elements"] = [_named(workspace, element) for element in fresh["elements"]]
        for place in ("accessory", "element"):
            if place in fresh:
                fresh[place] = _named(workspace, fresh[place])
        answer.append(fresh)
    return answer


def _named(workspace: Workspace, element: Json) -> Json:
    if element.get("type") in {"plain_text", "mrkdwn", "image"} or element.get("action_id"):
        return element
    return {**element, "action_id": f"a{workspace.new_id('')[-6:]}"}


def as_wire(workspace: Workspace, message: Message, base_url: str) -> Json:
    """Return the message object with its files, and with its replies counted when it has some."""
    config = workspace.config
    files = [workspace.files[file_id].wire(config, base_url) for file_id in message.file_ids]
    answer = message_wire(message, files, config)
    replies = [
        reply
        for reply in workspace.channels[message.channel_id].messages
        if reply.thread_ts == message.ts and reply.ts != message.ts and not reply.visible_to
    ]
    if replies:
        people = list(dict.fromkeys(reply.user_id for reply in replies))
        answer |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": people,
            "reply_users_count": len(people),
            "latest_reply": replies[-1].ts,
        }
    return answer

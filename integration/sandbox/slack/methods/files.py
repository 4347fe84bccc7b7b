"""files.*: the external upload in its three steps."""

from __future__ import annotations

import mimetypes

from integration.sandbox.slack.drafts import filled_in
from integration.sandbox.slack.methods.chat import writable
from integration.sandbox.slack.records import Message, StoredFile
from integration.sandbox.slack.wire import Call, Json, Method, SlackRefusal, refused_arguments


def get_upload_url(call: Call) -> Json:
    name, length = call.text("filename"), call.number("length", 0)
    if length <= 0:
        raise refused_arguments("must be greater than 0 [json-pointer:/length]")
    stored = StoredFile(
        id=call.workspace.new_id("F"),
        name=name.replace("/", "_"),
        length=length,
        mimetype=mimetypes.guess_type(name)[0] or "application/octet-stream",
        created=int(call.workspace.clock.now().timestamp()),
        alt_text=call.optional("alt_txt") or call.optional("alt_text") or "",
    )
    call.workspace.files[stored.id] = stored
    upload_url = f"{call.base_url}/upload/v1/{stored.id}"
    return {"ok": True, "upload_url": upload_url, "file_id": stored.id}


def complete_upload(call: Call) -> Json:
    wanted = call.structure("files", "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise refused_arguments("missing required field: files")
    stored = [_uploaded(call, item) for item in wanted]
    named = call.optional("channel_id") or call.optional("channels")
    if named:
        channel = writable(call, "channel_id" if call.optional("channel_id") else "channels")
        message = Message(
            user_id=call.workspace.config.bot_user_id,
            text=call.optional("initial_comment") or "",
            blocks=filled_in(call.workspace, call.structure("blocks", "invalid_blocks") or []),
            thread_ts=call.optional("thread_ts") or None,
            file_ids=[item.id for item in stored],
        )
        call.workspace.add_message(channel.id, message)
        for item in stored:
            item.shares.append((channel.id, message.ts))
    for item in stored:
        item.completed = True
    wired = [item.wire(call.workspace.config, call.base_url) for item in stored]
    return {"ok": True, "files": wired}


def _uploaded(call: Call, item: Json) -> StoredFile:
    stored = call.workspace.files.get(str(item.get("id")))
    if stored is None or stored.content is None:
        raise SlackRefusal("file_not_found")
    if stored.completed:
        raise SlackRefusal("file_already_completed")
    stored.title = str(item.get("title") or stored.name)
    return stored


def _found(call: Call) -> StoredFile:
    stored = call.workspace.files.get(call.text("file"))
    if stored is None or not stored.completed:
        raise SlackRefusal("file_not_found")
    return stored


def info(call: Call) -> Json:
    stored = _found(call)
    shares: Json = {"public": {}, "private": {}}
    for channel_id, ts in stored.shares:
        kind = "private" if call.workspace.channels[channel_id].is_private else "public"
        shares[kind].setdefault(channel_id, []).append({"ts": ts})
    file = stored.wire(call.workspace.config, call.base_url) | {"shares": shares}
    return {"ok": True, "file": file, "comments": []}


def delete(call: Call) -> Json:
    stored = _found(call)
    for channel_id, _ts in stored.shares:
        for message in call.workspace.channels[channel_id].messages:
            message.file_ids = [one for one in message.file_ids if one != stored.id]
    del call.workspace.files[stored.id]
    call.workspace.changed()
    return {"ok": True}


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": get_upload_url,
    "files.completeUploadExternal": complete_upload,
    "files.info": info,
    "files.delete": delete,
}

"""A model provider on loopback that speaks as OpenAI does and keeps a log of its own.

Chat Completions and Responses, plain and streamed, and Embeddings. Every answer has an id of its
own (an embedding has none, as with OpenAI) and reports cached and reasoning tokens. What the log
holds is what a provider would bill: the truth that the ledger is compared with.
"""

from __future__ import annotations

import json
import random
import re
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

STORY = re.compile(r"[A-Z]+-[0-9]+")
CHAT, RESPONSES, EMBEDDINGS = "completions", "responses", "embeddings"
IDS = {CHAT: "chatcmpl-", RESPONSES: "resp_"}
FAIL_ONCE, FAIL_ALWAYS, SLOWLY = "fail once", "fail always", "slowly"
"""What a prompt may ask for besides an answer."""
DATED = {
    "gpt-5-mini": "gpt-5-mini-2025-08-07", "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18", "o4-mini": "o4-mini-2025-04-16",
}  # fmt: skip


PAUSE_S = 0.6
"""Between the pieces of an answer that comes slowly."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One call that was answered and would be billed. Tokens as OpenAI counts: parts inside."""

    door: str
    response_id: str
    model: str
    story_key: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int


@dataclass(slots=True)
class Upstream:
    """The provider's log."""

    port: int
    answered: list[Answered] = field(default_factory=list)
    failures: int = 0
    failed_once: set[str] = field(default_factory=set)
    chance: random.Random = field(default_factory=lambda: random.Random(4))
    lock: Lock = field(default_factory=Lock)

    def answer(self, door: str, model: str, prompt: str, most: int) -> Answered | None:
        """Make up an answer's figures and log them; None when this call fails.

        `most` is how many tokens the client lets it write, 0 where the client does not say.
        """
        with self.lock:
            if FAIL_ALWAYS in prompt or (FAIL_ONCE in prompt and prompt not in self.failed_once):
                self.failed_once.add(prompt)
                self.failures += 1
                return None
            named = STORY.search(prompt)
            found = self.figures(door, model, named[0] if named else "", prompt, most)
            self.answered.append(found)
            return found

    def figures(self, door: str, model: str, story_key: str, prompt: str, most: int) -> Answered:
        """Make figures up; neither the prompt nor what the client allows bounds them."""
        del prompt, most
        given = self._unlike_others(range(50, 9000))
        if door == EMBEDDINGS:
            return Answered(door, "", model, story_key, given, 0, 0, 0)
        made = self.chance.randint(5, 900)
        return Answered(
            door, self.new_id(door), model, story_key,
            given, self.chance.choice([0, given // 3, given - 7]),
            made, self.chance.choice([0, made // 2]),
        )  # fmt: skip

    def new_id(self, door: str) -> str:
        """Return an id for an answer."""
        return f"{IDS[door]}{self.chance.getrandbits(96):024x}"

    def _unlike_others(self, sizes: range) -> int:
        """Pick a size that no other call has, so that calls can be told apart by it."""
        taken = {each.input_tokens for each in self.answered}
        return self.chance.choice([size for size in sizes if size not in taken])


class FairUpstream(Upstream):
    """Counts a token a word, and writes no more than the client lets it."""

    def figures(self, door: str, model: str, story_key: str, prompt: str, most: int) -> Answered:
        """Read the prompt's words; write between half of what is allowed and all of it."""
        made = self.chance.randint(most // 2, most)
        read = len(prompt.split())
        return Answered(door, self.new_id(door), model, story_key, read, 0, made, 0)


@contextmanager
def running(upstream: Upstream | None = None) -> Iterator[Upstream]:
    """Serve on a free loopback port for the length of the block."""
    upstream = upstream or Upstream(0)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Door", (_Door,), {"upstream": upstream}))
    server.daemon_threads = True
    upstream.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class _Door(BaseHTTPRequestHandler):
    upstream: Upstream
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one call, streamed when that was asked for."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = str(asked["messages"][-1]["content"] if "messages" in asked else asked["input"])
        most = int(asked.get("max_tokens") or asked.get("max_output_tokens") or 0)
        found = self.upstream.answer(self.path.rpartition("/")[2], asked["model"], prompt, most)
        if found is None:
            self._send(
                500, json.dumps({"error": {"message": "overloaded", "type": "server_error"}})
            )
        elif asked.get("stream"):
            lines = [_event(chunk) for chunk in CHUNKS[found.door](found)]
            self._stream([*lines, "data: [DONE]\n\n"], PAUSE_S if SLOWLY in prompt else 0)
        else:
            self._send(200, json.dumps(WHOLE[found.door](found)))

    def _send(self, status: int, body: str, kind: str = "application/json") -> None:
        data = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, lines: list[str], pause_s: float) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        with suppress(OSError):  # The client has gone.
            for line in lines:
                time.sleep(pause_s)
                self.wfile.write(line.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


def _usage(found: Answered) -> dict[str, Any]:
    given, made = NAMES[found.door]
    return {
        given: found.input_tokens, made: found.output_tokens,
        "total_tokens": found.input_tokens + found.output_tokens,
        f"{given}_details": {"cached_tokens": found.cached_tokens},
        f"{made}_details": {"reasoning_tokens": found.reasoning_tokens},
    }  # fmt: skip


NAMES = {CHAT: ("prompt_tokens", "completion_tokens"), RESPONSES: ("input_tokens", "output_tokens")}


def _head(found: Answered, kind: str) -> dict[str, Any]:
    model = DATED.get(found.model, found.model)
    return {"id": found.response_id, "object": kind, "created": 1795000000, "model": model}


def _chat(found: Answered) -> dict[str, Any]:
    message = {"role": "assistant", "content": "Done."}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return _head(found, "chat.completion") | {"choices": choices, "usage": _usage(found)}


def _chat_chunks(found: Answered) -> list[dict[str, Any]]:
    head = _head(found, "chat.completion.chunk")
    said = {"index": 0, "delta": {"role": "assistant", "content": "Done."}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [
        head | {"choices": [said]}, head | {"choices": [end]},
        head | {"choices": [], "usage": _usage(found)},
    ]  # fmt: skip


def _response(found: Answered) -> dict[str, Any]:
    words = {"type": "output_text", "text": "Done.", "annotations": []}
    message = {
        "type": "message", "id": f"msg_{found.response_id}", "role": "assistant",
        "status": "completed", "content": [words],
    }  # fmt: skip
    return _head(found, "response") | {
        "created_at": 1795000000, "status": "completed", "output": [message],
        "usage": _usage(found), "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "error": None, "incomplete_details": None, "instructions": None, "metadata": {},
        "temperature": 1.0, "top_p": 1.0,
    }  # fmt: skip


def _response_chunks(found: Answered) -> list[dict[str, Any]]:
    whole = _response(found)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    delta = {
        "item_id": f"msg_{found.response_id}", "output_index": 0, "content_index": 0,
        "delta": "Done.", "logprobs": [],
    }  # fmt: skip
    return [
        {"type": "response.created", "sequence_number": 0, "response": begun},
        {"type": "response.output_text.delta", "sequence_number": 1} | delta,
        {"type": "response.completed", "sequence_number": 2, "response": whole},
    ]


def _embedding(found: Answered) -> dict[str, Any]:
    vector = {"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}
    usage = {"prompt_tokens": found.input_tokens, "total_tokens": found.input_tokens}
    return {"object": "list", "data": [vector], "model": found.model, "usage": usage}


WHOLE = {CHAT: _chat, RESPONSES: _response, EMBEDDINGS: _embedding}
CHUNKS = {CHAT: _chat_chunks, RESPONSES: _response_chunks}


def _event(chunk: dict[str, Any]) -> str:
    name = f"event: {chunk['type']}\n" if "type" in chunk else ""
    return f"{name}data: {json.dumps(chunk)}\n\n"

"""Calls through gateways, as developers' clients make them."""

from __future__ import annotations

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from integration.cli.demo.people import StepDidNotHappen

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
MOST = 200
"""What every call lets the model write."""
TIMEOUT_S = 60
SOON_S = 0.3
"""Time for a call to reach the model, whose first piece takes longer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client was told, after how long."""

    status: int
    body: Json
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Client:
    """A developer with a key of the gateway."""

    url: str
    key: str
    http: requests.Session = field(default_factory=requests.Session)

    def call(
        self, story: str, prompt: str = "Answer.", model: str = "gpt-4o",
        headers: dict[str, str] | None = None, **more: Any,
    ) -> Answer:  # fmt: skip
        """Make one chat completion for a story, which is also named in the prompt."""
        body = {
            "model": model, "max_tokens": MOST,
            "messages": [{"role": "user", "content": f"For {story}. {prompt}"}], **more,
        }  # fmt: skip
        own = {
            "Authorization": f"Bearer {self.key}", "x-litellm-tags": f"jira:{story}",
            "x-jira-issue": story, "X-StoryMeter-Model": model,
            "X-StoryMeter-Max-Output-Tokens": str(MOST), "Connection": "keep-alive",
        }  # fmt: skip
        began = time.perf_counter()
        answer = self.http.post(
            f"{self.url}/v1/chat/completions", json=body, headers=own | (headers or {}),
            timeout=TIMEOUT_S,
        )  # fmt: skip
        seconds = time.perf_counter() - began
        try:
            said = answer.json()
        except ValueError:  # A stream.
            said = {"text": answer.text}
        return Answer(answer.status_code, said, seconds, dict(answer.headers))

    def leave(self, story: str, *, after_a_piece: bool) -> None:
        """Begin a streamed call that comes slowly, and hang up before or after the first piece."""
        where = urlsplit(self.url)
        connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=TIMEOUT_S)
        content = {"role": "user", "content": f"For {story}. Answer slowly."}
        body = {"model": "gpt-4o", "max_tokens": MOST, "messages": [content], "stream": True}
        headers = {
            "Authorization": f"Bearer {self.key}", "x-litellm-tags": f"jira:{story}",
            "Content-Type": "application/json",
        }  # fmt: skip
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        if after_a_piece:
            connection.getresponse().readline()
        else:
            time.sleep(SOON_S)
        connection.close()


def together(clients: int, loop: Callable[[], list[Answer]]) -> list[Answer]:
    """Let clients loop at the same time; returns all answers."""
    found: list[Answer] = []
    lock = threading.Lock()

    def one() -> None:
        answers = loop()
        with lock:
            found.extend(answers)

    threads = [threading.Thread(target=one) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def until_refused(call: Callable[[], Answer], refusal: int, times: int) -> list[Answer]:
    """Call again and again until that many calls in a row are refused."""
    answers: list[Answer] = []
    while [each.status for each in answers[-times:]] != [refusal] * times:
        answers.append(call())
    return answers


def p50_ms(answers: list[Answer]) -> float:
    """The median of how long calls took."""
    ordered = sorted(each.seconds for each in answers)
    return ordered[len(ordered) // 2] * 1000


def expect(is_so: bool, what: str) -> None:
    """Go on only if it is so; raises StepDidNotHappen."""
    if not is_so:
        raise StepDidNotHappen(f"This is not so: {what}")

"""A steady load at a set pace: usage in batches, calls that ask first, stories that change."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from benchmarks import http_load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from integration.cli.demo.people import Gateway, ProductOwner

BATCH = 100
SENDERS = 4
CALLS_PER_S = 2.0
EDITS_PER_S = 0.1
MODELS = (("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5"))


@dataclass(slots=True)
class Tally:
    """What was answered."""

    events: int = 0
    granted: int = 0
    edits: int = 0
    refused: int = 0
    latencies_s: list[float] = field(default_factory=list)
    """Of the batches."""


@dataclass(slots=True)
class SteadyLoad:
    """Threads that send so many events a second, and ask and edit beside that."""

    port: int
    gateway: Gateway
    owner: ProductOwner
    stories: list[str]
    tally: Tally = field(default_factory=Tally)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    _faults: list[BaseException] = field(default_factory=list)

    def start(self, events_per_s: float) -> None:
        """Begin."""
        each_s = BATCH * SENDERS / events_per_s
        work: list[tuple[Callable[[Iterator[int]], None], float]] = [
            *[(self._send, each_s)] * SENDERS, (self._ask, 1 / CALLS_PER_S),
            (self._edit, 1 / EDITS_PER_S),
        ]  # fmt: skip
        for task, pause_s in work:
            thread = threading.Thread(target=self._guarded, args=(task, self._paced(pause_s)))
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Let everyone finish what they have in hand."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._faults:
            raise self._faults[0]

    def _guarded(self, task: Callable[[Iterator[int]], None], turns: Iterator[int]) -> None:
        try:
            task(turns)
        except BaseException as fault:
            self._faults.append(fault)

    def requests(self) -> Iterator[bytes]:
        """Rendered batches without end, for a load that knows no pace."""
        mark = random.SystemRandom().getrandbits(48)
        for number in count():
            body = json.dumps({"events": batch(self.stories, f"{mark:x}-{number}")}).encode()
            yield http_load.request_bytes("/v1/usage-events", self.gateway.keys["ingest"], body)

    def _paced(self, pause_s: float) -> Iterator[int]:
        """Count, one number a pause; whoever is late goes on from now and makes nothing good."""
        due = time.monotonic() + random.uniform(0, pause_s)
        for number in count():
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            yield number
            due = max(due + pause_s, time.monotonic())

    def _send(self, turns: Iterator[int]) -> None:
        mark = random.SystemRandom().getrandbits(48)
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {
            "Authorization": f"Bearer {self.gateway.keys['ingest']}",
            "Content-Type": "application/json",
        }
        for number in turns:
            body = json.dumps({"events": batch(self.stories, f"{mark:x}-{number}")})
            began = time.perf_counter()
            status = _sent(line, body, headers)
            self.tally.latencies_s.append(time.perf_counter() - began)
            if status == 200:
                self.tally.events += BATCH
            else:
                self.tally.refused += 1
        line.close()

    def _ask(self, turns: Iterator[int]) -> None:
        mark = random.SystemRandom().getrandbits(48)
        for number in turns:
            name = f"soak-{mark:x}-{number}"
            asked = {
                "id": name, "model": "gpt-4o", "provider_name": "openai", "input_tokens": 2000,
                "max_output_tokens": 300, "story_key": self.stories[0],
            }  # fmt: skip
            answer = self.gateway.ask("POST", "/v1/authorizations", "authorize", asked)
            self.tally.refused += not answer.ok
            self.tally.granted += answer.ok
            used = {"input_tokens": 2000, "output_tokens": 200, "response_id": name}
            if number % 5:  # The fifth is forgotten and ends as estimated spend.
                path = f"/v1/authorizations/{name}/capture"
                self.tally.refused += not self.gateway.ask("POST", path, "authorize", used).ok

    def _edit(self, turns: Iterator[int]) -> None:
        for number in turns:
            key = self.stories[number % len(self.stories)]
            fields = {"fields": {"summary": f"Answer questions, draft {number}"}}
            self.owner.ask("PUT", f"/rest/api/3/issue/{key}", fields)
            self.tally.edits += 1


def _sent(line: http.client.HTTPConnection, body: str, headers: dict[str, str]) -> int:
    """Send a batch; again where the server has closed a line that was quiet for long."""
    while True:
        try:
            line.request("POST", "/v1/usage-events", body, headers)
            answer = line.getresponse()
            answer.read()
        except (ConnectionError, http.client.HTTPException):
            line.close()
        else:
            return answer.status


def batch(stories: list[str], name: str) -> list[dict[str, Any]]:
    """Usage of calls made just now."""
    now = datetime.now(UTC).isoformat()
    found = []
    for number in range(BATCH):
        provider, model = random.choice(MODELS)
        found.append(
            {
                "response_id": f"{name}-{number}", "occurred_at": now, "provider_name": provider,
                "request_model": model, "input_tokens": random.randint(100, 4000),
                "output_tokens": random.randint(10, 600), "region": "us-east-1",
                "story_key": random.choice(stories),
            }
        )  # fmt: skip
    return found

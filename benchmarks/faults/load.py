"""Clients that send until they are answered, and remember what they were told."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from benchmarks.faults.scene import CAPPED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.faults.scene import Scene

Json = dict[str, Any]
TIMEOUT_S = 6.0
PAUSE_S = 0.05
GIVE_UP_S = 120.0
BATCH = 20
SENDERS = 3
ASKERS = 2
AGAIN = 0.1
MODELS = (("openai", "gpt-4o"), ("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5"))


class NeverAnswered(Exception):
    """The service did not answer although nothing was broken for a long time."""


class Load:
    """Threads that send usage, ask for calls, and edit stories, until told to stop."""

    def __init__(self, scene: Scene, seed: int) -> None:
        self.told = scene.told
        self._scene = scene
        self._seed = seed
        self._stop = threading.Event()
        self._faults: list[BaseException] = []
        work = [self._send] * SENDERS + [self._ask] * ASKERS + [self._edit]
        self._threads = [
            threading.Thread(target=self._guarded, args=(task, number), name=task.__name__)
            for number, task in enumerate(work)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Let everyone bring what they have in hand to an answer.

        Raises:
            NeverAnswered: somebody was not answered.
        """
        self._stop.set()
        for thread in self._threads:
            thread.join(GIVE_UP_S * 2)
        if self._faults:
            raise self._faults[0]

    def late_usage(self) -> None:
        """Send usage of calls made before the Sprint closed."""
        now = self._scene.clock.now() - timedelta(hours=2)
        chance = random.Random(self._seed)
        events = [self._event(chance, f"late-{number}", now.isoformat()) for number in range(BATCH)]
        self._post("/v1/usage-events", "ingest", {"events": events}, {200})
        self._acknowledge(events)

    def _guarded(self, task: Callable[[random.Random, str], None], number: int) -> None:
        try:
            task(random.Random(self._seed * 1000 + number), f"s{self._seed}-{number}")
        except BaseException as fault:
            self._faults.append(fault)

    def _send(self, chance: random.Random, name: str) -> None:
        """Usage in batches; some batches come again later."""
        before: list[list[Json]] = []
        for first in _numbers(BATCH, self._stop):
            batch = [
                self._event(chance, f"{name}-{first + place}", self._moment(chance))
                for place in range(BATCH)
            ]
            self._post("/v1/usage-events", "ingest", {"events": batch}, {200})
            self._acknowledge(batch)
            before.append(batch)
            if chance.random() < AGAIN:
                again = chance.choice(before)
                self._post("/v1/usage-events", "ingest", {"events": again}, {200})
                self.told.resent += len(again)
            time.sleep(PAUSE_S)

    def _ask(self, chance: random.Random, name: str) -> None:
        """Calls that are held, then captured for less, void, or forgotten until they expire."""
        for number in _numbers(1, self._stop):
            call_id = f"{name}-call-{number}"
            asked = {
                "id": call_id, "model": "gpt-4o", "provider_name": "openai", "input_tokens": 2000,
                "max_output_tokens": 300, "story_key": self._scene.stories[CAPPED],
                "ttl_seconds": 60,
            }  # fmt: skip
            # 409: granted to a request that was cut off, and expired before it came again.
            answer = self._post("/v1/authorizations", "authorize", asked, {200, 201, 409})
            if answer.get("decision") != "granted":
                self.told.denied += "decision" in answer
                time.sleep(PAUSE_S * 4)
                continue
            self.told.granted += 1
            end = chance.random()
            if end < 0.7:
                used = {"input_tokens": 2000, "output_tokens": chance.randint(1, 300)}
                path = f"/v1/authorizations/{call_id}/capture"
                self._end(path, used | {"response_id": f"r-{call_id}"}, {200})
            elif end < 0.85:
                # A hold that ran out while nobody answered cannot be void any more.
                path = f"/v1/authorizations/{call_id}/void"
                self._end(path, {}, {200, 409})

    def _end(self, path: str, body: Json, wanted: set[int]) -> None:
        """Capture or void a call that was granted."""
        answer = self._post(path, "authorize", body, wanted | {404})
        self.told.vanished += answer.get("status") == 404

    def _edit(self, chance: random.Random, _name: str) -> None:
        """A Product Owner who keeps changing summaries: webhooks, echoes, writes."""
        for number in _numbers(1, self._stop):
            key = chance.choice(self._scene.stories)
            path = f"/rest/api/3/issue/{key}"
            fields = {"fields": {"summary": f"Answer questions, draft {number}"}}
            # While Jira is down its people cannot write either.
            self._scene.owner.http.put(
                self._scene.owner.base_url + path, json=fields,
                auth=(self._scene.owner.email, self._scene.owner.token), timeout=TIMEOUT_S,
            )  # fmt: skip
            time.sleep(PAUSE_S * 10)

    def _event(self, chance: random.Random, name: str, at: str) -> Json:
        provider, model = chance.choice(MODELS)
        return {
            "response_id": name, "occurred_at": at, "provider_name": provider,
            "request_model": model, "input_tokens": chance.randint(100, 4000),
            "output_tokens": chance.randint(10, 600), "region": "us-east-1",
            "story_key": chance.choice(self._scene.stories[CAPPED + 1 :]),
        }  # fmt: skip

    def _moment(self, chance: random.Random) -> str:
        return (self._scene.clock.now() - timedelta(seconds=chance.randint(0, 900))).isoformat()

    def _acknowledge(self, events: list[Json]) -> None:
        with self.told.lock:
            self.told.acked |= {event["response_id"] for event in events}

    def _post(self, path: str, scope: str, body: Json, wanted: set[int]) -> Json:
        """Send until there is an answer that settles it, as the documents tell clients to."""
        deadline = time.monotonic() + GIVE_UP_S
        payload = json.dumps(body)
        last = ""
        while time.monotonic() < deadline:
            connection = http.client.HTTPConnection(
                self._scene.door_host, self._scene.door.port, timeout=TIMEOUT_S
            )
            try:
                connection.request("POST", path, payload, {
                    "Authorization": f"Bearer {self._scene.keys[scope]}",
                    "Content-Type": "application/json",
                })  # fmt: skip
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException) as lost:
                last = repr(lost)
            else:
                if answer.status in wanted:
                    found: Json = json.loads(said)
                    return found
                last = f"{answer.status} {said[:300]!r}"
                if answer.status < 500:
                    raise NeverAnswered(f"{path} was answered {last}")
            finally:
                connection.close()
            self.told.unanswered += 1
            time.sleep(PAUSE_S * 2)
        raise NeverAnswered(f"{path}: {last}")


def _numbers(step: int, stop: threading.Event) -> Iterator[int]:
    number = 0
    while not stop.is_set():
        yield number
        number += step

"""Where StoryMeter is, and the door to its holds."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from storymeter.errors import StoryMeterError
from storymeter.holding import Hold
from storymeter.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storymeter.errors import OnFailure

HERE = "http://127.0.0.1:8080"
TIMEOUT_S = 2.0
POLICIES = ("fail_open", "fail_closed")
MOST_POLICIES = 10_000


class Client:
    """One StoryMeter and the key by which it knows us (scope `authorize`).

    `timeout_s` is how long a call may wait for a decision. `on_failure` says what happens when none
    comes; without it the caps say so, as they did with the story's last answer, and a story that
    was never asked about fails closed.
    """

    def __init__(
        self, url: str = HERE, key: str = "", *, timeout_s: float = TIMEOUT_S,
        on_failure: OnFailure | None = None,
    ) -> None:  # fmt: skip
        if not key:
            raise StoryMeterError("Set STORYMETER_KEY to an API key with the scope `authorize`")
        self._wire = Wire(url, key, timeout_s)
        self._on_failure = on_failure
        self._policies: dict[str, OnFailure] = {}

    @classmethod
    def from_environment(cls) -> Client:
        """Read STORYMETER_URL, _KEY, _TIMEOUT_S and _ON_FAILURE.

        Raises:
            StoryMeterError: a variable is missing or wrong.
        """
        names = (
            "STORYMETER_URL",
            "STORYMETER_KEY",
            "STORYMETER_TIMEOUT_S",
            "STORYMETER_ON_FAILURE",
        )
        return _client(*(os.environ.get(name, "") for name in names))

    def hold(
        self, *, model: str, input_tokens: int, max_output_tokens: int | None = None,
        story: str = "", provider: str = "", team: str = "", feature: str = "", region: str = "",
        branch: str = "", tags: Sequence[str] = (), service_tier: str = "standard",
        ttl_seconds: int = 300, id: str | None = None,
    ) -> Hold:  # fmt: skip
        """Hold a call's worst case for the length of a `with` or `async with` block.

        Without `max_output_tokens` the most that the model can write is held. Without a `story` the
        workspace's rules, then the `branch`, may find one. `id` is the call's own; one that is
        chosen elsewhere makes a repeated run the same call.
        """
        asked: dict[str, Any] = {
            "id": id or uuid4().hex, "model": model, "provider_name": provider,
            "input_tokens": input_tokens, "max_output_tokens": max_output_tokens,
            "story_key": story, "team": team, "feature": feature, "region": region,
            "branch": branch, "tags": list(tags), "service_tier": service_tier,
            "ttl_seconds": ttl_seconds,
        }  # fmt: skip
        return Hold(self, asked)

    def send(self, path: str, body: object, *, attempts: int) -> dict[str, Any]:
        """Send something and return its answer; raises as `Wire.post`."""
        return self._wire.post(path, body, attempts=attempts)

    def learn(self, story: str, policy: OnFailure) -> None:
        """Remember what the caps of a story want done while nobody answers."""
        if len(self._policies) >= MOST_POLICIES:
            self._policies.clear()
        self._policies[story] = policy

    def policy(self, story: str) -> OnFailure:
        """Say what happens to a story's calls while nobody answers."""
        return self._on_failure or self._policies.get(story, "fail_closed")


@cache
def _client(url: str, key: str, timeout: str, on_failure: str) -> Client:
    try:
        timeout_s = float(timeout or TIMEOUT_S)
    except ValueError:
        raise StoryMeterError(f"STORYMETER_TIMEOUT_S is no number of seconds: {timeout}") from None
    if on_failure and on_failure not in POLICIES:
        raise StoryMeterError(
            f"STORYMETER_ON_FAILURE must be fail_open or fail_closed: {on_failure}"
        )
    policy = cast("OnFailure | None", on_failure or None)
    return Client(url or HERE, key, timeout_s=timeout_s, on_failure=policy)


def hold(
    *, model: str, input_tokens: int, max_output_tokens: int | None = None, story: str = "",
    provider: str = "", team: str = "", feature: str = "", region: str = "", branch: str = "",
    tags: Sequence[str] = (), service_tier: str = "standard", ttl_seconds: int = 300,
    id: str | None = None,
) -> Hold:  # fmt: skip
    """Hold a call's worst case with the client that the environment describes.

    The arguments are those of `Client.hold`.
    """
    return Client.from_environment().hold(
        model=model, input_tokens=input_tokens, max_output_tokens=max_output_tokens, story=story,
        provider=provider, team=team, feature=feature, region=region, branch=branch, tags=tags,
        service_tier=service_tier, ttl_seconds=ttl_seconds, id=id,
    )  # fmt: skip

"""A hold: asked for on entering a block, captured or released on leaving it."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from storymeter.errors import CapReached, Refused, StoryMeterError, Unavailable

if TYPE_CHECKING:
    from types import TracebackType

    from storymeter.client import Client

log = logging.getLogger("storymeter")

ASKING, SETTLING = 2, 4
"""Attempts. Someone waits for a decision; a settlement may take its time."""


class Hold:
    """A call's worst case, held under every cap that covers the call.

    Leaving the block sends what was captured. Nothing captured: an exception releases the hold; a
    timeout, a cancellation or Ctrl-C leaves it, because the provider may charge for what it had
    begun, and so does a block that ended well. What is left becomes estimated spend when it
    expires, and shows as such until its usage comes.
    """

    def __init__(self, client: Client, asked: dict[str, Any]) -> None:
        self._client = client
        self._asked = asked
        self._used: dict[str, Any] | None = None
        self._is_released = False
        self.is_held = False
        """False where StoryMeter could not answer and the call goes ahead all the same."""
        self.answer: dict[str, Any] = {}
        """The decision as StoryMeter answered it: worst case, caps, assumptions, warnings."""

    @property
    def id(self) -> str:
        """The call's own id, under which StoryMeter knows it."""
        return str(self._asked["id"])

    def capture(
        self, *, input_tokens: int, output_tokens: int, cache_read_input_tokens: int = 0,
        cache_write_input_tokens: int = 0, reasoning_output_tokens: int = 0, model: str = "",
        response_id: str = "",
    ) -> None:  # fmt: skip
        """Note what the call used; it is sent on leaving the block, and the last word counts.

        Cached tokens are inside the input, reasoning tokens inside the output. `response_id` is the
        provider's, by which the same call is recognised when others report it, too.
        """
        self._used = {
            "input_tokens": input_tokens, "output_tokens": output_tokens,
            "cache_read_input_tokens": cache_read_input_tokens,
            "cache_write_input_tokens": cache_write_input_tokens,
            "reasoning_output_tokens": reasoning_output_tokens, "model": model,
            "response_id": response_id,
        }  # fmt: skip

    def release(self) -> None:
        """Note that the call did not happen: nothing is spent."""
        self._used, self._is_released = None, True

    def __enter__(self) -> Hold:
        self._ask()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._settle(kind)

    async def __aenter__(self) -> Hold:
        asking = asyncio.ensure_future(asyncio.to_thread(self._ask))
        try:
            await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(self._give_back)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        await asyncio.shield(asyncio.to_thread(self._settle, kind))

    def _ask(self) -> None:
        story = self._asked["story_key"]
        try:
            self.answer = self._client.send("/v1/authorizations", self._asked, attempts=ASKING)
        except Unavailable as away:
            if self._client.policy(story) == "fail_closed":
                # The answer may only be late, and would then hold something for nobody.
                threading.Thread(target=self._release_now, daemon=True).start()
                raise
            log.warning("%s; the call %s goes ahead without a hold", away, self.id)
            return
        self._client.learn(story, self.answer.get("failure_policy", "fail_closed"))
        if self.answer["decision"] == "denied":
            raise CapReached(self.answer)
        self.is_held = True

    def _give_back(self, asking: asyncio.Future[None]) -> None:
        """The task was cancelled while it asked: what is granted after that is for nobody."""
        if not asking.cancelled() and asking.exception() is None:
            self.release()
            asyncio.get_running_loop().run_in_executor(None, self._settle, None)

    def _settle(self, kind: type[BaseException] | None) -> None:
        if kind is not None and not _is_cut_off(kind) and self._used is None:
            self._is_released = True
        try:
            if self._used is not None:
                self._capture(self._used)
            elif self._is_released and self.is_held:
                self._release_now()
        except StoryMeterError as lost:  # The call is over: whoever made it shall have its result.
            log.warning("The hold of %s is not settled and will expire: %s", self.id, lost)

    def _release_now(self) -> None:
        with suppress(Refused, Unavailable):  # Not known, or ended already; else it expires.
            self._client.send(self._path("void"), None, attempts=SETTLING)

    def _capture(self, used: dict[str, Any]) -> None:
        try:
            self._client.send(self._path("capture"), used, attempts=SETTLING)
        except Refused as refused:
            if refused.status != 404:
                raise
            # It went ahead without a hold, so it is reported as any other call.
            event = used | {
                "event_id": self.id, "call_id": self.id, "response_model": used["model"],
                "request_model": self._asked["model"],
                **{name: self._asked[name] for name in DESCRIBES},
            }  # fmt: skip
            del event["model"]
            self._client.send("/v1/usage-events", {"events": [event]}, attempts=SETTLING)

    def _path(self, end: str) -> str:
        return f"/v1/authorizations/{quote(self.id, safe='')}/{end}"


DESCRIBES = (
    "provider_name", "story_key", "team", "feature", "region", "branch", "tags", "service_tier",
)  # fmt: skip


def _is_cut_off(kind: type[BaseException]) -> bool:
    """Whether the provider may have gone on: client libraries have timeouts of their own kinds."""
    return not issubclass(kind, Exception) or "timeout" in kind.__name__.lower()

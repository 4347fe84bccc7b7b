"""Checks Slack's signature by the installation's clock.

Bolt's own check compares the request's time with the machine's. An installation whose clock is
moved, as in the demo, gets requests of its own moved Slack, which that check calls replays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slack_bolt import BoltResponse
from slack_bolt.middleware import Middleware
from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slack_bolt import BoltRequest

    from integration.foundation.clock import Clock


class _InstallationClock(SdkClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


class SignedBySlack(Middleware):
    """Answers 401 unless the raw body is signed and no more than five minutes old."""

    def __init__(self, signing_secret: str, clock: Clock) -> None:
        self._verifier = SignatureVerifier(signing_secret, _InstallationClock(clock))

    def process(
        self,
        *,
        req: BoltRequest,
        resp: BoltResponse,  # noqa: ARG002  # Bolt passes it by name.
        next: Callable[[], BoltResponse],  # noqa: A002  # Likewise.
    ) -> BoltResponse | None:
        """Let a signed request through to the listeners."""
        return next() if self._is_signed(req) else BoltResponse(status=401, body="")

    def _is_signed(self, request: BoltRequest) -> bool:
        return _is_valid(
            self._verifier, request.raw_body, _first(request, "x-slack-request-timestamp"),
            _first(request, "x-slack-signature"),
        )  # fmt: skip


def is_signed(raw: bytes, headers: Mapping[str, str], secret: str, clock: Clock) -> bool:
    """Tell whether a raw body is signed with this secret and no more than five minutes old."""
    timestamp = headers.get("X-Slack-Request-Timestamp") or ""
    signature = headers.get("X-Slack-Signature") or ""
    verifier = SignatureVerifier(secret, _InstallationClock(clock))
    try:
        return _is_valid(verifier, raw.decode(), timestamp, signature)
    except UnicodeDecodeError:
        return False


def _is_valid(verifier: SignatureVerifier, body: str, timestamp: str, signature: str) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    if not signature.isascii():  # compare_digest refuses such text with an error.
        return False
    return verifier.is_valid(body, timestamp, signature)


def _first(request: BoltRequest, header: str) -> str:
    values = request.headers.get(header) or [""]
    return str(values[0])

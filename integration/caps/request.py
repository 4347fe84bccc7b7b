"""What a client asks for before it calls a model, and what is refused without looking further."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 -- a NamedTuple reads the type.
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import msgspec

from integration.caps.policy import Amounts, CallScope, Denied, Granted
from integration.foundation.errors import FieldError, InvalidInput

LONGEST_HOLD = timedelta(hours=24)
MAX_TOKENS = 10**9
LONGEST_TEXT = 200
"""Longer names are mistakes, and an index row has to hold an id."""
TEXTS = (
    "authorization_id", "model", "provider_name", "story_key", "team", "feature", "region",
    "service_tier", "branch", "key_alias", "user", "session", "environment", "workload_class",
)  # fmt: skip
MOST_TAGS = 32
_TEXTS = attrgetter(*TEXTS)


class AuthorizationRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call that wants to spend. The client chose the id, so a retry is the same request.

    Without `max_output_tokens` the model's own maximum is held. The labels place the call, by the
    same tags and rules as its usage.
    """

    authorization_id: str
    model: str
    input_tokens: int
    max_output_tokens: int | None = None
    provider_name: str = ""
    story_key: str = ""
    team: str = ""
    feature: str = ""
    region: str = ""
    service_tier: str = "standard"
    ttl_seconds: int = 300
    branch: str = ""
    key_alias: str = ""
    user: str = ""
    """Pseudonymous, as in usage."""
    session: str = ""
    environment: str = ""
    workload_class: str = ""
    tags: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise InvalidInput naming every field that is out of range."""
        errors = [
            FieldError(f"/{name}", "out_of_range", f"{name} must be from 0 to 10⁹")
            for name in ("input_tokens", "max_output_tokens")
            if (count := getattr(self, name)) is not None and not 0 <= count <= MAX_TOKENS
        ]
        if not 1 <= self.ttl_seconds <= LONGEST_HOLD.total_seconds():
            errors.append(
                FieldError("/ttl_seconds", "out_of_range", "ttl_seconds must be from 1 to 86400")
            )
        texts = _TEXTS(self)
        is_plain_all = max(map(len, texts)) <= LONGEST_TEXT and "".join(texts).isprintable()
        for name, text in zip(TEXTS, texts, strict=True):
            if is_plain_all and text:
                continue
            if not text and name in {"authorization_id", "model"}:
                errors.append(FieldError(f"/{name}", "missing", f"{name} is required"))
            elif not is_plain(text):
                message = f"{name} must be at most {LONGEST_TEXT} printable characters"
                errors.append(FieldError(f"/{name}", "invalid", message))
        if len(self.tags) > MOST_TAGS or not all(map(is_plain, self.tags)):
            message = f"tags must be at most {MOST_TAGS} of {LONGEST_TEXT} printable characters"
            errors.append(FieldError("/tags", "invalid", message))
        if errors:
            raise InvalidInput("The authorization request needs mending", errors=tuple(errors))


def is_plain(text: str) -> bool:
    """Say whether a name is short and without control characters, which PostgreSQL may refuse."""
    return len(text) <= LONGEST_TEXT and (not text or text.isprintable())


class StoredCall(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a request: as it was asked, what it may cost at most, and what covers it."""

    asked: AuthorizationRequest
    amounts: Amounts
    scope: CallScope
    failed: bool = False
    """An attempt failed; without usage until it expires the call did not happen."""

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the worst case takes for granted, as stable codes with their figures."""
        said = []
        if self.asked.max_output_tokens is None:
            output = self.amounts.tokens - self.asked.input_tokens
            said.append(f"max_output_tokens:model_maximum:{output}")
        if self.asked.story_key and not self.scope.story_key:
            said.append("story_key:not_a_known_story")
        return tuple(said)


class Decided(NamedTuple):
    """A call that was decided now. What was granted ends by itself at `expires_at`."""

    call: StoredCall
    decision: Granted | Denied
    expires_at: datetime

    @property
    def authorization_id(self) -> str:
        """The id that the client chose."""
        return self.call.asked.authorization_id

    @property
    def state(self) -> str:
        """As it is stored."""
        return "held" if isinstance(self.decision, Granted) else "denied"

    @property
    def holds(self) -> Mapping[str, int]:
        """What the call holds, by cap."""
        return self.decision.holds if isinstance(self.decision, Granted) else {}

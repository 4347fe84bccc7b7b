"""One metered call, job or batch of calls, as every room behind the doors knows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from operator import attrgetter
from typing import Annotated, Literal

import msgspec

from integration.foundation.errors import FieldError

MAX_TOKENS_PER_EVENT = 1_000_000_000
MAX_FUTURE = timedelta(minutes=10)  # Clocks of clients drift; more than this is a mistake.
OLDEST = datetime(2020, 1, 1, tzinfo=UTC)  # Before the first model we could price.
MAX_GPU_HOURS = 1_000_000.0  # More than a century on one clock is a mistake.
MAX_ACCELERATOR_HOURS = 10_000_000.0  # Ten thousand accelerators for six weeks, in one event.
MAX_ENERGY_WH = 1_000_000_000.0
MAX_TEXT = 256
MAX_ID = 4096  # As it is sent; a longer id than MAX_TEXT is kept as its digest.
MAX_TAGS = 32

NO_HOURS = 0.0
"""The very object by which msgspec knows that hours were left out, here and in the book."""

Outcome = Literal["completed", "failed", "blocked", "cache_hit"]
Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
Id = Annotated[str, msgspec.Meta(max_length=MAX_ID)]
Amount = Annotated[
    str, msgspec.Meta(max_length=40, pattern=r"^(\d{1,12}(\.\d{1,24})?([eE][-+]?\d{1,2})?)?$")
]
"""Limits that hold where an event is decoded; `faults` checks what no type can say."""


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one model call or GPU job consumed.

    `completed` events are priced. A gateway `cache_hit` costs 0 and emits 0 and is counted as
    avoided; `failed` and `blocked` calls are kept for audit only.
    """

    source: Text
    """Who reported it: `api`, `cloudevents`, `litellm`, `otlp.openllmetry`, `bedrock` …"""
    occurred_at: datetime
    provider_name: Text = ""
    request_model: Text = ""
    response_model: Text = ""
    operation_name: Text = "chat"
    outcome: Outcome = "completed"

    calls: int = 1
    input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_write_input_tokens: int = 0
    cache_write_1h_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    service_tier: Text = "standard"
    region: Text = ""

    accelerator: Text = ""
    gpu_count: int = 0
    gpu_hours: float = NO_HOURS
    """Hours the job ran; accelerator-hours are `gpu_count × gpu_hours`."""
    gpu_utilisation: float | None = None
    energy_wh: float | None = None
    """Measured by the source (CodeCarbon); outranks the model where present."""

    response_id: Id = ""
    call_id: Id = ""
    event_id: Id = ""
    """The source's own id, unique within `source`."""
    trace_id: Text = ""
    span_id: Text = ""
    authorization_id: Text = ""

    story_key: Text = ""
    """The explicit tag, when the sender gave one."""
    branch: Text = ""
    key_alias: Text = ""
    team: Text = ""
    feature: Text = ""
    user: Text = ""
    """Pseudonymous: never an e-mail address or a name."""
    session: Text = ""
    environment: Text = ""
    prompt_version: Text = ""
    workload_class: Text = ""
    tags: Annotated[tuple[Text, ...], msgspec.Meta(max_length=MAX_TAGS)] = ()

    source_cost_usd: Amount = ""
    """What the source itself says the call cost, a Decimal string; kept beside our own figure."""

    @property
    def model(self) -> str:
        """The model that answered, or else the one that was asked for."""
        return self.response_model or self.request_model

    @property
    def total_tokens(self) -> int:
        """Input and output together; cached and reasoning tokens are inside them."""
        return self.input_tokens + self.output_tokens


COUNTS = (
    "calls", "input_tokens", "cache_read_input_tokens", "cache_write_input_tokens",
    "cache_write_1h_input_tokens", "output_tokens", "reasoning_output_tokens", "gpu_count",
)  # fmt: skip
MEASURES = ("gpu_hours", "energy_wh", "gpu_utilisation")
_COUNTS = attrgetter(*COUNTS)


def faults(event: UsageEvent, now: datetime) -> list[FieldError]:
    """Everything that makes the event unacceptable, each naming its field; empty when sound."""
    found: list[FieldError] = []
    counts = _COUNTS(event)
    if min(counts) < 0 or max(counts) > MAX_TOKENS_PER_EVENT:
        message = f"must be from 0 to {MAX_TOKENS_PER_EVENT}"
        found = [
            FieldError(f"/{name}", "out_of_range", f"{name} {message}")
            for name, count in zip(COUNTS, counts, strict=True)
            if not 0 <= count <= MAX_TOKENS_PER_EVENT
        ]
    if event.occurred_at.tzinfo is None:
        return [*found, FieldError("/occurred_at", "no_time_zone", "occurred_at needs an offset")]
    if event.occurred_at > now + MAX_FUTURE:
        found.append(FieldError("/occurred_at", "in_the_future", "occurred_at is in the future"))
    if event.occurred_at < OLDEST:
        found.append(FieldError("/occurred_at", "too_old", "occurred_at is before 2020"))
    cached = event.cache_read_input_tokens + event.cache_write_input_tokens
    if cached > event.input_tokens:
        found.append(
            FieldError(
                "/input_tokens", "excludes_cached",
                "input_tokens must include cache_read_input_tokens and cache_write_input_tokens",
            )
        )  # fmt: skip
    if event.reasoning_output_tokens > event.output_tokens:
        found.append(
            FieldError(
                "/output_tokens", "excludes_reasoning",
                "output_tokens must include reasoning_output_tokens",
            )
        )  # fmt: skip
    if event.cache_write_1h_input_tokens > event.cache_write_input_tokens:
        found.append(
            FieldError(
                "/cache_write_input_tokens", "excludes_1h",
                "cache_write_input_tokens must include cache_write_1h_input_tokens",
            )
        )  # fmt: skip
    if not event.model and not event.accelerator:
        found.append(FieldError("/request_model", "missing", "name a model or an accelerator"))
    if event.gpu_hours or event.energy_wh is not None or event.gpu_utilisation is not None:
        found += _measurement_faults(event)
    return found


def _measurement_faults(event: UsageEvent) -> list[FieldError]:
    limits = (
        ("gpu_hours", event.gpu_hours, MAX_GPU_HOURS),
        ("energy_wh", event.energy_wh, MAX_ENERGY_WH),
        ("gpu_utilisation", event.gpu_utilisation, 1.0),
    )
    found = [  # A comparison with NaN is false, so NaN is out of range as well.
        FieldError(f"/{name}", "out_of_range", f"{name} must be from 0 to {limit:g}")
        for name, value, limit in limits
        if value is not None and not 0 <= value <= limit
    ]
    if event.gpu_count * event.gpu_hours > MAX_ACCELERATOR_HOURS:
        message = f"gpu_count × gpu_hours must be at most {MAX_ACCELERATOR_HOURS:g}"
        found.append(FieldError("/gpu_hours", "out_of_range", message))
    return found


def pseudonym(user: str) -> str:
    """Stand in for a user: an opaque id stays; an e-mail address or a full name becomes a digest.

    The same address always gives the same pseudonym, so that rules and sums by user still work.
    """
    if "@" not in user and " " not in user:
        return user
    return "user-" + blake2b(user.strip().lower().encode(), digest_size=8).hexdigest()

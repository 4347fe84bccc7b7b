"""The errors a door can answer and a loop can act on: one class per meaning, one code each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from integration.foundation.redaction import redacted


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field or item: a JSON pointer, the rule, and how to mend it."""

    pointer: str
    code: str
    message: str


class StoryMeterError(Exception):
    """Base of all errors that we raise on purpose. `code` is part of the API: never renamed."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, message: str, *, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = errors


class InvalidInput(StoryMeterError):
    """The request cannot be accepted as it is; sending it again will not help."""

    code = "invalid_input"


class Unauthenticated(StoryMeterError):
    """Who sent this could not be established: no key, a wrong key, or a wrong signature."""

    code = "unauthenticated"


class NotPermitted(StoryMeterError):
    """The sender is known, but may not do this."""

    code = "not_permitted"


class NotFound(StoryMeterError):
    """What the request names does not exist in this workspace."""

    code = "not_found"


class Conflict(StoryMeterError):
    """The request contradicts what is already recorded, such as an id used with another amount."""

    code = "conflict"


class PayloadTooLarge(StoryMeterError):
    """The body, as sent or once decompressed, is over the door's limit."""

    code = "payload_too_large"


class Unavailable(StoryMeterError):
    """We cannot take this now; the same request may succeed after `retry_after`."""

    code = "unavailable"

    def __init__(self, message: str, *, retry_after: timedelta = timedelta(seconds=5)) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class TooManyRequests(StoryMeterError):
    """The sender is over its pace; the same request will be taken after `retry_after`."""

    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeliveryFailed(StoryMeterError):
    """A call to the outside world failed. The adapter says whether trying again can help.

    `workspace_wide` means that every call of this workspace to this system should wait, as for a
    used-up hourly quota; otherwise only this message waits.
    """

    code = "delivery_failed"

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after: timedelta | None = None,
        workspace_wide: bool = False,
    ) -> None:
        # Services quote what they were sent, and this is kept, shown and logged.
        super().__init__(redacted(message))
        self.permanent = permanent
        self.retry_after = retry_after
        self.workspace_wide = workspace_wide

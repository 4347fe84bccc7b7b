"""What may come instead of a hold."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

OnFailure = Literal["fail_open", "fail_closed"]
"""What happens to calls while StoryMeter cannot answer: they go ahead, or they do not."""


class StoryMeterError(Exception):
    """Anything that StoryMeter, or the way to it, has against a call."""


class CapReached(StoryMeterError):
    """A cap refuses the call. Its text is a sentence for the person who wonders why.

    Amounts are in `unit`: `usd`, `tokens` or `kgco2e`. `requested` is None where the call's worst
    case is not known. `alternative` names a model with which the same call would be allowed.
    """

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(answer["message"])
        found = answer["cap"]
        self.cap: str = found["id"]
        self.reason: str = found["reason"]
        self.unit: str = found["unit"]
        self.limit = Decimal(found["limit"])
        self.spent = Decimal(found["spent"])
        self.held = Decimal(found["held"])
        self.requested = None if found["requested"] is None else Decimal(found["requested"])
        self.alternative: str | None = (answer.get("alternative") or {}).get("model")


class Refused(StoryMeterError):
    """StoryMeter does not take the request; its text says what to mend.

    `status` is that of HTTP, `code` is stable, `errors` holds what is wrong with which field.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code", "unknown"))
        self.errors: list[Mapping[str, str]] = list(problem.get("errors", ()))
        details = "; ".join(each["message"] for each in self.errors)
        super().__init__(details or problem.get("detail") or f"HTTP {status}")


class Unavailable(StoryMeterError):
    """StoryMeter cannot answer, and the calls that it would decide are not to go ahead without."""

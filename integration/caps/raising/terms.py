"""What a raise is: a new limit, for good or until an instant, asked for with a reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from integration.caps.request import is_plain
from integration.foundation.errors import FieldError

if TYPE_CHECKING:
    from integration.caps.policy import Cap

LARGEST_LIMIT = 2**62
"""Leaves room for sums in a 64-bit column."""
LONGEST_RAISE = timedelta(days=366)
LONGEST_REASON = 1000

State = Literal["waiting", "granted", "declined", "outdated"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked for: the whole new limit in the cap's unit; `until` None is for good."""

    limit: int
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RaiseRequest:
    """Who asked for what, and what became of it."""

    workspace_id: str
    request_id: str
    cap_id: str
    limit_before: int
    terms: Terms
    asked_by: str
    asked_by_name: str
    asked_at: datetime
    state: State = "waiting"
    decided_by: str = ""
    decided_by_name: str = ""
    decided_at: datetime | None = None
    decided_reason: str = ""


def faults(cap: Cap, terms: Terms, now: datetime) -> list[FieldError]:
    """Everything that makes a raise of a cap impossible, each naming its field."""
    errors = []
    if not terms.reason.strip():
        errors.append(FieldError("/reason", "missing", "say why the cap is raised"))
    elif len(terms.reason) > LONGEST_REASON or not is_plain(terms.reason[:1]):
        message = f"a reason has at most {LONGEST_REASON} characters"
        errors.append(FieldError("/reason", "invalid", message))
    if not cap.limit < terms.limit <= LARGEST_LIMIT:
        errors.append(FieldError("/limit", "out_of_range", "give a limit above today's"))
    if terms.until is not None and terms.until.tzinfo is None:
        errors.append(FieldError("/until", "no_time_zone", "until needs an offset"))
    elif terms.until is not None and not now < terms.until <= now + LONGEST_RAISE:
        message = "a raise for a time ends in the future, within a year"
        errors.append(FieldError("/until", "out_of_range", message))
    return errors


def raised(cap: Cap, terms: Terms) -> Cap:
    """The cap with a raise. One for a time takes the place of one that is running.

    >>> from datetime import UTC
    >>> from integration.caps.policy import Cap
    >>> cap = Cap("acme", "c", "workspace", "acme", "tokens", 300)
    >>> six = datetime(2026, 11, 20, 18, tzinfo=UTC)
    >>> (today := raised(cap, Terms(400, "a customer", six))).limit, today.at(six).limit
    (400, 300)
    >>> raised(today, Terms(500, "for good")).at(six).limit
    500
    """
    if terms.until is None:
        return replace(cap, limit=terms.limit, raised_until=None, limit_after=None)
    after = cap.limit if cap.limit_after is None else cap.limit_after
    return replace(cap, limit=terms.limit, raised_until=terms.until, limit_after=after)

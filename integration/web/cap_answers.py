"""The shapes of what the doors about caps answer, for `/openapi.json`."""

from __future__ import annotations

from datetime import datetime

import msgspec

from integration.caps.policy import CarryOver, FailurePolicy, Mode, Unit
from integration.caps.raising.terms import State
from integration.caps.written import WrittenScope


class CapAnswer(msgspec.Struct):
    """A cap as it stands; amounts are Decimal strings in `unit`.

    `limit` counts now: `set_limit`, with what was carried over or raised for a time.
    """

    id: str
    scope: WrittenScope
    unit: Unit
    mode: Mode
    sprint_id: int | None
    period_start: datetime | None
    period_end: datetime | None
    thresholds: list[int]
    failure_policy: FailurePolicy
    max_tokens_per_request: int | None
    approved_models: list[str]
    approvers: list[str]
    separate_approver: bool
    carry_over: CarryOver
    reserve_pct: int
    limit: str
    set_limit: str
    carried_over: str
    raised_until: datetime | None
    limit_after: str | None
    spent: str
    held: str
    available: str


class CapsAnswer(msgspec.Struct):
    """The caps in force."""

    caps: list[CapAnswer]


class RaiseAnswer(msgspec.Struct):
    """A request for a raise; amounts are Decimal strings in the cap's unit."""

    id: str
    cap_id: str
    state: State
    limit_before: str
    limit: str
    until: datetime | None
    reason: str
    asked_by: str
    asked_at: datetime
    decided_by: str
    decided_at: datetime | None
    decided_reason: str


class RaisedCapAnswer(CapAnswer):
    """A cap as it stands, and the request about it."""

    request: RaiseAnswer


class RaisesAnswer(msgspec.Struct):
    """Requests for raises, newest first."""

    requests: list[RaiseAnswer]

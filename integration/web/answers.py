"""The shapes of what JSON doors answer, for `/openapi.json`; tests hold real answers to them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from integration.caps.policy import FailurePolicy, Reason, Unit
from integration.estimation.workload import Estimate
from integration.reports.epic import EpicSpend
from integration.reports.shapes import Totals


class ProblemItem(msgspec.Struct):
    """What is wrong with one field or item. `pointer` is a JSON pointer into the request."""

    pointer: str
    code: str
    message: str


class Problem(msgspec.Struct, omit_defaults=True):
    """An error as RFC 9457 words it; `code` is stable."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[ProblemItem] = []


class RejectedEvent(msgspec.Struct):
    """An item that was not taken, by its index in what was sent."""

    index: int
    id: str
    code: str
    message: str


class UsageAnswer(msgspec.Struct):
    """What became of a batch: every item is in exactly one of accepted, duplicates, ignored,
    rejected; `improved` ones are among the accepted."""

    accepted: int
    duplicates: int
    improved: int
    ignored: int
    rejected: list[RejectedEvent]


class WorstCase(msgspec.Struct):
    """The most an authorized call can use, money and mass as Decimal strings; null: not known."""

    usd: str | None
    tokens: int
    kgco2e: str | None


class DenyingCap(msgspec.Struct):
    """The cap that refused a call; amounts are Decimal strings in its unit."""

    id: str
    reason: Reason
    unit: Unit
    limit: str
    spent: str
    held: str
    requested: str | None


class FittingModel(msgspec.Struct):
    """A model with which a denied call would have been granted: the cheapest, or the greenest."""

    model: str


class AuthorizationAnswer(msgspec.Struct, omit_defaults=True):
    """A decision: granted, `caps` hold the worst case until `expires_at`; denied: see `cap`.

    `failure_policy` is what the caps that cover the call want done with the next ones, should
    StoryMeter not answer.
    """

    id: str
    decision: Literal["granted", "denied"]
    state: str
    worst_case: WorstCase
    expires_at: datetime
    failure_policy: FailurePolicy
    caps: list[str] = []
    warnings: list[str] = []
    cap: DenyingCap | None = None
    message: str = ""
    alternative: FittingModel | None = None
    greener: FittingModel | None = None


class GuardrailAnswer(msgspec.Struct, omit_defaults=True):
    """What LiteLLM understands: let the call through, or block it with this reason."""

    action: Literal["NONE", "BLOCKED"]
    blocked_reason: str = ""


class VoidAnswer(msgspec.Struct):
    """A hold that was released."""

    id: str
    state: Literal["void"]


class CaptureAnswer(msgspec.Struct):
    """A call whose use was recorded; `usage` is `duplicate` when it was known already."""

    id: str
    state: Literal["captured"]
    usage: Literal["accepted", "duplicate", "improved"]


class SprintAnswer(msgspec.Struct):
    """A Sprint as Jira last told it."""

    sprint_id: int
    board_id: int | None
    name: str
    state: Literal["future", "active", "closed"]
    goal: str
    starts_at: datetime | None
    ends_at: datetime | None
    completed_at: datetime | None


class SprintsAnswer(msgspec.Struct):
    """The Sprints that we have met."""

    sprints: list[SprintAnswer]


class ModelAnswer(msgspec.Struct):
    """What a story used of one model."""

    provider_name: str
    model: str
    actual: Totals


class StoryAnswer(msgspec.Struct):
    """A story: null fields are not known, an `estimate` of null was never made."""

    key: str
    summary: str | None
    is_ai_work: bool | None
    estimate: Estimate | None
    estimate_version: int | None
    actual: Totals
    models: list[ModelAnswer]
    epic: EpicSpend | None
    """Where the story is an epic: its stories, and all together."""


class TeamAnswer(msgspec.Struct):
    """A Scrum Team; `digest_at` is a time of day in `time_zone`, workdays count from Monday = 1."""

    workspace_id: str
    team_id: str
    name: str
    board_id: int | None
    channel_id: str
    time_zone: str
    digest_at: str
    workdays: list[int]
    quiet_days_are_silent: bool
    product_owner: str
    quiet_from: str | None
    quiet_until: str | None


class SettingsAnswer(msgspec.Struct):
    """A workspace's settings: `allocation_rule` none, even or by_tokens; `over_cap_stories` stay or
    move_back."""

    id: str
    name: str
    time_zone: str
    default_region: str
    allocation_rule: str
    locale: str
    over_cap_stories: str
    ai_labels: list[str]
    ai_components: list[str]
    ai_issue_types: list[str]
    ai_keywords: list[str]


class WorkspaceAnswer(msgspec.Struct):
    """The key's workspace, and what waits or failed."""

    id: str
    name: str
    time_zone: str
    default_region: str
    allocation_rule: str
    locale: str
    over_cap_stories: str
    ai_labels: list[str]
    ai_components: list[str]
    ai_issue_types: list[str]
    ai_keywords: list[str]
    teams: list[TeamAnswer]
    inbox: dict[str, int]
    outbox_waiting: int
    outbox_failed: int


class RevisionAnswer(msgspec.Struct):
    """One revision of a Sprint's report, without its body; amounts in nano-USD."""

    sprint_id: int
    revision: int
    created_at: datetime
    reason: str
    list_cost_nanousd: int
    late_usage_nanousd: int


class RevisionsAnswer(msgspec.Struct):
    """The revisions of a Sprint's report."""

    revisions: list[RevisionAnswer]


class StoredAnswer(msgspec.Struct):
    """Whether a delivery was new; a repeat is answered the same way."""

    stored: bool


class StateAnswer(msgspec.Struct):
    """How the process is."""

    status: str

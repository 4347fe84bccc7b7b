"""The shapes of all reports. They travel as JSON through the outbox, so they are msgspec structs.

Units: `_nanousd` 10⁻⁹ US dollar, `_uwh` 10⁻⁶ watt-hour, `_ugco2e` 10⁻⁶ gram CO₂e. None is unknown.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

Recount = Literal["pending", "agrees", "differs", "impossible"]
"""Of the raw entries behind a revision; impossible once retention has dropped some of them."""


class Spread(msgspec.Struct, frozen=True):
    """P10, P50 and P90 of an estimate or forecast, in the unit its name says."""

    low: int
    central: int
    high: int


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What was consumed. `unpriced_calls` and `calls_without_factor` are outside the sums."""

    calls: int = 0
    input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0
    gpu_hours: float = 0.0
    list_cost_nanousd: int = 0
    contracted_cost_nanousd: int = 0
    energy_uwh: int = 0
    location_based_ugco2e: Spread = Spread(0, 0, 0)
    market_based_ugco2e: int | None = None
    unpriced_calls: int = 0
    calls_without_factor: int = 0

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    @property
    def priced_pct(self) -> float | None:
        """Share of calls with a price, in percent; None without calls."""
        return 100 * (1 - self.unpriced_calls / self.calls) if self.calls else None

    @property
    def carbon_coverage_pct(self) -> float | None:
        """Share of calls with energy and grid factors, in percent; None without calls."""
        return 100 * (1 - self.calls_without_factor / self.calls) if self.calls else None


class EstimateDelta(msgspec.Struct, frozen=True, kw_only=True):
    """How an estimate's central figures moved since the version before, in percent, and why."""

    since_version: int
    list_cost_pct: float | None = None
    location_based_pct: float | None = None
    reasons: tuple[str, ...] = ()
    """`inputs`, `prices`, `factors`, `history`, `method`."""


class EstimateFigures(msgspec.Struct, frozen=True, kw_only=True):
    """An estimate's ranges; a quantity is None when something it needs is missing."""

    version: int
    made_at: datetime | None = None
    tokens: Spread | None = None
    list_cost_nanousd: Spread | None = None
    location_based_ugco2e: Spread | None = None
    missing: tuple[str, ...] = ()
    change: EstimateDelta | None = None
    """Against the version before; None for the first one."""


class VarianceParts(msgspec.Struct, frozen=True, kw_only=True):
    """Why the actual list cost differs from the central estimate; the parts add up to it."""

    total_nanousd: int
    volume_nanousd: int = 0
    input_length_nanousd: int = 0
    output_length_nanousd: int = 0
    cache_share_nanousd: int = 0
    model_mix_nanousd: int = 0
    price_change_nanousd: int = 0
    gpu_nanousd: int = 0
    late_usage_nanousd: int = 0
    unexplained_nanousd: int = 0


class StoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One story in a Sprint report. `actual` is what it consumed in this Sprint."""

    story_key: str
    summary: str
    status: str = ""
    is_ai_work: bool = True
    url: str = ""
    estimate: EstimateFigures | None = None
    """The latest version; of a closed Sprint, the latest at its closing."""
    at_start: EstimateFigures | None = None
    """The version in force when the Sprint began; None for a story without one then."""
    at_start_error_pct: float | None = None
    actual: Totals = Totals()
    allocated_nanousd: int = 0
    """Share of the unattributed spend by the workspace's rule; never part of `actual`."""
    variance: VarianceParts | None = None
    error_pct: float | None = None
    """100 × (actual − central estimate) / central estimate, of list cost."""
    within_range: bool | None = None


class CapStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One cap as it stands. Amounts are in the cap's unit: nano-USD, tokens, or µgCO₂e."""

    cap_id: str
    scope: str
    scope_label: str
    unit: Literal["usd", "tokens", "kgco2e"]
    mode: Literal["observe", "warn", "block"]
    limit: int
    spent: int
    held: int
    denied_calls: int = 0
    prevented: int = 0
    """Worst-case amount of the calls that were denied."""
    raised_until: datetime | None = None
    limit_after: int | None = None
    """What the limit falls back to when a raise for a time ends."""
    carried_over: int = 0
    """Part of the limit that the window before left; negative after an overrun."""
    reserve_pct: int = 0
    """Share of the limit that plans keep free for optimisation work."""
    approvers: tuple[str, ...] = ()
    separate_approver: bool = False

    @property
    def available(self) -> int:
        """What may still be held; never negative."""
        return max(0, self.limit - self.spent - self.held)

    @property
    def used_pct(self) -> float:
        """Share of the limit that is spent, in percent."""
        return 100 * self.spent / self.limit


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a change in spend: `more_calls`, `longer_input`, `longer_output`, `less_cache`,
    `dearer_model`, `new_price`, `gpu_hours`."""

    kind: str
    amount_nanousd: int
    detail: str = ""


class SpikeFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A spike: what it is on, since when, how large against what is usual, and why."""

    spike_id: str
    subject_kind: Literal["story", "feature", "team", "model"]
    subject: str
    summary: str = ""
    url: str = ""
    started_at: datetime
    peak_at: datetime
    ended_at: datetime | None = None
    amount_nanousd: int
    usual_nanousd: int
    hours: int = 0
    """Over how many hours both amounts were added up; 0 is unknown."""
    causes: tuple[Cause, ...] = ()


class BurnPoint(msgspec.Struct, frozen=True):
    """Spend of one day of the Sprint, in nano-USD."""

    day: date
    list_cost_nanousd: int


class SprintHeader(msgspec.Struct, frozen=True, kw_only=True):
    """Which Sprint a report is about."""

    sprint_id: int
    name: str
    state: str
    goal: str = ""
    team: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    completed_at: datetime | None = None
    url: str = ""
    """StoryMeter's own page of the Sprint."""
    report_url: str = ""
    """The report of it to print."""


class SavingFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What this Sprint's calls would have cost at the unit cost of earlier Sprints."""

    baseline: Literal["previous_sprints", "before_what_if"]
    sprints: int = 0
    baseline_nanousd: int
    actual_nanousd: int

    @property
    def saved_nanousd(self) -> int:
        """Below 0 when calls became dearer."""
        return self.baseline_nanousd - self.actual_nanousd

    @property
    def saved_pct(self) -> float | None:
        """Share of the baseline; None when that is 0."""
        return 100 * self.saved_nanousd / self.baseline_nanousd if self.baseline_nanousd else None


class SprintReport(msgspec.Struct, frozen=True, kw_only=True):
    """A Sprint's estimates against its actuals; a revision once it has closed (0: running)."""

    sprint: SprintHeader
    revision: int
    as_of: datetime
    stories: tuple[StoryLine, ...]
    totals: Totals
    unattributed: Totals
    estimated: EstimateFigures | None = None
    """Sum over the stories that have an estimate."""
    at_start: EstimateFigures | None = None
    """The same sum as it stood when the Sprint began."""
    variance: VarianceParts | None = None
    """Of all stories with an estimate, part by part."""
    savings: tuple[SavingFigures, ...] = ()
    allocation_rule: Literal["none", "even", "by_tokens"] = "none"
    late_usage_nanousd: int = 0
    """List cost that was recorded, or moved here, after the Sprint had closed."""
    reason: str = ""
    """Why this revision was made: `closed`, `late_usage`, `reopened` or `audit`."""
    caps: tuple[CapStatus, ...] = ()
    spikes: tuple[SpikeFigures, ...] = ()
    burn: tuple[BurnPoint, ...] = ()
    forecast_nanousd: Spread | None = None
    interval_coverage_pct: float | None = None
    """Share of stories whose actual fell into their range; None without such stories."""
    median_error_pct: float | None = None
    at_start_coverage_pct: float | None = None
    """As `interval_coverage_pct`, of the estimates as they stood when the Sprint began."""
    ledger_agrees: bool = True
    """False once a recount of the entries behind the roll-ups has found a difference."""
    recount: Recount = "pending"
    """How far the recount behind a revision is. Filled in when shown; running Sprints have none."""


class DailyDigest(msgspec.Struct, frozen=True, kw_only=True):
    """What a team sees at stand-up about one Sprint."""

    sprint: SprintHeader
    day: date
    as_of: datetime
    sprint_day: int
    sprint_days: int
    since: date | None = None
    """The first day that `yesterday` counts: earlier than yesterday after days off. UTC days."""
    yesterday: Totals
    to_date: Totals
    unattributed: Totals
    caps: tuple[CapStatus, ...] = ()
    forecast_nanousd: Spread | None = None
    spikes: tuple[SpikeFigures, ...] = ()
    over_estimate: tuple[StoryLine, ...] = ()
    top_stories: tuple[StoryLine, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Nothing was spent since the last digest, and nothing unusual goes on."""
        spent = self.yesterday.calls or self.yesterday.list_cost_nanousd
        return not spent and not self.spikes

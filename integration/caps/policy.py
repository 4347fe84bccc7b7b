"""May this call spend? Caps, what is spent and held under them, and a pure answer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Unit = Literal["usd", "tokens", "kgco2e"]
Mode = Literal["observe", "warn", "block"]
ScopeKind = Literal[
    "workspace", "sprint", "product_owner", "team", "epic", "feature", "story", "model"
]
FailurePolicy = Literal["fail_open", "fail_closed"]
CarryOver = Literal["none", "unspent", "overrun", "both"]
Reason = Literal["cap_reached", "too_many_tokens", "model_not_approved", "unknown_cost"]
DEFAULT_THRESHOLDS = (50, 80, 100)
ENDLESS = 2**64


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on what a scope may spend. Amounts are in nano-USD, tokens, or µgCO₂e by `unit`.

    With a `sprint_id` only spend in that Sprint counts; with a period only spend inside it. The
    fields below `carried_over` are how it stands, and no settings.
    """

    workspace_id: str
    cap_id: str
    scope_kind: ScopeKind
    scope_value: str
    unit: Unit
    limit: int
    mode: Mode = "block"
    sprint_id: int | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS
    failure_policy: FailurePolicy = "fail_closed"
    max_tokens_per_request: int | None = None
    approved_models: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    """Who may agree to a raise, such as `slack:U0ADA`; anybody when nobody is named."""
    separate_approver: bool = False
    """Whoever asks for a raise is not the one who agrees to it."""
    carry_over: CarryOver = "none"
    """What of the window before this one changes the limit: what was left, what was over."""
    reserve_pct: int = 0
    """Share of the limit that a plan keeps free for optimisation work."""
    carried_over: int = 0
    """Part of `limit` that comes from the window before; negative after an overrun."""
    raised_until: datetime | None = None
    """When a raise for a time ends; None while there is none."""
    limit_after: int | None = None
    """The limit from then on."""

    @property
    def set_limit(self) -> int:
        """The limit as it was set for good, without what was carried over or raised for a time."""
        standing = self.limit if self.limit_after is None else self.limit_after
        return standing - self.carried_over

    def at(self, now: datetime) -> Cap:
        """The cap at an instant: a raise for a time ends on the dot, whoever notes it when."""
        if self.raised_until is None or self.limit_after is None or now < self.raised_until:
            return self
        return replace(self, limit=self.limit_after, raised_until=None, limit_after=None)


class CallScope(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything about a call by which a cap can cover it."""

    occurred_at: datetime
    story_key: str = ""
    sprint_id: int = 0
    epic_key: str = ""
    feature: str = ""
    team: str = ""
    product_owner: str = ""
    model: str = ""


class Amounts(msgspec.Struct, frozen=True):
    """A call's worst case in every unit; None where it cannot be known."""

    nanousd: int | None
    tokens: int
    ugco2e: int | None

    def under(self, unit: Unit) -> int | None:
        """The amount in a cap's unit."""
        if unit == "tokens":
            return self.tokens
        return self.nanousd if unit == "usd" else self.ugco2e


@dataclass(frozen=True, slots=True)
class Balance:
    """A cap as it stands: what is spent for certain, and held for calls still running."""

    cap: Cap
    spent: int
    held: int

    @property
    def available(self) -> int:
        """What may still be held; negative once an overrun was recorded."""
        return self.cap.limit - self.spent - self.held


@dataclass(frozen=True, slots=True)
class Granted:
    """The call may go ahead; `holds` is what to hold under each cap, `warnings` what to tell."""

    holds: Mapping[str, int]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Denied:
    """The call may not go ahead, because of one cap."""

    cap_id: str
    reason: Reason
    limit: int
    spent: int
    held: int
    requested: int | None
    unit: Unit


Decision = Granted | Denied


def covers(cap: Cap, call: CallScope) -> bool:
    """Say whether a call falls under a cap. An unattributed call never matches a story's cap."""
    if cap.sprint_id is not None and cap.sprint_id != call.sprint_id:
        return False
    if cap.period_start is not None and call.occurred_at < cap.period_start:
        return False
    if cap.period_end is not None and call.occurred_at >= cap.period_end:
        return False
    if cap.scope_kind == "workspace":
        return True
    value = value_in_scope(cap.scope_kind, call)
    if cap.scope_kind == "model":
        # A gateway's routing prefix (`openai/gpt-5`) must not lead around a family's cap.
        family, name = cap.scope_value.lower(), value.lower()
        return name.startswith(family) or name.rpartition("/")[2].startswith(family)
    return value == cap.scope_value


WINDOW = ("scope_kind", "scope_value", "unit", "sprint_id", "period_start", "period_end")


def is_another_window(before: Cap, after: Cap) -> bool:
    """Say whether two caps count other spend: over another scope, window or unit."""
    return any(getattr(before, name) != getattr(after, name) for name in WINDOW)


def sprint_id_of(cap: Cap) -> int | None:
    """The Sprint that a cap is bound to; None when it is bound to none."""
    return int(cap.scope_value) if cap.scope_kind == "sprint" else cap.sprint_id


def value_in_scope(kind: ScopeKind, call: CallScope) -> str:
    """The mark of a call by which a cap of this kind covers it."""
    match kind:
        case "sprint":
            return str(call.sprint_id)
        case "product_owner":
            return call.product_owner
        case "team":
            return call.team
        case "epic":
            return call.epic_key
        case "feature":
            return call.feature
        case "story":
            return call.story_key
        case _:
            return call.model


def failure_policy(caps: Iterable[Cap]) -> FailurePolicy:
    """What a gateway does with calls under these caps while nobody can be asked.

    One blocking cap that fails closed is enough to stop them; where no cap blocks, none has to.
    """
    if any(cap.mode == "block" and cap.failure_policy == "fail_closed" for cap in caps):
        return "fail_closed"
    return "fail_open"


def decide(balances: Sequence[Balance], amounts: Amounts, model: str) -> Decision:
    """Grant a call that fits under every blocking cap. Exactly at the limit still fits.

    Observing and warning caps never deny; they hold too, so that `available` tells the truth.
    """
    holds: dict[str, int] = {}
    warnings = []
    for balance in balances:
        refusal = _refusal(balance, amounts, model)
        if refusal and balance.cap.mode == "block":
            return refusal
        if refusal and balance.cap.mode == "warn":
            warnings.append(f"{balance.cap.cap_id}: {refusal.reason}")
        holds[balance.cap.cap_id] = amounts.under(balance.cap.unit) or 0
    return Granted(holds, tuple(warnings))


def granted_with_room(caps: Sequence[Cap], amounts: Amounts, model: str) -> Granted | None:
    """What a call holds wherever there is room; None where one of its caps refuses it anyhow."""
    roomy = [Balance(cap, 0, cap.limit - ENDLESS) for cap in caps]
    decision = decide(roomy, amounts, model)
    return decision if isinstance(decision, Granted) else None


def _refusal(balance: Balance, amounts: Amounts, model: str) -> Denied | None:
    cap = balance.cap
    requested = amounts.under(cap.unit)
    reason = _reason(balance, amounts, requested, model)
    if reason is None:
        return None
    return Denied(cap.cap_id, reason, cap.limit, balance.spent, balance.held, requested, cap.unit)


def _reason(balance: Balance, amounts: Amounts, requested: int | None, model: str) -> Reason | None:
    cap = balance.cap
    if cap.approved_models and model not in cap.approved_models:
        return "model_not_approved"
    if cap.max_tokens_per_request is not None and amounts.tokens > cap.max_tokens_per_request:
        return "too_many_tokens"
    if requested is None:
        return "unknown_cost"
    return "cap_reached" if requested > balance.available else None


@dataclass(slots=True)
class Table:
    """The balances while several calls are decided one after the other in order of arrival."""

    balances: dict[str, Balance] = field(default_factory=dict)

    def decide(self, cap_ids: Sequence[str], amounts: Amounts, model: str) -> Decision:
        """Decide one call and set aside what it holds before the next one is looked at."""
        decision = self.would_decide(cap_ids, amounts, model)
        if isinstance(decision, Granted):
            for cap_id, amount in decision.holds.items():
                balance = self.balances[cap_id]
                self.balances[cap_id] = Balance(balance.cap, balance.spent, balance.held + amount)
        return decision

    def would_decide(self, cap_ids: Sequence[str], amounts: Amounts, model: str) -> Decision:
        """Say what would be decided, and set nothing aside."""
        return decide([self.balances[cap_id] for cap_id in cap_ids], amounts, model)


def thresholds_reached(cap: Cap, spent: int) -> list[int]:
    """The thresholds, in percent of the limit, that the spend has reached; sorted."""
    return sorted(pct for pct in cap.thresholds if spent * 100 >= pct * cap.limit)

"""With which other model a denied call would have been granted: the cheapest, and the greenest."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace

from integration.caps.policy import Amounts, Granted
from integration.estimation import store as estimates
from integration.foundation.errors import InvalidInput
from integration.ledger import queries as ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.orm import Session

    from integration.caps.policy import CallScope, Table
    from integration.caps.request import AuthorizationRequest, StoredCall

MOST_TRIED = 20
KEPT_S = 300.0
MOST_KEPT = 4096


class Model(NamedTuple):
    """A model by its name, and by its provider where that is known."""

    name: str
    provider_name: str = ""


@dataclass(frozen=True, slots=True)
class Fitting:
    """Models with which the call would be granted; empty: none. The greener one is another."""

    cheapest: str = ""
    greener: str = ""


class ModelMemory:
    """Remembers for minutes which models a workspace uses and what a call would need with them.

    A loop at its cap asks many times a second; what it is offered may be a little old. Used by one
    thread.
    """

    def __init__(self) -> None:
        self._used: dict[tuple[str, int], tuple[float, list[Model]]] = {}
        self._amounts: dict[tuple[object, ...], tuple[float, Amounts | None]] = {}

    def offered(self, session: Session, workspace_id: str, call: StoredCall) -> list[Model]:
        """The models that the workspace allows, else those that the call's Sprint uses."""
        key = workspace_id, call.scope.sprint_id
        kept = self._used.get(key)
        if kept is None or monotonic() > kept[0] + KEPT_S:
            approved = estimates.options_of(session, workspace_id).approved
            found = [Model(each.model, each.provider_name) for each in approved]
            if not found:
                found = _used(session, workspace_id, call.scope.sprint_id)
            kept = monotonic(), found
            self._used[key] = kept
        return kept[1]

    def amounts(
        self, workspace_id: str, asked: AuthorizationRequest, work_out: Callable[[], Amounts]
    ) -> Amounts | None:
        """What the call would need; None where nobody can say."""
        key = (
            workspace_id, asked.provider_name, asked.model, asked.input_tokens,
            asked.max_output_tokens, asked.region, asked.service_tier,
        )  # fmt: skip
        kept = self._amounts.get(key)
        if kept is not None and monotonic() < kept[0] + KEPT_S:
            return kept[1]
        try:
            found = work_out()
        except InvalidInput:
            found = None
        if len(self._amounts) >= MOST_KEPT:
            self._amounts.clear()
        self._amounts[key] = monotonic(), found
        return found


def _used(session: Session, workspace_id: str, sprint_id: int) -> list[Model]:
    """The models of a Sprint, those with most calls first; Sprint 0 is outside of any."""
    calls: dict[Model, int] = {}
    for row in ledger.spend_in_sprint(session, workspace_id, sprint_id):
        model = Model(row.model, row.provider_name)
        calls[model] = calls.get(model, 0) + row.spend.calls
    return sorted(calls, key=lambda model: (-calls[model], model))


@dataclass(frozen=True, slots=True)
class Trial:
    """What other models are tried under: the caps as they stand, and how a call is valued."""

    table: Table
    cover: Callable[[CallScope], Sequence[str]]
    value: Callable[[AuthorizationRequest], Amounts]


def fitting_models(
    session: Session, workspace_id: str, call: StoredCall, here: Trial, memory: ModelMemory
) -> Fitting:
    """Try the approved models of the caps that cover the call, else those the workspace uses."""
    caps = [here.table.balances[cap_id].cap for cap_id in here.cover(call.scope)]
    listed = dict.fromkeys(name for cap in caps for name in cap.approved_models)
    models = [Model(name) for name in listed] or memory.offered(session, workspace_id, call)
    granted: list[tuple[Amounts, str]] = []
    for model in models[:MOST_TRIED]:
        if model.name == call.asked.model:
            continue
        found = _granted(workspace_id, call, model, here, memory)
        if found is not None:
            granted.append((found, model.name))
    priced = [(each.nanousd, name) for each, name in granted if each.nanousd is not None]
    cheapest = min(priced)[1] if priced else ""
    own = call.amounts.ugco2e
    green = [
        (each.ugco2e, name)
        for each, name in granted
        if each.ugco2e is not None and (own is None or each.ugco2e < own)
    ]
    greenest = min(green)[1] if green else ""
    return Fitting(cheapest, greenest if greenest != cheapest else "")


def _granted(
    workspace_id: str, call: StoredCall, model: Model, here: Trial, memory: ModelMemory
) -> Amounts | None:
    """What the call would need with a model, where it would be granted."""
    covering = here.cover(replace(call.scope, model=model.name))
    if not here.table.balances.keys() >= set(covering):
        return None
    asked = replace(
        call.asked, model=model.name, provider_name=model.provider_name or call.asked.provider_name,
        max_output_tokens=call.amounts.tokens - call.asked.input_tokens,
    )  # fmt: skip
    amounts = memory.amounts(workspace_id, asked, lambda: here.value(asked))
    if amounts is None:
        return None
    decision = here.table.would_decide(covering, amounts, model.name)
    return amounts if isinstance(decision, Granted) else None

"""What people can decide about caps in Slack, over the same journeys as everyone else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from integration.backlog import store as backlog
from integration.caps.policy import Cap
from integration.caps.queries import balances
from integration.caps.raising.terms import Terms
from integration.caps.written import name_of
from integration.foundation.errors import StoryMeterError, Unavailable
from integration.journeys.check_plan import trim_plan
from integration.journeys.raise_cap import Who, decide_raise, raise_cap
from integration.journeys.set_cap import set_cap
from integration.reports.cap_report import cap_status, cap_statuses, header_of
from integration.slack.cap_desk import Refusal, Waits

if TYPE_CHECKING:
    from datetime import datetime

    from integration.reports.shapes import CapStatus, SprintHeader
    from integration.slack.cap_desk import SlackPerson, WantedCap
    from integration.web.service import Service

SLACK = "slack:"


class CapDesk:
    """Implements `integration.slack.cap_desk.CapDesk`. Each method opens its own session."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def caps(
        self,
        workspace_id: str,
        *,
        channel_id: str,  # noqa: ARG002  # Caps are the workspace's; the protocol passes it.
    ) -> tuple[CapStatus, ...]:
        """Return the caps in force, the Sprint's own first."""
        with self._service.transactions.begin() as session:
            found = cap_statuses(session, workspace_id)
        return tuple(sorted(found, key=lambda cap: (cap.scope != "sprint", cap.cap_id)))

    def cap(self, workspace_id: str, cap_id: str) -> CapStatus | None:
        """Return one cap as it stands now."""
        found = self.caps(workspace_id, channel_id="")
        return next((cap for cap in found if cap.cap_id == cap_id), None)

    def sprints(self, workspace_id: str) -> tuple[SprintHeader, ...]:
        """Return the Sprints that can be capped: running ones first, then planned ones."""
        with self._service.transactions.begin() as session:
            found = backlog.sprints(session, workspace_id, states=("active", "future"))
            found.sort(key=lambda sprint: sprint.state != "active")
            return tuple(header_of(session, workspace_id, sprint) for sprint in found)

    def raise_cap(
        self, workspace_id: str, cap_id: str, amount: int, reason: str, *,
        until: datetime | None, person: SlackPerson, request_id: str,
    ) -> CapStatus | Waits | Refusal:  # fmt: skip
        """Raise a cap to `amount`, or ask who may; a repeated request changes nothing."""
        try:
            outcome = raise_cap(
                self._service.transactions, workspace_id, cap_id, Terms(amount, reason, until),
                who=_who(person), now=self._service.clock.now(), request_id=request_id,
            )  # fmt: skip
        except StoryMeterError as refused:
            return _refusal(refused)
        if outcome.request.state == "waiting":
            return Waits(outcome.balance.cap.approvers)
        return cap_status(outcome.balance)

    def decide_raise(
        self, workspace_id: str, request_id: str, *, is_granted: bool, person: SlackPerson
    ) -> Refusal | None:
        """Agree to a raise that waits, or decline it; None when it was done."""
        try:
            decide_raise(
                self._service.transactions, workspace_id, request_id, is_granted=is_granted,
                who=_who(person), now=self._service.clock.now(),
            )  # fmt: skip
        except StoryMeterError as refused:
            return _refusal(refused)
        return None

    def trim_plan(
        self, workspace_id: str, sprint_id: int, *, person: SlackPerson
    ) -> Refusal | None:
        """Move what a planned Sprint is over by to the Product Backlog; None when it was done."""
        try:
            trim_plan(
                self._service.transactions, workspace_id, sprint_id, actor=_who(person).actor,
                actor_name=person.name, now=self._service.clock.now(),
            )  # fmt: skip
        except StoryMeterError as refused:
            return _refusal(refused)
        return None

    def set_cap(
        self, workspace_id: str, wanted: WantedCap, *, person: SlackPerson
    ) -> CapStatus | Refusal:
        """Set a cap, or change limit and mode of the one that is there."""
        kind, value = ("workspace", workspace_id)
        if wanted.sprint_id is not None:
            kind, value = ("sprint", str(wanted.sprint_id))
        cap = Cap(
            workspace_id, "", kind, value,  # type: ignore[arg-type]  # One of the two above.
            wanted.unit,  # type: ignore[arg-type]  # One of the form's choices.
            wanted.limit,
            wanted.mode,  # type: ignore[arg-type]  # Likewise.
        )  # fmt: skip
        cap = replace(cap, cap_id=name_of(cap))
        with self._service.transactions.begin() as session:
            standing = balances(session, workspace_id, [cap.cap_id]).get(cap.cap_id)
        if standing is not None:
            cap = replace(standing.cap, limit=cap.limit, mode=cap.mode)
        try:
            balance = set_cap(
                self._service.transactions, cap, actor=_who(person).actor,
                actor_name=person.name, reason=wanted.reason, now=self._service.clock.now(),
            )  # fmt: skip
        except StoryMeterError as refused:
            return _refusal(refused)
        return cap_status(balance)


def _who(person: SlackPerson) -> Who:
    return Who(f"{SLACK}{person.user_id}", person.name)


def _refusal(refused: StoryMeterError) -> Refusal:
    """The refusal as a sentence; a database that is away is nobody's decision."""
    if isinstance(refused, Unavailable):
        raise refused
    if refused.errors:
        return Refusal(refused.errors[0].message, refused.errors[0].pointer.strip("/"))
    return Refusal(refused.message)

"""Who may loosen a cap. An actor is written as where they act and who they are: `slack:U0ADA`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.caps.policy import is_another_window

if TYPE_CHECKING:
    from integration.caps.policy import Cap

ADMINISTRATORS = ("key", "cli")
"""An admin key and the command line may set every cap anew; the audit log names them."""
STRICTNESS = {"observe": 0, "warn": 1, "block": 2}


def why_not_raise(cap: Cap, actor: str, asked_by: str) -> str:
    """Say why an actor may not agree to what somebody asked for; empty when they may."""
    if cap.approvers and actor not in cap.approvers:
        return f"Only {', '.join(cap.approvers)} may agree to a raise of this cap"
    if cap.separate_approver and actor == asked_by:
        return "Whoever asks for a raise of this cap cannot be the one who agrees to it"
    return ""


def why_not_set(standing: Cap, wanted: Cap, actor: str) -> str:
    """Say why an actor may not put other settings in the place of a cap's; empty when they may.

    Making a cap stricter is open to all who may set caps. Loosening one that has approvers is not,
    or setting it anew would lead around them.
    """
    if actor.partition(":")[0] in ADMINISTRATORS or not loosens(standing, wanted):
        return ""
    if standing.separate_approver:
        return "This cap is loosened only by a raise that one asks for and another agrees to"
    return why_not_raise(standing, actor, actor)


def loosens(standing: Cap, wanted: Cap) -> bool:
    """Say whether other settings let anything through that a cap stops, or let others decide."""
    return (
        is_another_window(standing, wanted)
        or wanted.limit > standing.set_limit
        or STRICTNESS[wanted.mode] < STRICTNESS[standing.mode]
        or _is_wider(standing.max_tokens_per_request, wanted.max_tokens_per_request)
        or _is_longer(standing.approved_models, wanted.approved_models)
        or wanted.approvers != standing.approvers
        or wanted.separate_approver < standing.separate_approver
        or wanted.carry_over != standing.carry_over
        or (standing.failure_policy, wanted.failure_policy) == ("fail_closed", "fail_open")
    )


def _is_wider(before: int | None, after: int | None) -> bool:
    return before is not None and (after is None or after > before)


def _is_longer(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Whether a list lets in what another does not; an empty one lets in everything."""
    return bool(before) and not (after and {*after} <= {*before})

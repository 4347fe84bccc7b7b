"""What is answered to a client that asks whether a call may spend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.journeys.fitting_models import Fitting

if TYPE_CHECKING:
    from datetime import datetime

    from integration.caps.policy import Amounts, Denied, FailurePolicy, Granted

NOTHING_FITS = Fitting()


@dataclass(frozen=True, slots=True)
class Answer:
    """The decision, with the worst case it was made on and what was assumed for it."""

    authorization_id: str
    decision: Granted | Denied
    amounts: Amounts
    state: str
    expires_at: datetime
    fitting: Fitting = NOTHING_FITS
    """Models with which the same call would have been granted."""
    assumptions: tuple[str, ...] = ()
    failure_policy: FailurePolicy = "fail_closed"
    """What the caps that cover the call want done with the next ones, should nobody answer."""

"""A decision about a call, as JSON, as a sentence, and as headers: one wording behind all doors."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integration.caps.amounts import amount_text
from integration.caps.policy import Denied, Granted
from integration.foundation.wording import environment
from integration.web.access import caller
from integration.web.house_metrics import DECISIONS
from integration.web.service import service

if TYPE_CHECKING:
    from integration.caps.request import AuthorizationRequest
    from integration.journeys.authorize_call import Answer

REASON = "X-StoryMeter-Reason"
FIGURES = ("limit", "spent", "held", "requested")
_IN_QUOTES = str.maketrans({'"': "'", "\\": "/"})


def decided(asked: AuthorizationRequest) -> Answer:
    """Let the caps of the caller's workspace decide; raises as `Authorizer.authorize` does."""
    answer = service().authorizer.authorize(caller().workspace_id, asked)
    DECISIONS.labels("granted" if isinstance(answer.decision, Granted) else "denied").inc()
    return answer


def described(answer: Answer) -> dict[str, Any]:
    """The decision as JSON: Decimal strings in the cap's unit, and a sentence for the person."""
    body: dict[str, Any] = {
        "id": answer.authorization_id,
        "decision": "granted" if isinstance(answer.decision, Granted) else "denied",
        "state": answer.state,
        "worst_case": {
            "usd": amount_text("usd", answer.amounts.nanousd),
            "tokens": answer.amounts.tokens,
            "kgco2e": amount_text("kgco2e", answer.amounts.ugco2e),
        },
        "assumptions": list(answer.assumptions),
        "expires_at": answer.expires_at.isoformat(),
        "failure_policy": answer.failure_policy,
    }
    match answer.decision:
        case Granted(holds=holds, warnings=warnings):
            body |= {"caps": sorted(holds), "warnings": list(warnings)}
        case Denied() as denied:
            unit = denied.unit
            body["cap"] = {
                "id": denied.cap_id,
                "reason": denied.reason,
                "unit": unit,
                "limit": amount_text(unit, denied.limit),
                "spent": amount_text(unit, denied.spent),
                "held": amount_text(unit, denied.held),
                "requested": amount_text(unit, denied.requested),
            }
            body["message"] = sentence(answer)
            for name, model in (
                ("alternative", answer.fitting.cheapest), ("greener", answer.fitting.greener)
            ):  # fmt: skip
                body[name] = {"model": model} if model else None
    return body


def sentence(answer: Answer) -> str:
    """Say why a call is refused and what would help; empty when it is not."""
    if isinstance(answer.decision, Granted):
        return ""
    denied = answer.decision
    figures = {name: amount_text(denied.unit, getattr(denied, name)) for name in FIGURES}
    template = environment("api").get_template("denial.txt.j2")
    found = template.render(
        denied=asdict(denied), fitting=answer.fitting,
        figures={name: None if text is None else Decimal(text) for name, text in figures.items()},
    )  # fmt: skip
    return " ".join(found.split())


def denial_headers(answer: Answer) -> dict[str, str]:
    """The denial for proxies that pass on headers but no body: ASCII, safe between quotes."""
    denied = answer.decision
    if isinstance(denied, Granted):
        return {}
    figures = {name: amount_text(denied.unit, getattr(denied, name)) for name in FIGURES}
    told = {
        REASON: sentence(answer),
        "X-StoryMeter-Cap": denied.cap_id,
        **{f"X-StoryMeter-{name.capitalize()}": figures[name] or "" for name in FIGURES},
        "X-StoryMeter-Unit": denied.unit,
        "X-StoryMeter-Alternative": answer.fitting.cheapest,
    }
    return {name: header_text(value) for name, value in told.items()}


def header_text(text: str) -> str:
    """Return a text as a header can carry it, and as a proxy may put it between quotes.

    >>> header_text('Cap "a\\\\b" has 2 kg CO₂e\\n left')
    "Cap 'a/b' has 2 kg CO2e left"
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(plain.translate(_IN_QUOTES).split())

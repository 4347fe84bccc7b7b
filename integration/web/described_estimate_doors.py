"""The doors of prices, factors, alternatives and retraining, as `/openapi.json` tells them."""

from __future__ import annotations

from integration.estimation.whatif import Options
from integration.web.door_description import JSON, Door, Json
from integration.web.own_rows import SentFactors, SentPrices
from integration.web.retraining import SentCheck, SentResult

AMOUNT: Json = {"type": ["string", "null"], "description": "A Decimal string; null is unknown"}


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


TEXT: Json = {"type": "string"}
NUMBER: Json = {"type": "number"}
ENTERED: Json = {
    "type": "object",
    "required": ["id", "added_at", "added_by"],
    "properties": {"id": {"type": "integer"}, "added_at": TEXT, "added_by": TEXT},
    "additionalProperties": True,
}
PRICES: Json = _object(price_version=TEXT, rows=_list(ENTERED))
FACTORS: Json = _object(factor_version=TEXT, factors=_list(ENTERED))
SPREAD: Json = {"type": ["object", "null"], "properties": dict.fromkeys(
    ("low", "central", "high"), AMOUNT
)}  # fmt: skip
FIGURES: Json = _object(tokens=SPREAD, usd=SPREAD, kgco2e=SPREAD)
ALTERNATIVE: Json = _object(
    workload=TEXT, change=TEXT, to=TEXT, saving_usd=AMOUNT, saving_kgco2e=AMOUNT, caveat=TEXT
)
CHANGED: Json = _object(**ALTERNATIVE["properties"], estimate=FIGURES)
EITHER: Json = {"anyOf": [ALTERNATIVE, {"type": "null"}]}
STORY: Json = _object(
    key=TEXT, estimate_version={"type": "integer"}, as_estimated=FIGURES, today=FIGURES,
    cheapest=_list(CHANGED), greenest=_list(CHANGED),
)  # fmt: skip
SPRINT: Json = _object(
    sprint_id={"type": "integer"},
    stories=_list(_object(key=TEXT, cheapest=EITHER, greenest=EITHER)),
)
CHECK: Json = _object(
    id=TEXT, checked_at=TEXT, subject=TEXT, decision={"enum": ["go", "no_go"]}, reason=TEXT,
    efficiency=NUMBER, threshold=NUMBER, benefit=NUMBER, cost=NUMBER,
)  # fmt: skip
RESULT: Json = _object(id=TEXT, realised_benefit=NUMBER, threshold=NUMBER)

ESTIMATE_DOORS: dict[tuple[str, str], Door] = {
    ("get", "/v1/prices/overrides"): Door(
        summary="List the workspace's own price rows",
        tag="prices",
        scope="read",
        answers={200: (JSON, PRICES, "In the order of entry")},
    ),
    ("post", "/v1/prices/overrides"): Door(
        summary="Add dated price rows; none is ever replaced",
        tag="prices",
        scope="admin",
        takes={JSON: SentPrices},
        answers={201: (JSON, PRICES, "The rows added, and the price version they make")},
        problems=(400, 413),
    ),
    ("get", "/v1/carbon/factors"): Door(
        summary="List the workspace's own factors",
        tag="carbon",
        scope="read",
        answers={200: (JSON, FACTORS, "In the order of entry")},
    ),
    ("post", "/v1/carbon/factors"): Door(
        summary="Add factors of zones, or suppliers' figures of models; none is ever replaced",
        tag="carbon",
        scope="admin",
        takes={JSON: SentFactors},
        answers={201: (JSON, FACTORS, "The factors added, and the version they make")},
        problems=(400, 413),
    ),
    ("get", "/v1/stories/{story_key}/whatif"): Door(
        summary="Show what a story would cost and emit otherwise",
        tag="estimates",
        scope="read",
        answers={200: (JSON, STORY, "Alternatives, best first, each with its caveat")},
        problems=(404,),
    ),
    ("get", "/v1/sprints/{sprint_id}/whatif"): Door(
        summary="Show the cheapest and the greenest alternative of each story of a Sprint",
        tag="estimates",
        scope="read",
        answers={200: (JSON, SPRINT, "One line per estimated story")},
        problems=(404,),
    ),
    ("get", "/v1/whatif-options"): Door(
        summary="Show what alternatives may change",
        tag="estimates",
        scope="read",
        answers={200: (JSON, Options, "Approved models by tier, regions, accelerators")},
    ),
    ("put", "/v1/whatif-options"): Door(
        summary="Replace what alternatives may change",
        tag="estimates",
        scope="admin",
        takes={JSON: Options},
        answers={200: (JSON, Options, "As it stands now")},
        problems=(400, 413),
    ),
    ("get", "/v1/retraining-checks"): Door(
        summary="List the retraining checks, oldest first",
        tag="retraining",
        scope="read",
        answers={200: (JSON, _object(checks=_list(CHECK)), "Each with its decision")},
    ),
    ("post", "/v1/retraining-checks"): Door(
        summary="Ask whether a retraining is worth its cost and carbon; the decision is kept",
        tag="retraining",
        scope="authorize",
        takes={JSON: SentCheck},
        answers={201: (JSON, CHECK, "Go or no-go, with the reason")},
        problems=(400, 409, 413),
    ),
    ("post", "/v1/retraining-checks/{check_id}/result"): Door(
        summary="Tell what came of a retraining; every eighth result tunes the threshold",
        tag="retraining",
        scope="authorize",
        takes={JSON: SentResult},
        answers={201: (JSON, RESULT, "The benefit that came, and the threshold from now on")},
        problems=(400, 404, 409, 413),
    ),
}

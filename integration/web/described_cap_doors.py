"""The doors about caps, for `/openapi.json`."""

from __future__ import annotations

from integration.caps.written import WrittenCap
from integration.web import cap_answers as answers
from integration.web.cap_raises import SentDecision, SentRaise
from integration.web.door_description import JSON, Door

CAP_DOORS: dict[tuple[str, str], Door] = {
    ("get", "/v1/caps"): Door(
        summary="List the caps in force",
        tag="caps",
        scope="read",
        answers={200: (JSON, answers.CapsAnswer, "Each cap with what is spent, held, available")},
    ),
    ("post", "/v1/caps"): Door(
        summary="Set a cap; the same id again replaces its settings",
        tag="caps",
        scope="admin",
        takes={JSON: WrittenCap},
        answers={201: (JSON, answers.CapAnswer, "The cap as it stands")},
        problems=(400, 413),
    ),
    ("get", "/v1/caps/{cap_id}"): Door(
        summary="Show one cap",
        tag="caps",
        scope="read",
        answers={200: (JSON, answers.CapAnswer, "The cap as it stands")},
        problems=(404,),
    ),
    ("delete", "/v1/caps/{cap_id}"): Door(
        summary="Remove a cap",
        tag="caps",
        scope="admin",
        answers={204: ("", None, "Removed; what happened under it stays in the audit log")},
        problems=(404,),
    ),
    ("post", "/v1/caps/{cap_id}/raise"): Door(
        summary="Raise a cap, for good or for a time, with a reason that is kept",
        tag="caps",
        scope="admin",
        takes={JSON: SentRaise},
        answers={
            200: (JSON, answers.RaisedCapAnswer, "The raised cap"),
            202: (JSON, answers.RaisedCapAnswer, "The cap as it stands: others must agree"),
        },
        problems=(400, 404, 409, 413),
    ),
    ("get", "/v1/cap-raise-requests"): Door(
        summary="List requests for raises: those that wait, or those in a `state`",
        tag="caps",
        scope="read",
        answers={200: (JSON, answers.RaisesAnswer, "Newest first")},
        problems=(400,),
    ),
    ("post", "/v1/cap-raise-requests/{request_id}/grant"): Door(
        summary="Agree to a request; the cap is raised",
        tag="caps",
        scope="admin",
        takes={JSON: SentDecision},
        answers={200: (JSON, answers.RaisedCapAnswer, "The raised cap")},
        problems=(400, 404, 409, 413),
    ),
    ("post", "/v1/cap-raise-requests/{request_id}/decline"): Door(
        summary="Decline a request, or withdraw one's own",
        tag="caps",
        scope="admin",
        takes={JSON: SentDecision},
        answers={200: (JSON, answers.RaisedCapAnswer, "The cap as it stands")},
        problems=(400, 404, 409, 413),
    ),
}

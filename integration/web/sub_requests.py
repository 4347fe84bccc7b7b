"""GET /v1/authorize, for proxies that only ask sub-requests, such as nginx with auth_request.

Such proxies read the status and pass on headers. They know 200, 401 and 403 alone, so whatever the
sender has to mend is a 403 too, with its reason in a header.
"""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, Response, jsonify, request

from integration.caps.policy import Denied
from integration.caps.request import AuthorizationRequest
from integration.foundation.errors import Conflict, FieldError, InvalidInput
from integration.web.access import needs
from integration.web.decisions import REASON, decided, denial_headers, described, header_text
from integration.web.errors import answer_ours

sub_requests = Blueprint("sub_requests", __name__)


@sub_requests.get("/v1/authorize")
@needs("authorize")
def get_authorize() -> Response:
    """Decide by headers: 200 holds the worst case, 403 says in `X-StoryMeter-Reason` why not."""
    try:
        answer = decided(_asked())
    except (InvalidInput, Conflict) as refused:
        return _refused(refused)
    response = jsonify(described(answer))
    response.headers["X-StoryMeter-Authorization-Id"] = header_text(answer.authorization_id)
    if isinstance(answer.decision, Denied):
        response.status_code = 403
        response.headers.update(denial_headers(answer))
    return response


def _asked() -> AuthorizationRequest:
    headers = request.headers
    return AuthorizationRequest(
        authorization_id=headers.get("X-StoryMeter-Authorization-Id", "") or uuid4().hex,
        model=headers.get("X-StoryMeter-Model", ""),
        provider_name=headers.get("X-StoryMeter-Provider", ""),
        input_tokens=_count("X-StoryMeter-Input-Tokens") or 0,
        max_output_tokens=_count("X-StoryMeter-Max-Output-Tokens"),
        story_key=headers.get("X-StoryMeter-Story", ""),
        team=headers.get("X-StoryMeter-Team", ""),
        feature=headers.get("X-StoryMeter-Feature", ""),
        branch=headers.get("X-StoryMeter-Branch", ""),
        key_alias=headers.get("X-StoryMeter-Key-Alias", ""),
        environment=headers.get("X-StoryMeter-Environment", ""),
        workload_class=headers.get("X-StoryMeter-Workload-Class", ""),
    )


def _count(name: str) -> int | None:
    sent = request.headers.get(name, "").strip()
    if not sent:
        return None
    if not (sent.isascii() and sent.isdecimal() and len(sent) <= 10):
        message = f"{name} must be a whole number"
        raise InvalidInput(message, errors=(FieldError(f"/{name}", "invalid", message),))
    return int(sent)


def _refused(error: InvalidInput | Conflict) -> Response:
    response = answer_ours(error)
    response.status_code = 403
    details = "; ".join(each.message for each in error.errors)
    response.headers[REASON] = header_text(details or error.message)
    return response

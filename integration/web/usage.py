"""The doors through which usage comes in: one journey behind all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from integration.foundation.errors import FieldError, InvalidInput
from integration.journeys.record_usage import record_usage
from integration.sources import cloudevents, litellm, usage_events
from integration.web.access import caller, needs
from integration.web.bodies import sent_body
from integration.web.service import service

if TYPE_CHECKING:
    from integration.sources.batch import Batch

usage = Blueprint("usage", __name__)


@usage.post("/v1/usage-events")
@needs("ingest")
def post_usage_events() -> Response:
    """Take our own JSON `{"events": […]}`, or CloudEvents: single, batch or binary mode."""
    here = service()
    body, now = sent_body(), here.clock.now()
    kind = request.content_type or ""
    if cloudevents.is_cloudevent(kind, dict(request.headers)):
        batch = cloudevents.read(body, now=now, content_type=kind, headers=dict(request.headers))
        return jsonify(_record(batch))
    return jsonify(_record(usage_events.read(body, now=now)))


@usage.post("/integrations/litellm/events")
@needs("ingest")
def post_litellm_events() -> Response:
    """Take a batch of LiteLLM's `generic_api` callback."""
    here = service()
    return jsonify(_record(litellm.read(sent_body(), now=here.clock.now())))


def _record(batch: Batch) -> dict[str, Any]:
    """Record a batch and answer per item; `rejected` names what to mend, by index in what came.

    Raises:
        InvalidInput: not one item could be taken.
    """
    counts = take(batch)
    if batch.rejected and not batch.events and not batch.ignored:
        raise InvalidInput(
            "No item could be taken",
            errors=tuple(
                FieldError(each.message.partition(":")[0], each.code, each.message)
                for each in batch.rejected
            ),
        )
    return {
        "accepted": counts["accepted"] + counts["improved"],
        "duplicates": counts["duplicate"],
        "improved": counts["improved"],
        "ignored": batch.ignored,
        "rejected": [asdict(each) for each in batch.rejected],
    }


def take(batch: Batch) -> Counter[str]:
    """Record a batch's events for the caller's workspace; returns how many had which outcome."""
    here = service()
    workspace_id = caller().workspace_id
    books = here.books.for_workspace(workspace_id)
    events = [event for _, event in batch.events]
    return Counter(
        record_usage(here.transactions, workspace_id, events, books, now=here.clock.now())
    )

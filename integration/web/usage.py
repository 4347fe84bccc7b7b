"""The doors through which usage comes in: one journey behind all of them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec
from flask import Blueprint, Response, current_app, request

from integration.foundation.errors import FieldError, InvalidInput
from integration.journeys.record_usage import Submission, UsageRecorder
from integration.journeys.usage_queue import UsageQueue
from integration.sources import cloudevents, litellm, usage_events
from integration.sources.batch import RejectedItem
from integration.web import usage_metrics
from integration.web.access import caller, needs
from integration.web.bodies import sent_body
from integration.web.service import EXTENSION, service

if TYPE_CHECKING:
    from flask.blueprints import BlueprintSetupState

    from integration.journeys.known_calls import Outcome
    from integration.sources.batch import Batch
    from integration.web.service import Service

usage = Blueprint("usage", __name__)
USAGE_QUEUE = "storymeter.usage_queue"
TAKEN: tuple[Outcome, ...] = ("accepted", "duplicate", "improved")
NOT_STORABLE = ": the item holds a character or a number that cannot be stored"


@usage.record_once
def open_queue(state: BlueprintSetupState) -> None:
    """Give the app the queue through which all its usage goes."""
    here: Service = state.app.extensions[EXTENSION]
    state.app.extensions[USAGE_QUEUE] = UsageQueue(UsageRecorder(here.across))


@usage.post("/v1/usage-events")
@needs("ingest")
def post_usage_events() -> Response:
    """Take our own JSON `{"events": […]}`, or CloudEvents: single, batch or binary mode."""
    here = service()
    body, now = sent_body(), here.clock.now()
    kind = request.content_type or ""
    if cloudevents.is_cloudevent(kind, dict(request.headers)):
        batch = cloudevents.read(body, now=now, content_type=kind, headers=dict(request.headers))
        return answer_for(batch)
    return answer_for(usage_events.read(body, now=now))


@usage.post("/integrations/litellm/events")
@needs("ingest")
def post_litellm_events() -> Response:
    """Take a batch of LiteLLM's `generic_api` callback."""
    here = service()
    return answer_for(litellm.read(sent_body(), now=here.clock.now()))


def answer_for(batch: Batch) -> Response:
    """Record a batch and answer per item; `rejected` names what to mend, by index in what came.

    Raises:
        InvalidInput: not one item could be taken.
    """
    counts = take(batch)
    if batch.rejected and not batch.ignored and not any(counts[each] for each in TAKEN):
        raise InvalidInput(
            "No item could be taken",
            errors=tuple(
                FieldError(each.message.partition(":")[0], each.code, each.message)
                for each in batch.rejected
            ),
        )
    answer = {
        "accepted": counts["accepted"] + counts["improved"],
        "duplicates": counts["duplicate"],
        "improved": counts["improved"],
        "ignored": batch.ignored,
        "rejected": batch.rejected,
    }
    return Response(msgspec.json.encode(answer), content_type="application/json")


def take(batch: Batch) -> Counter[Outcome]:
    """Record a batch's events for the caller's workspace; returns how many had which outcome.

    What the database could not keep joins the batch's rejected items.
    """
    here = service()
    workspace_id = caller().workspace_id
    books = here.books.for_workspace(workspace_id)
    events = [event for _, event in batch.events]
    queue: UsageQueue = current_app.extensions[USAGE_QUEUE]
    unreadable = len(batch.rejected)
    with usage_metrics.SECONDS.time():
        outcomes = queue.record(Submission(workspace_id, events, books, here.clock.now()))
    counts = Counter(outcomes)
    if counts["rejected"]:
        batch.rejected.extend(
            RejectedItem(index, event.event_id or event.response_id, "not_storable", NOT_STORABLE)
            for (index, event), outcome in zip(batch.events, outcomes, strict=True)
            if outcome == "rejected"
        )
    usage_metrics.count(counts, unreadable)
    return counts

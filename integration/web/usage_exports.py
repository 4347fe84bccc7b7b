"""The doors for what other systems write down about calls: Bedrock, Langfuse, CodeCarbon."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Blueprint, Response, request

from integration.sources import bedrock, gpu_jobs, langfuse
from integration.sources.batch import Unreadable, malformed
from integration.sources.values import text
from integration.web.access import needs
from integration.web.bodies import sent_body
from integration.web.service import service
from integration.web.usage import answer_for

usage_exports = Blueprint("usage_exports", __name__)


@usage_exports.post("/integrations/bedrock/invocations")
@needs("ingest")
def post_bedrock_invocations() -> Response:
    """Take AWS Bedrock model-invocation logs, such as an object that Bedrock wrote to S3."""
    return answer_for(bedrock.read(sent_body(), now=service().clock.now()))


@usage_exports.post("/integrations/langfuse/observations")
@needs("ingest")
def post_langfuse_observations() -> Response:
    """Take a page of Langfuse's observations API, or an export."""
    return answer_for(langfuse.read(sent_body(), now=service().clock.now()))


@usage_exports.post("/integrations/codecarbon/emissions")
@needs("ingest")
def post_codecarbon_emissions() -> Response:
    """Take CodeCarbon's emissions.csv; the query may give its time zone, story and branch."""
    batch = gpu_jobs.read(
        sent_body(), now=service().clock.now(), time_zone=_time_zone(request.args.get("time_zone")),
        story_key=_label("story_key"), branch=_label("branch"),
    )  # fmt: skip
    return answer_for(batch)


def _time_zone(name: str | None) -> tzinfo:
    if not name:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = "expected a time zone such as Europe/Berlin"
        raise malformed("?time_zone", "unknown_time_zone", message) from None


def _label(name: str) -> str:
    try:
        return text(request.args.get(name), f"?{name}")
    except Unreadable as problem:
        found = problem.error
        raise malformed(found.pointer, found.code, found.message) from None

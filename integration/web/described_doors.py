"""The table of doors behind `/openapi.json`; a test holds it complete and free of what is gone."""

from __future__ import annotations

from integration.reports.revision_diff import RevisionDiff
from integration.reports.shapes import SprintReport
from integration.sources.usage_events import SentEvent
from integration.web import answers
from integration.web.authorizations import SentAuthorization, SentCapture
from integration.web.described_cap_doors import CAP_DOORS
from integration.web.described_estimate_doors import ESTIMATE_DOORS
from integration.web.door_description import (
    HEADER_PARAMETERS,
    JSON,
    PROBLEM,
    PROTOBUF,
    REF,
    Door,
    Json,
)
from integration.workspaces.changes import TeamChange, WorkspaceChange

OBJECT: Json = {"type": "object", "additionalProperties": True}
BINARY: Json = {"type": "string", "format": "binary"}
EVENTS: Json = {
    "type": "object",
    "required": ["events"],
    "properties": {"events": {"type": "array", "items": {"$ref": REF.format(name="SentEvent")}}},
}
EITHER: Json = {"oneOf": [EVENTS, {"$ref": REF.format(name="SentEvent")}]}
CLOUD_EVENT: Json = {
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string"},
        "source": {"type": "string"},
        "type": {"type": "string"},
        "data": {"$ref": REF.format(name="SentEvent")},
    },
}
PARTIAL: Json = {"type": "object", "properties": {"partialSuccess": OBJECT}}


def _otlp(summary: str) -> Door:
    return Door(
        summary=summary,
        tag="usage",
        scope="ingest",
        takes={PROTOBUF: BINARY, JSON: OBJECT},
        answers={200: (JSON, PARTIAL, "Taken; what was rejected must not be sent again")},
        also={200: {PROTOBUF: BINARY}},
        problems=(400, 413),
    )


def _export(summary: str, takes: dict[str, Json], query: tuple[str, ...] = ()) -> Door:
    return Door(
        summary=summary,
        tag="usage",
        scope="ingest",
        takes=takes,
        answers={200: (JSON, answers.UsageAnswer, "What became of each item")},
        problems=(400, 413),
        query=query,
    )


USAGE: dict[tuple[str, str], Door] = {
    ("post", "/v1/usage-events"): Door(
        summary="Meter calls and GPU jobs: our own JSON, or CloudEvents, single or in a batch",
        tag="usage",
        scope="ingest",
        takes={
            JSON: EITHER,
            "application/cloudevents+json": CLOUD_EVENT,
            "application/cloudevents-batch+json": {"type": "array", "items": CLOUD_EVENT},
        },
        answers={200: (JSON, answers.UsageAnswer, "What became of each item")},
        problems=(400, 413),
        shapes=(SentEvent,),
    ),
    ("post", "/integrations/litellm/events"): _export(
        "Meter calls from LiteLLM's generic_api callback",
        {JSON: {"type": "array", "items": OBJECT}},
    ),
    ("post", "/integrations/bedrock/invocations"): _export(
        "Meter calls from AWS Bedrock's model-invocation logs: an array, one log, or one a line",
        {JSON: {"oneOf": [{"type": "array", "items": OBJECT}, OBJECT]}},
    ),
    ("post", "/integrations/langfuse/observations"): _export(
        "Meter calls from Langfuse's observations: a page of its API, an array, or one a line",
        {JSON: {"oneOf": [OBJECT, {"type": "array", "items": OBJECT}]}},
    ),
    ("post", "/integrations/codecarbon/emissions"): _export(
        "Meter jobs from CodeCarbon's emissions.csv",
        {"text/csv": {"type": "string"}},
        query=("time_zone", "story_key", "branch"),
    ),
    ("post", "/v1/traces"): _otlp("Meter the model calls among OTLP spans"),
    ("post", "/v1/logs"): _otlp("Meter the model calls among OTLP log records"),
    ("post", "/v1/metrics"): _otlp("Read OTLP token metrics as check totals, never as spend"),
}

AUTHORIZATIONS: dict[tuple[str, str], Door] = {
    ("post", "/v1/authorizations"): Door(
        summary="Hold a call's worst case, or learn which cap refuses it",
        tag="authorizations",
        scope="authorize",
        takes={JSON: SentAuthorization},
        answers={
            200: (JSON, answers.AuthorizationAnswer, "Denied, with the cap and an alternative"),
            201: (JSON, answers.AuthorizationAnswer, "Granted and held"),
        },
        problems=(400, 409, 413),
    ),
    ("post", "/v1/authorizations/{authorization_id}/capture"): Door(
        summary="Record what an authorized call used; twice counts once",
        tag="authorizations",
        scope="authorize",
        takes={JSON: SentCapture},
        answers={200: (JSON, answers.CaptureAnswer, "Recorded")},
        problems=(400, 404, 409, 413),
    ),
    ("post", "/v1/authorizations/{authorization_id}/void"): Door(
        summary="Release the hold of a call that did not happen",
        tag="authorizations",
        scope="authorize",
        answers={200: (JSON, answers.VoidAnswer, "Released")},
        problems=(404, 409),
    ),
    ("get", "/v1/authorize"): Door(
        summary="Decide for a proxy's sub-request: headers in, status out",
        tag="authorizations",
        scope="authorize",
        answers={
            200: (JSON, answers.AuthorizationAnswer, "Granted and held"),
            403: (
                JSON,
                answers.AuthorizationAnswer,
                "Denied, or a problem to mend; `X-StoryMeter-Reason` says why",
            ),
        },
        also={403: {PROBLEM: answers.Problem}},
        headers=tuple(HEADER_PARAMETERS),
    ),
    ("post", "/beta/litellm_basic_guardrail_api"): Door(
        summary="Decide for LiteLLM's generic guardrail",
        tag="authorizations",
        scope="authorize",
        takes={JSON: OBJECT},
        answers={200: (JSON, answers.GuardrailAnswer, "Whether the call may be made")},
        problems=(400, 413),
    ),
}

READS: dict[tuple[str, str], Door] = {
    ("get", "/v1/workspaces/current"): Door(
        summary="Show the key's workspace",
        tag="reads",
        scope="read",
        answers={200: (JSON, answers.WorkspaceAnswer, "Settings, teams, what waits or failed")},
    ),
    ("patch", "/v1/workspaces/current"): Door(
        summary="Change the workspace's settings; what is left out stays",
        tag="settings",
        scope="admin",
        takes={JSON: WorkspaceChange},
        answers={200: (JSON, answers.SettingsAnswer, "The settings as they are now")},
        problems=(400, 413),
    ),
    ("patch", "/v1/teams/{team_id}"): Door(
        summary="Change a team: channel, digest, workdays, quiet hours; what is left out stays",
        tag="settings",
        scope="admin",
        takes={JSON: TeamChange},
        answers={200: (JSON, answers.TeamAnswer, "The team as it is now")},
        problems=(400, 404, 413),
    ),
    ("get", "/v1/sprints"): Door(
        summary="List the Sprints that we have met",
        tag="reads",
        scope="read",
        answers={200: (JSON, answers.SprintsAnswer, "In order of their start")},
    ),
    ("get", "/v1/sprints/{sprint_id}"): Door(
        summary="Show a Sprint's report: the saved revision once closed, else as it stands",
        tag="reads",
        scope="read",
        answers={200: (JSON, SprintReport, "Estimates against actuals")},
        problems=(404,),
    ),
    ("get", "/v1/sprints/{sprint_id}/revisions"): Door(
        summary="List the revisions of a Sprint's report",
        tag="reads",
        scope="read",
        answers={200: (JSON, answers.RevisionsAnswer, "Oldest first; none before it closed")},
        problems=(404,),
    ),
    ("get", "/v1/sprints/{sprint_id}/diff"): Door(
        summary="Say what changed between two revisions (?from=, ?to=; the last two)",
        tag="reads",
        scope="read",
        answers={200: (JSON, RevisionDiff, "Sums, stories, and every value that differs")},
        problems=(404,),
    ),
    ("get", "/v1/stories/{story_key}"): Door(
        summary="Show a story: estimate, inputs, assumptions, and what it used",
        tag="reads",
        scope="read",
        answers={200: (JSON, answers.StoryAnswer, "The story")},
        problems=(404,),
    ),
}

OTHERS: dict[tuple[str, str], Door] = {
    ("post", "/webhooks/jira/{workspace_id}"): Door(
        summary="Take an event from Jira; stored under its delivery id, read later",
        tag="webhooks",
        signature="jira",
        takes={JSON: OBJECT},
        answers={202: (JSON, answers.StoredAnswer, "Stored")},
        problems=(401, 404, 413),
    ),
    ("post", "/slack/events"): Door(
        summary="Take events, commands and interactions from Slack",
        tag="webhooks",
        signature="slack",
        takes={JSON: OBJECT, "application/x-www-form-urlencoded": OBJECT},
        answers={200: (JSON, OBJECT, "Acknowledged")},
        problems=(400, 401, 404),
    ),
    ("get", "/healthz"): Door(
        summary="Whether the process answers",
        tag="operations",
        answers={200: (JSON, answers.StateAnswer, "It does")},
    ),
    ("get", "/readyz"): Door(
        summary="Whether the process can do its work",
        tag="operations",
        answers={
            200: (JSON, answers.StateAnswer, "The database takes writes and has the newest schema"),
            503: (PROBLEM, answers.Problem, "It cannot, and why"),
        },
    ),
    ("get", "/metrics"): Door(
        summary="Prometheus metrics of this process",
        tag="operations",
        answers={200: ("text/plain", {"type": "string"}, "Metrics in the text format")},
    ),
    ("get", "/openapi.json"): Door(
        summary="This document",
        tag="operations",
        answers={200: (JSON, OBJECT, "OpenAPI 3.1")},
    ),
}

DOORS = USAGE | AUTHORIZATIONS | CAP_DOORS | READS | OTHERS | ESTIMATE_DOORS

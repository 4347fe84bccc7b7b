"""OTLP logs: the log events of coding agents, and GenAI inference events of other senders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sources import otlp_json, otlp_protobuf
from integration.sources.batch import Batch, Collector
from integration.sources.coding_agents import agent_event, agent_of
from integration.sources.otlp_records import JSON, PROTOBUF, Record
from integration.sources.otlp_tokens import token_counts
from integration.sources.otlp_traces import collect, event_of, source_of

if TYPE_CHECKING:
    from datetime import datetime

    from integration.metering.usage import UsageEvent

INFERENCE = "gen_ai.client.inference.operation.details"


def read(body: bytes, *, now: datetime, content_type: str = PROTOBUF) -> Batch:
    """Read an ExportLogsServiceRequest. Raises InvalidInput when the body is none."""
    collector = Collector(now, "/logRecords")
    records = otlp_json.logs if content_type.startswith(JSON) else otlp_protobuf.logs
    collect(records(body), collector, _event)
    return collector.batch()


def _event(record: Record) -> UsageEvent | None:
    agent = agent_of(record)
    if agent is not None:  # Gemini CLI sends the inference event as well; one of the two counts.
        return agent_event(record, agent)
    counts = token_counts(record.attributes) if record.name == INFERENCE else None
    return None if counts is None else event_of(record, counts, source_of(record.scope))

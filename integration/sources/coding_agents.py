"""Coding agents that speak OpenTelemetry: their log events, one per model call.

Event and attribute names as documented by Claude Code ("Monitoring"), Codex CLI (`[otel]` in its
configuration) and Gemini CLI ("Observability with OpenTelemetry"). None of them reports the
provider's response id, so each event is known by the agent's own ids and the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integration.metering.usage import Outcome, UsageEvent, pseudonym
from integration.sources.labels import labels
from integration.sources.response_ids import identifier
from integration.sources.service_tiers import service_tier
from integration.sources.token_counts import TokenCounts, included, input_apart
from integration.sources.values import cost_usd, count, instant_of_nanoseconds, label, text

if TYPE_CHECKING:
    from integration.sources.otlp_records import Record


@dataclass(frozen=True, slots=True)
class Agent:
    """One coding agent: how its records are known and who its models are from."""

    source: str
    provider_name: str
    services: tuple[str, ...]
    prefix: str


CLAUDE_CODE = Agent("claude_code", "anthropic", ("claude-code",), "claude_code.")
CODEX = Agent("codex", "openai", ("codex_", "codex-cli"), "codex.")
GEMINI_CLI = Agent("gemini_cli", "google", ("gemini-cli",), "gemini_cli.")
_AGENTS = (CLAUDE_CODE, CODEX, GEMINI_CLI)
_BARE = frozenset({"api_request", "api_error"})  # Claude Code leaves its prefix off `event.name`.
_FAILURES = frozenset({"claude_code.api_error", "gemini_cli.api_error"})


def agent_of(record: Record) -> Agent | None:
    """Tell by the service or the scope which agent sent a record, if any did."""
    service = record.resource.get("service.name")
    named = service if isinstance(service, str) else ""
    for agent in _AGENTS:
        if named.startswith(agent.services) or record.name.startswith(agent.prefix):
            return agent
    return CLAUDE_CODE if record.scope.startswith("com.anthropic.claude_code") else None


def is_coding_agent(record: Record) -> bool:
    """Whether the record comes from a coding agent whose log events are read."""
    return agent_of(record) is not None


def agent_event(record: Record, agent: Agent) -> UsageEvent | None:
    """Build the event of one model call of an agent; None for its other log events.

    Raises Unreadable when a count, an id or the time is impossible.
    """
    name = record.name
    if agent is CLAUDE_CODE and name in _BARE:
        name = f"{agent.prefix}{name}"
    failed = name in _FAILURES
    counts = TokenCounts() if failed else _counts(name, record)
    if counts is None:
        return None
    return _event(record, agent, counts, "failed" if failed else "completed")


def _counts(name: str, record: Record) -> TokenCounts | None:
    if name == "claude_code.api_request":
        return _claude_code(record)
    if name == "gemini_cli.api_response":
        return _gemini(record)
    completed = record.attributes.get("event.kind") == "response.completed"
    if name == "codex.sse_event" and completed and "input_token_count" in record.attributes:
        return _codex(record)
    return None


def _claude_code(record: Record) -> TokenCounts:
    """Anthropic counts cached tokens beside the input."""
    return input_apart(
        TokenCounts(
            input=_count(record, "input_tokens"),
            cache_read=_count(record, "cache_read_tokens"),
            cache_write=_count(record, "cache_creation_tokens"),
            output=_count(record, "output_tokens"),
        )
    )


def _codex(record: Record) -> TokenCounts:
    """OpenAI counts cached and reasoning tokens inside; `tool_token_count` is the total."""
    return TokenCounts(
        input=_count(record, "input_token_count"),
        cache_read=_count(record, "cached_token_count"),
        output=_count(record, "output_token_count"),
        reasoning=_count(record, "reasoning_token_count"),
    )


def _gemini(record: Record) -> TokenCounts:
    """Gemini counts thoughts beside the output, and tool-use prompts beside the prompt."""
    thoughts = _count(record, "thoughts_token_count")
    counts = TokenCounts(
        input=_count(record, "input_token_count") + _count(record, "tool_token_count"),
        cache_read=_count(record, "cached_content_token_count"),
        output=_count(record, "output_token_count"),
        reasoning=thoughts,
    )
    total = _count(record, "total_token_count")
    if total:
        return included(counts, total)
    return counts._replace(output=counts.output + thoughts)


def _count(record: Record, name: str) -> int:
    return count(record.attributes.get(name), f"/attributes/{name}")


def _event(record: Record, agent: Agent, counts: TokenCounts, outcome: Outcome) -> UsageEvent:
    attributes = record.attributes
    found = labels(attributes, record.resource)
    model = text(attributes.get("model"), "/attributes/model")
    speed = attributes.get("service_tier") or attributes.get("speed")
    return UsageEvent(
        source=agent.source,
        occurred_at=instant_of_nanoseconds(record.time_unix_nano, "/timeUnixNano"),
        provider_name=agent.provider_name,
        request_model=model,
        outcome=outcome,
        input_tokens=counts.input,
        cache_read_input_tokens=counts.cache_read,
        cache_write_input_tokens=counts.cache_write,
        output_tokens=counts.output,
        reasoning_output_tokens=counts.reasoning,
        service_tier=service_tier(speed),
        event_id=_event_id(record, counts, found.get("session", "")),
        authorization_id=found.get("authorization_id", ""),
        story_key=found.get("story_key", ""),
        branch=found.get("branch", ""),
        key_alias=found.get("key_alias", ""),
        team=found.get("team", ""),
        feature=found.get("feature", ""),
        user=pseudonym(found.get("user", "") or label(attributes.get("user.account_id"))),
        session=found.get("session", ""),
        environment=found.get("environment", ""),
        workload_class=found.get("workload_class", ""),
        source_cost_usd=cost_usd(attributes.get("cost_usd")),
    )


def _event_id(record: Record, counts: TokenCounts, session: str) -> str:
    """Name the call by the provider's request id, else by session, time and size.

    An exporter which sends a batch again sends the same times, so the id stays the same.
    """
    request = identifier(record.attributes.get("request_id"), "/attributes/request_id")
    if request:
        return request
    sequence = label(record.attributes.get("event.sequence"))
    prompt = label(record.attributes.get("prompt_id"))
    parts = (session, prompt, sequence, record.time_unix_nano, counts.input, counts.output)
    return "/".join(str(part) for part in parts)[:256]

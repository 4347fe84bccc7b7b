"""The fields which are read of a LiteLLM `StandardLoggingPayload`; prompts and answers are not.

Shape as of LiteLLM 1.106 (`litellm/types/utils.py`). Everything that is not named here is skipped
while decoding and never becomes a Python object. What callers may fill as they like stays raw,
so that only short values are ever turned into objects. Decoded JSON holds no cycles, so the garbage
collector need not look at these objects.
"""

from __future__ import annotations

from typing import Any

import msgspec

Count = int | float | None
NULL = msgspec.Raw(b"null")
MAX_SMALL = 16 * 1024


def small(raw: msgspec.Raw) -> Any:
    """Return what the caller sent as Python objects; None when it is absent, too long or broken."""
    if raw is NULL or memoryview(raw).nbytes > MAX_SMALL:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


class PromptDetails(msgspec.Struct, gc=False):
    """Classes of input tokens."""

    cached_tokens: Count = None
    cache_creation_tokens: Count = None
    cache_creation_token_details: dict[str, Any] | None = None


class CompletionDetails(msgspec.Struct, gc=False):
    """Classes of output tokens."""

    reasoning_tokens: Count = None


class Usage(msgspec.Struct, gc=False):
    """The usage as LiteLLM normalises it: `prompt_tokens` includes every cached class."""

    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None
    cache_read_input_tokens: Count = None
    cache_creation_input_tokens: Count = None


class RequesterMetadata(msgspec.Struct, gc=False):
    """What the caller put into `metadata` of the request body."""

    tags: msgspec.Raw = NULL
    jira_issue: msgspec.Raw = NULL
    story_key: msgspec.Raw = NULL
    branch: msgspec.Raw = NULL
    team: msgspec.Raw = NULL
    feature: msgspec.Raw = NULL
    environment: msgspec.Raw = NULL
    session_id: msgspec.Raw = NULL
    prompt_version: msgspec.Raw = NULL
    workload_class: msgspec.Raw = NULL
    authorization_id: msgspec.Raw = NULL


class Metadata(msgspec.Struct, gc=False):
    """Whose key it was, and the labels the caller sent along."""

    user_api_key_hash: str | None = None
    user_api_key_alias: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_team_alias: str | None = None
    user_api_key_user_id: str | None = None
    user_api_key_end_user_id: str | None = None
    team_alias: str | None = None
    spend_logs_metadata: msgspec.Raw = NULL
    requester_metadata: RequesterMetadata | None = None
    requester_custom_headers: msgspec.Raw = NULL
    user_api_key_auth_metadata: msgspec.Raw = NULL
    usage_object: Usage | None = None


class StatusFields(msgspec.Struct, gc=False):
    """How far the call came."""

    guardrail_status: str | None = None


class ErrorInformation(msgspec.Struct, gc=False):
    """Who refused the call; its message may quote the prompt and is not read."""

    error_class: str | None = None
    error_code: str | None = None
    llm_provider: str | None = None
    error_budget_entity_type: str | None = None


class CostBreakdown(msgspec.Struct, gc=False):
    """Only the tier; the amounts in it overlap."""

    service_tier: str | None = None


class ResponseHead(msgspec.Struct, gc=False):
    """The head of the provider's answer, without its choices."""

    model: str | None = None
    service_tier: str | None = None


class Record(msgspec.Struct, gc=False):
    """One call as `generic_api` and custom callbacks report it."""

    id: str
    status: str
    litellm_call_id: str | None = None
    trace_id: str | None = None
    session_id: str | None = None
    call_type: str | None = None
    cache_hit: bool | None = None
    custom_llm_provider: str | None = None
    startTime: float | str | None = None  # noqa: N815  # LiteLLM's own name.
    endTime: float | str | None = None  # noqa: N815  # Likewise.
    model: str | None = None
    model_group: str | None = None
    metadata: Metadata | None = None
    response_cost: float | None = None
    cost_breakdown: CostBreakdown | None = None
    prompt_tokens: Count = None
    completion_tokens: Count = None
    request_tags: msgspec.Raw = NULL
    end_user: str | None = None
    response: msgspec.Raw = NULL
    status_fields: StatusFields | None = None
    error_information: ErrorInformation | None = None

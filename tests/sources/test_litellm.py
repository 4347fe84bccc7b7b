"""LiteLLM records: cached tokens, cache hits, refusals, and where the story may stand."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from integration.metering.identity import identities
from integration.sources import litellm
from tests.sources.small_payloads import LITELLM

if TYPE_CHECKING:
    from integration.metering.usage import UsageEvent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def event_of(**changes: Any) -> UsageEvent:
    batch = litellm.read(json.dumps([copy.deepcopy(LITELLM) | changes]).encode(), now=NOW)
    assert batch.rejected == []
    return batch.events[0][1]


def with_metadata(**changes: Any) -> dict[str, Any]:
    return {**LITELLM["metadata"], **changes}


def test_cached_tokens_are_inside_the_input_and_one_hour_writes_inside_the_writes() -> None:
    event = event_of()
    assert (event.input_tokens, event.cache_read_input_tokens) == (1200, 700)
    assert (event.cache_write_input_tokens, event.cache_write_1h_input_tokens) == (100, 40)
    assert (event.output_tokens, event.reasoning_output_tokens) == (340, 200)


def test_the_model_behind_the_alias_is_priced_with_its_date() -> None:
    event = event_of()
    assert event.request_model == "claude-sonnet-4-5"
    assert event.response_model == "claude-sonnet-4-5-20250929"
    alias = event_of(response={"model": "sonnet"})
    assert (alias.response_model, alias.model) == ("", "claude-sonnet-4-5")
    longer = event_of(response={"model": "claude-sonnet-4-5-team"})
    assert (longer.response_model, longer.model) == ("", "claude-sonnet-4-5")


def test_key_team_feature_and_branch_are_taken_along() -> None:
    event = event_of()
    assert (event.key_alias, event.team, event.feature) == ("ci", "core", "search")
    assert (event.branch, event.tags, event.story_key) == (
        "feat/PROJ-1", ("jira:PROJ-1",), "PROJ-1",
    )  # fmt: skip


def test_a_cache_hit_names_the_call_it_saved_and_is_not_that_call() -> None:
    hit = event_of(
        id="chatcmpl-1_cache_hit1795311343.59", cache_hit=True, response_cost=0.0,
        litellm_call_id="call-2",
    )  # fmt: skip
    assert (hit.outcome, hit.response_id, hit.call_id) == ("cache_hit", "chatcmpl-1", "call-2")
    assert not set(identities(hit)) & set(identities(event_of()))


@pytest.mark.parametrize(("changes", "outcome"), [
    ({"status_fields": {"guardrail_status": "guardrail_intervened"}}, "blocked"),
    ({"error_information": {"error_class": "HTTPException", "error_code": "429"}}, "blocked"),
    ({"error_information": {"error_class": "BudgetExceededError"}}, "blocked"),
    ({"error_information": {"error_budget_entity_type": "team"}}, "blocked"),
    ({"error_information": {"error_class": "RateLimitError", "llm_provider": "openai"}}, "failed"),
    ({"error_information": {"error_class": "Timeout"}}, "failed"),
    ({"error_information": None}, "failed"),
])  # fmt: skip
def test_who_refused_a_call_decides_between_blocked_and_failed(
    changes: dict[str, Any], outcome: str
) -> None:
    assert event_of(status="failure", **changes).outcome == outcome


@pytest.mark.parametrize("metadata", [
    {"spend_logs_metadata": {"jira_issue": "PROJ-5"}},
    {"requester_custom_headers": {"x-jira-issue": "PROJ-5"}, "spend_logs_metadata": None},
    {"user_api_key_auth_metadata": {"jira.issue": "PROJ-5"}},
    {"requester_metadata": {"jira_issue": "PROJ-5"}},
    {"requester_custom_headers": {"x-litellm-tags": "jira:PROJ-5,sprint:42"}},
])  # fmt: skip
def test_the_story_is_found_wherever_litellm_lets_it_ride(metadata: dict[str, Any]) -> None:
    bare = {"spend_logs_metadata": None, "requester_metadata": None}
    event = event_of(request_tags=[], metadata=with_metadata(**{**bare, **metadata}))
    assert event.story_key == "PROJ-5"


def test_a_tag_of_the_call_goes_before_what_its_key_says() -> None:
    """As the plug-in asks for it, so that a call counts where it was held."""
    metadata = with_metadata(
        spend_logs_metadata=None, requester_metadata=None,
        user_api_key_auth_metadata={"jira.issue": "PROJ-5", "feature": "search"},
    )  # fmt: skip
    event = event_of(request_tags=["jira:PROJ-7"], metadata=metadata)
    assert (event.story_key, event.feature) == ("PROJ-7", "search")


def test_one_record_and_records_on_lines_are_read() -> None:
    one = json.dumps(LITELLM).encode()
    assert len(litellm.read(one, now=NOW).events) == 1
    assert len(litellm.read(one + b"\n" + one + b"\n", now=NOW).events) == 2


def test_a_bad_record_is_rejected_alone_with_its_field() -> None:
    bad = LITELLM | {"prompt_tokens": "many"}
    batch = litellm.read(json.dumps([LITELLM, bad, {}]).encode(), now=NOW)
    assert [index for index, _ in batch.events] == [0]
    assert [item.message.partition(":")[0] for item in batch.rejected] == ["/1/prompt_tokens", "/2"]


def test_redacted_answers_and_answers_without_content_are_read() -> None:
    assert event_of(response="redacted-by-litellm").input_tokens == 1200
    assert event_of(response=[1, 2]).input_tokens == 1200


def test_a_call_without_a_time_is_rejected() -> None:
    body = json.dumps([LITELLM | {"startTime": None, "endTime": None}]).encode()
    assert [item.code for item in litellm.read(body, now=NOW).rejected] == ["bad_time"]

"""The names under which senders carry a story, a team, a feature: one list for every source.

A story may stand in a span attribute (`jira.issue`), a resource attribute, baggage, a metadata
field, a header (`x-jira-issue`) or a tag (`jira:PROJ-9`). Spelling with `.`, `-` or `_` is one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from integration.metering.usage import MAX_TAGS
from integration.sources.values import label

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NAMES: dict[str, tuple[str, ...]] = {
    "story_key": (
        "storymeter_story_key", "storymeter_story", "jira_issue", "jira_issue_key", "jira_story",
        "jira_key", "jira", "story_key", "story", "issue_key",
    ),
    "branch": (
        "vcs_ref_head_name", "vcs_repository_ref_name", "git_branch", "git_ref", "branch",
        "branch_name",
    ),
    "team": ("team", "team_name", "team_alias", "team_id"),
    "feature": ("feature", "feature_name", "storymeter_feature"),
    "user": ("user_id", "enduser_id", "end_user", "user_account_uuid", "user_hash", "llm_user"),
    "session": (
        "session_id", "gen_ai_conversation_id", "conversation_id", "session", "langfuse_session_id",
    ),
    "environment": (
        "deployment_environment_name", "deployment_environment", "environment", "env",
    ),
    "prompt_version": (
        "prompt_version", "gen_ai_prompt_version", "llm_prompt_template_version",
    ),
    "workload_class": ("workload_class", "storymeter_workload_class"),
    "authorization_id": ("storymeter_authorization_id", "authorization_id"),
    "key_alias": ("key_alias", "storymeter_key_alias"),
}  # fmt: skip
_FIELDS = {
    name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names)
}
_IN_TAGS = frozenset({"story_key", "branch", "team", "feature", "environment", "workload_class"})
_PREFIXES = ("traceloop_association_properties_", "baggage_", "langfuse_trace_metadata_", "x_")
_JUNK = "User-Agent:"  # LiteLLM appends the client's user agent to the tags of every call.


@lru_cache(maxsize=4096)
def field_of(name: str) -> tuple[str, int] | None:
    """Say which field of a UsageEvent a name stands for, and its rank among the field's names."""
    plain = name.lower().replace(".", "_").replace("-", "_")
    for prefix in _PREFIXES:
        plain = plain.removeprefix(prefix)
    return _FIELDS.get(plain)


def labels(*mappings: Mapping[str, object], tags: Iterable[str] = ()) -> dict[str, str]:
    """Pick the fields which describe a call; earlier mappings win, tags come last."""
    found: dict[str, str] = {}
    for mapping in filter(None, mappings):
        for field, value in _of_mapping(mapping).items():
            found.setdefault(field, value)
    for tag in tags:
        name, colon, rest = tag.partition(":")
        known = field_of(name.strip()) if colon else None
        if known and known[0] in _IN_TAGS and rest.strip():
            found.setdefault(known[0], rest.strip())
    return found


def _of_mapping(mapping: Mapping[str, object]) -> dict[str, str]:
    best: dict[str, tuple[int, str]] = {}
    for name, value in mapping.items():
        known = None if value is None else field_of(name)
        if known is None:
            continue
        field, rank = known
        written = label(value)
        if written and (field not in best or rank < best[field][0]):
            best[field] = (rank, written)
    return {field: written for field, (_, written) in best.items()}


def clean_tags(values: object) -> tuple[str, ...]:
    """Keep the sender's own tags: short texts, without what gateways add."""
    if isinstance(values, str):
        values = values.split(",")
    if not isinstance(values, list | tuple):
        return ()
    kept = (label(value) for value in values[: 4 * MAX_TAGS])
    return tuple(tag for tag in kept if tag and not tag.startswith(_JUNK))[:MAX_TAGS]

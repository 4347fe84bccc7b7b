"""What a LiteLLM span carries as Python literals: labels, tokens, the model behind an alias."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integration.sources.json_bodies import as_mapping
from integration.sources.labels import clean_tags, labels
from integration.sources.otlp_attributes import first_text
from integration.sources.provider_usage import counts_of, python_literal
from integration.sources.values import label

if TYPE_CHECKING:
    from integration.sources.otlp_attributes import Attributes
    from integration.sources.token_counts import TokenCounts

_TEAM = ("metadata.user_api_key_team_alias", "metadata.user_api_key_team_id")
_KEY = ("metadata.user_api_key_alias", "metadata.user_api_key_hash")


def litellm_counts(attributes: Attributes) -> TokenCounts | None:
    """Read cached and reasoning tokens, which have no attributes of their own in these spans."""
    written = attributes.get("metadata.usage_object")
    return counts_of(python_literal(written)) if written else None


def litellm_fields(attributes: Attributes) -> dict[str, str]:
    """Return fields of a UsageEvent, with `model_group`, and `tags` one per line."""
    sent = python_literal(attributes.get("metadata.requester_metadata"))
    spent = python_literal(attributes.get("metadata.spend_logs_metadata"))
    custom = python_literal(attributes.get("metadata.requester_custom_headers"))
    headers = as_mapping(sent.get("headers"))
    tags = clean_tags(sent.get("tags") or headers.get("x-litellm-tags"))
    found = labels(spent, sent, custom, headers, tags=tags)
    found["tags"] = "\n".join(tags)
    found["model_group"] = label(attributes.get("litellm.model_group"))
    model = label(attributes.get("litellm.provider.model"))
    provider = label(attributes.get("gen_ai.system"))
    found["request_model"] = model.removeprefix(f"{provider}/") if provider else model
    found["team"] = label(first_text(attributes, _TEAM)) or found.get("team", "")
    found["key_alias"] = label(first_text(attributes, _KEY))
    return found

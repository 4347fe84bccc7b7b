"""Which model really ran, from what resellers and gateways call it.

Energy depends on the model, not on who sells it, so the reseller's wrapping is taken off entirely:
a Claude call on Bedrock is looked up as Anthropic's model.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from integration.carbon.open_models import OPEN_WEIGHTS
from integration.carbon.open_names import bits_in_name
from integration.metering.vendors import VENDORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from integration.carbon.open_models import OpenModels
    from integration.carbon.tables import ModelEnergy

# Vendors whose models have rows under a maker's name; others sell what any of them made.
MAKERS = {
    "anthropic": "anthropic", "azure": "openai", "cohere": "cohere", "google": "google_genai",
    "huggingface": "huggingface_hub", "mistral": "mistralai", "openai": "openai",
}  # fmt: skip
BEDROCK_NAMES = {
    "meta.llama3-1-8b-instruct": "meta-llama/meta-llama-3.1-8b-instruct",
    "meta.llama3-1-70b-instruct": "meta-llama/meta-llama-3.1-70b-instruct",
    "meta.llama3-1-405b-instruct": "meta-llama/meta-llama-3.1-405b-instruct",
}
_BEDROCK_REGION = re.compile(r"^(?:us-gov|us|eu|apac|au|jp|in|global)\.")
_BEDROCK_VERSION = re.compile(r"-v?\d+:\d+$")
_DATE_AT_END = re.compile(r"[-@](?:20\d{6}|20\d\d-\d\d-\d\d|latest)$")
_COMPACT_DATE = re.compile(r"-(20\d\d)(\d\d)(\d\d)$")


class ModelIndex:
    """Finds the coefficients of a model under any of its names."""

    def __init__(self, models: Sequence[ModelEnergy], open_models: OpenModels) -> None:
        self._open_models = open_models
        self._by_name: dict[str, dict[str, ModelEnergy]] = {}
        # EcoLogits lists some quantised repositories at 16 bits; the open models know better.
        models = [model for model in models if not _is_listed_at_other_bits(model)]
        for model in models:
            self._by_name.setdefault(model.model.lower(), {})[model.provider] = model
        for model in models:
            if model.provider == OPEN_WEIGHTS:
                # Hosts often leave out the organisation before an open-weight model's name.
                short = model.model.lower().rpartition("/")[2]
                self._by_name.setdefault(short, {model.provider: model})

    def find(self, provider_name: str | None, model: str) -> ModelEnergy | None:
        """Return the row of the maker named, else of whoever makes a model of that name."""
        given = (provider_name or "").strip().lower()
        maker = MAKERS.get(VENDORS.get(given, given))
        for name in _plain_names(model.strip().lower()):
            makers = self._by_name.get(name)
            if makers:
                return makers.get(maker or "") or next(iter(makers.values()))
        return self._open_models.find(model)


def _is_listed_at_other_bits(model: ModelEnergy) -> bool:
    """Whether a row of EcoLogits' list takes other bits per weight than its name states."""
    if model.provider != OPEN_WEIGHTS or model.stated_by or model.method:
        return False
    return (bits_in_name(model.model) or model.weight_bits) != model.weight_bits


def _plain_names(model: str) -> Iterator[str]:
    """Yield the name as given, then without its wrapping, then without its date."""
    unwrapped = list(_without_wrapping(model))
    yield from unwrapped
    for name in unwrapped:
        yield _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        yield name.replace("@", "-")
        if name.startswith("claude"):
            yield name.replace(".", "-")
    for name in unwrapped:
        undated = _DATE_AT_END.sub("", name)
        yield undated
        yield undated.replace(".", "-") if undated.startswith("claude") else undated


def _without_wrapping(model: str) -> Iterator[str]:
    name = model
    yield name
    while "/" in name:
        name = name.partition("/")[2]
        yield name
    name = _BEDROCK_VERSION.sub("", _BEDROCK_REGION.sub("", name))
    yield BEDROCK_NAMES.get(name, name)
    for maker in ("anthropic.", "mistral.", "cohere.", "openai."):
        if name.startswith(maker):
            yield name.removeprefix(maker)

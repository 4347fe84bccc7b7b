"""Which input a column or row heading of the "AI Cost & Carbon" table means."""

from __future__ import annotations

import re

SYNONYMS = {
    "name": ("workload", "name", "use", "use case", "what", "feature", "task", "step"),
    "kind": ("kind", "type", "workload kind", "workload type", "class", "workload class"),
    "provider_name": ("provider", "provider name", "vendor", "gateway"),
    "model": ("model", "llm", "model name", "model id", "ai model"),
    "calls": (
        "calls per sprint", "calls", "requests", "requests per sprint", "call count",
        "number of calls", "no of calls", "of calls", "runs", "runs per sprint", "volume",
        "invocations",
    ),
    "calls_per_day": (
        "calls per day", "requests per day", "runs per day", "daily calls", "daily requests",
        "calls a day",
    ),
    "input_tokens": (
        "input tokens", "tokens in", "prompt tokens", "input", "in tokens", "input length",
        "prompt length", "context tokens", "context length", "tokens input", "token input",
    ),
    "output_tokens": (
        "output tokens", "tokens out", "completion tokens", "output", "out tokens",
        "output length", "generated tokens", "response tokens", "tokens output", "token output",
    ),
    "cached_share": (
        "cached share", "cache hit", "cached", "cache share", "cache hit rate", "cache rate",
        "cached input", "cached input share", "cache hits", "cache",
    ),
    "region": ("region", "cloud region", "location", "zone", "where"),
    "service_tier": ("service tier", "tier", "price tier", "mode"),
    "accelerator": (
        "accelerator", "gpu type", "gpu", "gpu model", "hardware", "accelerator type", "tpu",
    ),
    "gpu_count": ("gpus", "gpu count", "number of gpus", "accelerators", "accelerator count"),
    "gpu_hours": (
        "gpu hours", "hours per gpu", "hours each", "accelerator hours", "hours", "gpu time",
        "run time", "runtime",
    ),
    "total_gpu_hours": ("total gpu hours", "gpu hours total", "total accelerator hours"),
}  # fmt: skip
FIELD_OF = {heading: field for field, headings in SYNONYMS.items() for heading in headings}

SHOWN_AS = {
    "name": "Workload", "kind": "Kind", "provider_name": "Provider", "model": "Model",
    "calls": "Calls per Sprint", "calls_per_day": "Calls per day", "input_tokens": "Input tokens",
    "output_tokens": "Output tokens", "cached_share": "Cached share", "region": "Region",
    "service_tier": "Service tier", "accelerator": "GPU type", "gpu_count": "GPU count",
    "gpu_hours": "GPU hours", "total_gpu_hours": "Total GPU hours",
}  # fmt: skip

PER_CALL = re.compile(r"\s*(?:per|a|each)\s+(?:call|request|gpu call)$")
MARKUP = re.compile(r"[*`|:#?✱]|(?<!\w)_|_(?!\w)")


def field_of(heading: str) -> str | None:
    """Return the input that a heading names, or None; case, marks and `per call` do not count.

    >>> field_of("Input tokens (per call)"), field_of("Calls / Sprint"), field_of("Notes")
    ('input_tokens', 'calls', None)
    """
    without_unit = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", heading)
    bracketed = " ".join(re.findall(r"\(([^)]*)\)", heading))
    for written in (f"{without_unit} {bracketed}", without_unit):
        plain = _plain(written)
        if found := FIELD_OF.get(plain) or FIELD_OF.get(PER_CALL.sub("", plain)):
            return found
    return None


def _plain(heading: str) -> str:
    words = MARKUP.sub(" ", heading.casefold()).replace("/", " per ").replace("-", " ")
    return " ".join(words.replace("_", " ").replace(".", " ").split())

"""What kind of AI use a workload is, from its own words: it decides which prior spread applies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from integration.estimation.workload import Kind

# The first kind whose word starts a word of the text wins, so the narrower ones come first.
WORDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("training", ("train", "fine tun", "finetun", "lora", "distil", "pretrain", "retrain")),
    ("embedding", ("embed", "vector", "index")),
    ("agent", ("agent", "coding", "copilot", "autonomous", "tool use")),
    ("batch", ("batch", "bulk", "backfill", "nightly", "offline", "classif", "evaluation")),
    ("summary", ("summar", "digest", "report", "extract", "translat")),
    ("chat", ("chat", "assistant", "answer", "question", "support", "conversation", "q&a")),
)


def kind_of(
    written: str, *, name: str = "", model: str = "", on_accelerators: bool = False
) -> Kind:
    """Return the kind that the Kind column says, else the one its name or model suggests."""
    for text in (written, name, model):
        if found := _named_in(text):
            return found
    return "training" if on_accelerators else "other"


def _named_in(text: str) -> Kind | None:
    plain = f" {re.sub(r'[-_/]+', ' ', text.casefold())}"
    for kind, words in WORDS:
        if any(f" {word}" in plain for word in words):
            return kind
    return None

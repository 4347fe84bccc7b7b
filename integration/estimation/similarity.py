"""How alike two stories are: shared words weighted by their rarity, labels, components and epic."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

WORD = re.compile(r"[^\W_]{3,}")
TEXT_WEIGHT, LABELS_WEIGHT, COMPONENTS_WEIGHT, EPIC_WEIGHT = 0.5, 0.2, 0.15, 0.15
TOO_COMMON = frozenset({"the", "and", "for", "with", "from", "that", "this", "into", "use"})


@dataclass(frozen=True, slots=True)
class StoryTraits:
    """What is compared of a story."""

    story_key: str
    summary: str
    labels: frozenset[str] = frozenset()
    components: frozenset[str] = frozenset()
    epic: str = ""


class Similarity:
    """Compares stories; words that many of the known stories share weigh less (TF-IDF)."""

    def __init__(self, known: Iterable[StoryTraits]) -> None:
        texts = [set(words_of(story.summary)) for story in known]
        self._stories = len(texts)
        self._having = Counter(word for words in texts for word in words)

    def between(self, one: StoryTraits, other: StoryTraits) -> float:
        """Return 0 (nothing in common) to 1."""
        same_epic = float(bool(one.epic) and one.epic == other.epic)
        return (
            TEXT_WEIGHT * self._text(one.summary, other.summary)
            + LABELS_WEIGHT * overlap(one.labels, other.labels)
            + COMPONENTS_WEIGHT * overlap(one.components, other.components)
            + EPIC_WEIGHT * same_epic
        )

    def _text(self, one: str, other: str) -> float:
        """Cosine of the two texts' TF-IDF vectors."""
        first, second = self._vector(one), self._vector(other)
        length = math.hypot(*first.values()) * math.hypot(*second.values())
        if not length:
            return 0.0
        return min(1.0, sum(first[w] * second[w] for w in first.keys() & second) / length)

    def _vector(self, text: str) -> dict[str, float]:
        return {
            word: count * (1 + math.log((1 + self._stories) / (1 + self._having[word])))
            for word, count in Counter(words_of(text)).items()
        }


def overlap(one: Collection[str], other: Collection[str]) -> float:
    """Jaccard: the shared share of all; 0 when either has none. Case does not count."""
    first, second = {name.casefold() for name in one}, {name.casefold() for name in other}
    return len(first & second) / len(first | second) if first and second else 0.0


def words_of(text: str) -> list[str]:
    """Words of three letters or more, with a plural's s taken off."""
    found = WORD.findall(text.casefold())
    return [word.removesuffix("s") for word in found if word not in TOO_COMMON]

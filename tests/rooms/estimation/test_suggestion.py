"""Missing inputs from finished stories that are alike."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from integration.estimation.similarity import Similarity, StoryTraits, overlap
from integration.estimation.suggestion import FinishedStory, accepted, suggest
from integration.estimation.workload import Missing, Workload

NEW = StoryTraits(
    "ACME-9", "Answer customer questions about invoices", frozenset({"ai", "support"}),
    frozenset({"billing"}), "ACME-1",
)  # fmt: skip
ALIKE = StoryTraits(
    "ACME-3", "Answer customer questions about refunds", frozenset({"ai", "support"}),
    frozenset({"billing"}), "ACME-1",
)  # fmt: skip
ALIKE_TOO = StoryTraits("ACME-4", "Answer questions about orders", frozenset({"ai", "support"}))
UNLIKE = StoryTraits("ACME-5", "Train the demand model", frozenset({"gpu"}))
CHAT = Workload(name="Chat", kind="chat")


def finished(traits: StoryTraits, **inputs: object) -> FinishedStory:
    workload = Workload(name="w", kind="chat", **inputs)  # type: ignore[arg-type]  # By name.
    return FinishedStory(traits, (workload,))


def test_a_number_comes_from_the_stories_most_alike() -> None:
    history = [
        finished(ALIKE, calls=Decimal(1000)),
        finished(ALIKE_TOO, calls=Decimal(3000)),
        finished(UNLIKE, calls=Decimal(7)),
    ]
    (found,) = suggest(NEW, [CHAT], [Missing("Chat", "calls", "?")], history)
    assert (found.workload, found.field, found.value) == ("Chat", "calls", Decimal(1000))
    assert found.story_keys == ("ACME-3", "ACME-4")
    assert found.similarity > 0.5


def test_a_word_is_the_one_that_the_alike_use_most() -> None:
    history = [finished(ALIKE, model="gpt-4o"), finished(ALIKE_TOO, model="gpt-4.1")]
    (found,) = suggest(NEW, [CHAT], [Missing("Chat", "model", "?")], history)
    assert found.value == "gpt-4o"


def test_nothing_alike_suggests_nothing() -> None:
    gap = Missing("Chat", "calls", "?")
    assert suggest(NEW, [CHAT], [gap], [finished(UNLIKE, calls=Decimal(7))]) == ()
    assert suggest(NEW, [CHAT], [gap], []) == ()


def test_a_story_does_not_suggest_itself() -> None:
    gap = Missing("Chat", "calls", "?")
    assert suggest(NEW, [CHAT], [gap], [finished(NEW, calls=Decimal(7))]) == ()


def test_a_price_is_never_suggested() -> None:
    gap = Missing("Chat", "price", "no price")
    assert suggest(NEW, [CHAT], [gap], [finished(ALIKE, calls=Decimal(7))]) == ()


def test_an_accepted_suggestion_fills_its_workload_only() -> None:
    history = [finished(ALIKE, calls=Decimal(1000))]
    found = suggest(NEW, [CHAT], [Missing("Chat", "calls", "?")], history)
    assert accepted(CHAT, found).calls == 1000
    assert accepted(Workload(name="Other"), found).calls is None


def test_rare_words_weigh_more_than_common_ones() -> None:
    known = [StoryTraits(f"ACME-{n}", f"Build thing {n}") for n in range(9)]
    one = StoryTraits("ACME-20", "Build invoices")
    similarity = Similarity([*known, StoryTraits("ACME-21", "Pay invoices")])
    by_rare = similarity.between(one, StoryTraits("ACME-21", "Pay invoices"))
    by_common = similarity.between(one, StoryTraits("ACME-22", "Build roads"))
    assert by_rare > by_common


def test_overlap_is_shared_over_all() -> None:
    assert overlap({"AI", "gpu"}, {"ai", "llm"}) == 1 / 3
    assert overlap(set(), {"ai"}) == 0


traits = st.builds(
    StoryTraits,
    st.just("ACME-1"),
    st.text(max_size=40),
    st.frozensets(st.text(max_size=5), max_size=3),
    st.frozensets(st.text(max_size=5), max_size=3),
    st.text(max_size=5),
)


@given(traits, traits)
def test_likeness_lies_between_nothing_and_all_and_is_mutual(
    one: StoryTraits, other: StoryTraits
) -> None:
    similarity = Similarity([one, other])
    likeness = similarity.between(one, other)
    assert 0 <= likeness <= 1 + 1e-9
    assert abs(likeness - similarity.between(other, one)) < 1e-9

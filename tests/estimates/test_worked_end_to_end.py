"""One case each, worked by hand, from a metered event or a story's table to the saved figure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import pytest

from integration.backlog.story import Membership, Story
from integration.estimation import store as estimates
from integration.journeys.keep_backlog import take_in_story
from integration.journeys.record_usage import record_usage
from integration.ledger import queries as ledger
from integration.metering.usage import UsageEvent
from tests.doors.worlds import STARTS_AT, at

if TYPE_CHECKING:
    from integration.estimation.workload import Estimate
    from tests.doors.worlds import World

COLUMNS = (
    "Workload", "Model", "Calls per Sprint", "Input tokens", "Output tokens", "Cached share",
    "Region", "Service tier",
)  # fmt: skip


class Case(NamedTuple):
    provider: str
    model: str
    tokens: dict[str, int]
    cost_nanousd: int | None
    tier: str = "standard"
    when: datetime = at(10, 10)


CASES = {
    # Half of gpt-4o-mini's price: 1,000 · 0.075 + 200 · 0.30 = 135 millionths.
    "batch": Case(
        "openai", "gpt-4o-mini", {"input_tokens": 1000, "output_tokens": 200}, 135_000, "batch"
    ),
    # 400 · 0.15 + 600 · 0.075 + 200 · 0.60 = 60 + 45 + 120 = 225 millionths.
    "cached": Case(
        "openai", "gpt-4o-mini",
        {"input_tokens": 1000, "cache_read_input_tokens": 600, "output_tokens": 200}, 225_000,
    ),
    # Above 200,000 every token moves up: 250,000 · 2.50 + 1,000 · 15 = 640,000 millionths.
    "tiered": Case(
        "google", "gemini-2.5-pro", {"input_tokens": 250_000, "output_tokens": 1000}, 640_000_000
    ),
    # Retired, still priced at its own time: 1,000 · 8 + 200 · 24 = 12,800 millionths.
    "retired": Case(
        "anthropic", "claude-2.1", {"input_tokens": 1000, "output_tokens": 200}, 12_800_000
    ),
    "unknown": Case("openai", "acme-llm-9", {"input_tokens": 1000, "output_tokens": 200}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_metered_call_costs_what_the_sum_by_hand_says(world: World, name: str) -> None:
    case = CASES[name]
    world.sprint()
    key = world.story(1, "A feature", ai=True)

    meter(world, key, case)

    with world.service.transactions.begin() as session:
        spend = ledger.spend_of_stories(session, "acme", [key])[key]
    assert spend.list_cost_nanousd == (case.cost_nanousd or 0)
    assert spend.unpriced_calls == (1 if case.cost_nanousd is None else 0)
    assert spend.calls == 1


def test_an_unknown_model_lowers_coverage_and_never_costs_or_emits_zero(world: World) -> None:
    world.sprint()
    key = world.story(1, "A feature", ("Chat", "acme-llm-9", "1000", "1000", "200", "", "IRL"))
    known = world.story(2, "Another", ("Chat", "gpt-4o-mini", "1000", "1000", "200", "", "IRL"))
    meter(world, key, CASES["unknown"])

    found, other = estimate_of(world, key), estimate_of(world, known)

    assert found.list_cost_nanousd is None
    assert found.location_based_ugco2e is None
    assert {missing.field for missing in found.missing} == {"price", "factor"}
    assert [str(each.coverage_pct) for each in (found, other)] == ["0.0", "100.0"]
    with world.service.transactions.begin() as session:
        spend = ledger.spend_of_stories(session, "acme", [key])[key]
    assert spend.calls_without_factor == 1


def test_an_unknown_region_gives_no_emissions_and_no_world_average(world: World) -> None:
    world.sprint()
    key = world.story(1, "A feature", ("Chat", "gpt-4o", "1000", "1000", "200", "", "atlantis-1"))

    found = estimate_of(world, key)

    assert found.energy_uwh is None
    assert found.location_based_ugco2e is None
    assert [missing.field for missing in found.missing] == ["region"]
    assert "atlantis-1" in found.missing[0].reason
    # 1,000 · (1,000 · 2.50 + 200 · 10) millionths: the cost does not need a region.
    assert found.list_cost_nanousd is not None
    assert found.list_cost_nanousd.central == 4_500_000_000


def test_a_price_change_in_mid_sprint_prices_each_call_at_its_own_time(world: World) -> None:
    # o3 cost 10 and 40 dollars until 9 June 2025 and 2 and 8 from the 10th (UTC):
    # 1,000 in and 1,000 out: 50,000 millionths before, 10,000 after.
    first, last = datetime(2025, 6, 2, tzinfo=UTC), datetime(2025, 6, 16, tzinfo=UTC)
    world.sprint(starts_at=first, ends_at=last)
    key = world.story(1, "A feature", ai=True)
    tokens = {"input_tokens": 1000, "output_tokens": 1000}
    last_second = datetime(2025, 6, 9, 23, 59, 59, tzinfo=UTC)
    midnight = datetime(2025, 6, 10, tzinfo=UTC)

    for when in (last_second, midnight):
        meter(world, key, Case("openai", "o3", tokens, None, when=when))

    with world.service.transactions.begin() as session:
        spend = ledger.spend_of_stories(session, "acme", [key])[key]
        days = {row.day.day: row.spend.list_cost_nanousd for row in ledger.daily_spend(
            session, "acme", last_second.date(), midnight.date()
        )}  # fmt: skip
    assert days == {9: 50_000_000, 10: 10_000_000}
    assert spend.list_cost_nanousd == 60_000_000


@pytest.mark.parametrize(("row", "cost_nanousd"), [
    # 1,000 calls · 135 millionths.
    (("Chat", "gpt-4o-mini", "1000", "1000", "200", "", "IRL", "batch"), 135_000_000),
    # 1,000 · (400 · 0.15 + 600 · 0.075 + 200 · 0.60) millionths.
    (("Chat", "gpt-4o-mini", "1000", "1000", "200", "60%", "IRL", ""), 225_000_000),
    # 10 · 640,000 millionths.
    (("Chat", "gemini-2.5-pro", "10", "250000", "1000", "", "IRL", ""), 6_400_000_000),
    # 10 · 12,800 millionths.
    (("Chat", "claude-2.1", "10", "1000", "200", "", "IRL", ""), 128_000_000),
])  # fmt: skip
def test_a_story_is_estimated_at_the_sum_by_hand(
    world: World, row: tuple[str, ...], cost_nanousd: int
) -> None:
    world.sprint()
    story = take_in(world, row)

    found = estimate_of(world, story)

    assert found.list_cost_nanousd is not None, found.missing
    assert found.list_cost_nanousd.central == cost_nanousd
    assert found.list_cost_nanousd.low < cost_nanousd < found.list_cost_nanousd.high


def take_in(world: World, row: tuple[str, ...]) -> str:
    story = Story(
        issue_id="30001", story_key="SHOP-31", project_key="SHOP", summary="A feature",
        issue_type="Story", status="To Do", status_category="new", updated_at=STARTS_AT,
        created_at=STARTS_AT, labels=("ai",), memberships=(Membership(14, STARTS_AT),),
    )  # fmt: skip
    take_in_story(
        world.service.transactions, "acme", story, world.books,
        rows=[list(COLUMNS), list(row)], has_section=True, now=STARTS_AT,
    )  # fmt: skip
    return story.story_key


def meter(world: World, story_key: str, case: Case) -> None:
    event = UsageEvent(
        source="api", occurred_at=case.when, provider_name=case.provider,
        request_model=case.model, event_id=f"{case.model}:{case.when}", story_key=story_key,
        region="eu-west-1", service_tier=case.tier,
        **case.tokens,  # type: ignore[arg-type]  # Counts by name.
    )  # fmt: skip
    record_usage(world.service.transactions, "acme", [event], world.books, now=case.when)


def estimate_of(world: World, story_key: str) -> Estimate:
    with world.service.transactions.begin() as session:
        found = estimates.latest(session, "acme", story_key)
    assert found is not None
    return found.estimate
